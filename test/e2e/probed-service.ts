import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import boundToken from '../../lib/index.ts'
import { presets } from '../../lib/certificate/presets.ts'
import { closeRun, probe, type ProbeOptions, type Report } from '../../lib/probe/probe.ts'
import type { ClientCertificate, Pki } from '../../examples/demo/pki.ts'
import type { CertificateOptions } from '../../types/options.ts'
import { jwtIssuer } from '../doubles/jwt-issuer.ts'

export const secret = 'a-secret-of-one-probe-0123456789'

/** A service that can be probed, once. */
export async function startProbedService (t: TestContext, certificate: CertificateOptions): Promise<{ port: number, logged: string[], markers: string[] }> {
  const logged: string[] = []
  const app = Fastify({ forceCloseConnections: true, logger: { level: 'info', stream: { write: (line: string) => { logged.push(line) } } } })
  t.after(() => app.close())
  const markers: string[] = []
  app.addHook('onRequest', async ({ headers }) => {
    const [marker] = String(headers['bound-token-probe-sent'] ?? '').split(' ')
    if (marker !== undefined && marker.length > 8) markers.push(marker)
  })
  await app.register(boundToken, { certificate: { trustedProxies: ['127.0.0.1'], ...certificate }, issuers: [jwtIssuer().options()], probe: { secret } })
  app.get('/', async () => 'in')
  app.get('/public', { config: { boundToken: false } }, async () => 'public')
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: (app.server.address() as AddressInfo).port, logged, markers }
}

/** Of the whole probe, as the command does it. */
export async function probeFront (pki: Pki, port: number, preset: keyof typeof presets, who: ClientCertificate | null, path = '/'): Promise<Report> {
  const { header, format, verified } = presets[preset]
  const options: ProbeOptions = {
    front: { url: new URL(`https://localhost:${port}${path}`), connectTo: { host: '127.0.0.1', port }, servername: null, ca: pki.ca, timeout: 5000 },
    secret,
    identity: who,
    header,
    format,
    verifyHeader: verified === false ? null : verified.header,
    verifyValue: verified === false ? null : verified.value,
    presets
  }
  const report = await probe(options)
  await closeRun(options)
  return report
}

interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>
  /** By name; `FOLDER/name` in the arguments is where they are. */
  readonly files?: Readonly<Record<string, string>>
}

/** The command itself, in a process of its own. */
export async function runCommand (t: TestContext, args: readonly string[], { env = {}, files = {} }: CommandOptions = {}): Promise<{ code: number, stdout: string, stderr: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'bound-token-probe-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  // As this process reads TypeScript, so does the child.
  const loader = process.execArgv.filter((each, index, all) => each.startsWith('--import') || all[index - 1] === '--import' || each.startsWith('--disable-warning'))
  const child = spawn(process.execPath, [...loader, 'lib/cli.ts', ...args.map((each) => each.replace(/^FOLDER/, folder))], { env: { PATH: process.env['PATH'], ...env } })
  const ended = once(child, 'exit')
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code: code as number, stdout, stderr }
}
