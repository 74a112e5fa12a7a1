import { test } from 'node:test'
import { createPki } from '../../examples/demo/pki.ts'
import type { PresetName } from '../../lib/certificate/presets.ts'
import { startService } from './behind-proxy.ts'
import { forgeries, testForgeries } from './forgeries.ts'
import { createClients } from './proxy-clients.ts'
import { requires } from './requires.ts'
import { proxies } from './spoofable-configurations.ts'

// What can be seen behind the proxy is refused. What cannot is a trap, and the README warns of it: the test says that it is still one.
for (const [name, { program, write, verdict, configurations }] of Object.entries(proxies)) {
  test(`${name}, told something else than what we recommend`, requires({ [name]: program }), async (t) => {
    const pki = await createPki()
    const clients = await createClients(pki)
    const service = await startService(t, pki, { preset: name as PresetName })
    for (const [what, { verdicts, start }] of Object.entries(configurations)) {
      await t.test(what, async (t) => {
        const { port, close } = await start(pki, service.port)
        t.after(close)
        await testForgeries(t, service, port, clients, forgeries(write(clients.partner), verdict), verdicts, { isSpoofable: true })
      })
    }
  })
}
