import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { request } from 'undici'
import { eventually } from '../token/eventually.ts'
import { fileOf, gatewayOptions } from './gateway-file.ts'
import { startCommand, startGateway } from './running.ts'

const answering = (body: string, more: object = {}): object => gatewayOptions({ server: { port: 0 }, routes: [{ url: '/', public: true, respond: { body } }], ...more })
const textAt = async (url: string): Promise<string> => await (await request(url)).body.text()

async function portInUse (t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

test('it listens, reads the file again on SIGHUP, and ends on SIGTERM', async (t) => {
  const gateway = await startGateway(t, answering('one'))
  assert.equal(await textAt(gateway.origin), 'one')
  gateway.write(answering('two'))
  gateway.child.kill('SIGHUP')
  await gateway.line(({ msg }) => msg === 'configuration read again')
  assert.equal(await textAt(gateway.origin), 'two')
  gateway.child.kill('SIGTERM')
  assert.equal(await gateway.exited, 0)
  assert.deepEqual(gateway.stderr, [])
})

test('a file that has become wrong changes nothing, and the log says where it is', async (t) => {
  const gateway = await startGateway(t, answering('one'))
  gateway.write(answering('two', { realm: 5 }))
  gateway.child.kill('SIGHUP')
  const { level, msg } = await gateway.line(({ msg }) => msg.startsWith('the new configuration is not used'))
  assert.equal(level, 50)
  assert.match(msg, /^the new configuration is not used: gateway\.json:1:\d+: realm: found 5; allowed: printable ASCII$/)
  assert.equal(await textAt(gateway.origin), 'one')
  gateway.write(answering('three', { issuers: [{ issuer: 'https://127.0.0.1:1', audience: 'b', tls: { ca: { file: 'none.pem' } } }] }))
  gateway.child.kill('SIGHUP')
  await gateway.line(({ msg }) => msg.includes('issuers[0].tls.ca: cannot read none.pem (ENOENT)'))
  assert.equal(await textAt(gateway.origin), 'one')
})

test('of several SIGHUPs the last one wins', async (t) => {
  const gateway = await startGateway(t, answering('0'))
  for (let i = 1; i <= 10; i++) {
    gateway.write(answering(String(i)))
    gateway.child.kill('SIGHUP')
  }
  await eventually('the last one is there', async () => await textAt(gateway.origin) === '10')
})

test('where it cannot listen, it says so with exit code 1', async (t) => {
  const { exited, stderr } = startCommand(t, [fileOf(t, 'gateway.json', gatewayOptions({ server: { port: await portInUse(t) } }))])
  assert.equal(await exited, 1)
  assert.match(stderr.join('\n'), /^fastify-bound-token: could not listen: listen EADDRINUSE[^\n]*$/)
})

test('what nobody has foreseen is logged, and ends the process', async (t) => {
  for (const [fails, message] of [['Promise.reject(new Error("boom"))', 'boom'], ['throw null', 'no error, but thrown']] as const) {
    const failing = `data:text/javascript,process.on("SIGUSR2", () => { ${fails} })`
    const started = startCommand(t, [fileOf(t, 'gateway.json', answering('one'))], {}, ['--import', failing])
    await started.line(({ msg }) => msg.startsWith('listening at'))
    started.child.kill('SIGUSR2')
    const { level, err } = await started.line(({ msg }) => msg === 'died')
    assert.deepEqual([level, (err as Error).message, await started.exited], [60, message, 1])
  }
})

test('a wrong configuration is one line on stderr, and exit code 2', async (t) => {
  const { exited, stderr, stdout } = startCommand(t, [fileOf(t, 'gateway.json', gatewayOptions({ server: { prot: 1 } }))])
  assert.equal(await exited, 2)
  assert.deepEqual([stderr.length, stdout], [1, []], stderr.join('\n'))
  assert.match(stderr[0] as string, /^fastify-bound-token: gateway\.json:\d+:\d+: server\.prot: unknown option; allowed: host, port, /)
})
