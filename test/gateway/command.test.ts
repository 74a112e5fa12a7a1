import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createPki } from '../../examples/demo/pki.ts'
import { gatewayCommand } from '../../lib/gateway/command.ts'
import { gatewayJsonSchema } from '../../lib/gateway/json-schema.ts'
import { fileOf, folderOf, gatewayOptions } from './gateway-file.ts'
import { startCommand } from './running.ts'

interface Outcome { code: number | null, stdout: string[], stderr: string[] }

async function run (t: TestContext, args: readonly string[]): Promise<Outcome> {
  const { exited, stdout, stderr } = startCommand(t, args)
  return { code: await exited, stdout, stderr }
}

/** The same in this process, which stays where it is. */
async function here (...args: readonly string[]): Promise<Outcome> {
  const folder = process.cwd()
  const [stdout, stderr]: [string[], string[]] = [[], []]
  try {
    return { code: await gatewayCommand(args, (text) => stdout.push(text), (line) => stderr.push(line)), stdout, stderr }
  } finally {
    process.chdir(folder)
  }
}

test('--help, --version and --print-schema', async (t) => {
  const [help, version, schema] = await Promise.all([run(t, ['--help']), run(t, ['--version']), run(t, ['--print-schema'])])
  assert.match(help.stdout.join('\n'), /^usage: fastify-bound-token <file>\n[^]*--check <file>[^]*--print-schema[^]*probe <url>[^]*SIGHUP[^]*SIGTERM[^]*Exit code 0/)
  assert.deepEqual(version.stdout, [(JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version])
  assert.deepEqual(JSON.parse(schema.stdout.join('\n')), gatewayJsonSchema())
  assert.deepEqual([help.code, version.code, schema.code], [0, 0, 0])
})

test('what the command does not know', async () => {
  for (const [args, found] of [[[], 'missing file'], [['a.json', 'b.json'], 'found "b.json"'], [['--chekc', 'a.json'], 'found "--chekc"'], [['--check'], 'missing file']] as const) {
    const { code, stdout, stderr } = await here(...args)
    assert.deepEqual([code, stdout, stderr], [2, [], [`${found}; allowed: <file>, --check <file>, --print-schema, probe <url>..., --help, --version`]])
  }
})

test('--check reads secrets and certificates beside the file, needs nobody, and says that it is right', async (t) => {
  const pki = await createPki()
  const folder = folderOf(t)
  mkdirSync(join(folder, 'tls'))
  writeFileSync(join(folder, 'tls', 'server.pem'), pki.server.certificate)
  writeFileSync(join(folder, 'tls', 'key.pem'), pki.server.key)
  writeFileSync(join(folder, 'secret'), 'a secret\n')
  const clientAuth = { method: 'client_secret_basic', clientId: 'api', clientSecret: { file: 'secret' } }
  const options = gatewayOptions({
    server: { port: 1, tls: { certificate: { file: 'tls/server.pem' }, key: { file: 'tls/key.pem' } }, health: { readiness: '/ready', port: 1 }, shutdown: { delay: 300_000 } },
    issuers: [{ issuer: 'https://127.0.0.1:1', audience: 'a', introspection: { clientAuth } }],
    routes: [{ url: '/*', scopes: ['a'], upstream: { url: 'http://127.0.0.1:1' } }]
  })
  const file = join(folder, 'gateway.json')
  writeFileSync(file, JSON.stringify(options))
  assert.deepEqual(await here('--check', file), { code: 0, stdout: [`${file} is right`], stderr: [] })

  writeFileSync(file, JSON.stringify({ ...options, issuers: [{ issuer: 'https://127.0.0.1:1', audience: 'a', introspection: { clientAuth: { ...clientAuth, clientSecret: { env: 'NOT_SET' } } } }] }))
  const { code, stdout, stderr } = await here('--check', file)
  assert.deepEqual([code, stdout, stderr.length], [2, [], 1])
  assert.match(stderr[0] as string, /^gateway\.json:1:\d+: issuers\[0\]\.introspection\.clientAuth\.clientSecret: the environment variable NOT_SET is not set$/)
})

test('--check finds what only shows when policies are compiled', async (t) => {
  const upstream = { url: 'http://127.0.0.1:1' }
  for (const [changes, named] of [
    [{ server: { health: {} } }, /: server\.health: found neither liveness nor readiness/],
    [{ routes: [{ url: '/', upstream: { url: 'ftp://a' } }] }, /: routes\[0\]\.upstream\.url: /],
    [{ routes: [{ url: '/' }] }, /: routes\[0\]/],
    [{ routes: [{ url: '/a', respond: {}, upstream }] }, /routes\[0\]: found respond beside upstream/],
    [{ routes: [{ url: '/a', respond: {} }, { url: '/b', respond: {}, issuers: ['https://other.example'] }] }, /routes\[1\]\.issuers/],
    [{ routes: [{ url: '/a', respond: {}, claims: { type: 'strnig' } }] }, /routes\[0\]\.claims/],
    [{ routes: [{ url: '/a', respond: {}, certificate: { preset: 'nginx', trustedProxies: ['300.0.0.1'] } }] }, /routes\[0\]\.certificate\.trustedProxies/]
  ] as const) {
    const { code, stderr } = await here('--check', fileOf(t, 'gateway.json', gatewayOptions(changes)))
    assert.deepEqual([code, stderr.length], [2, 1])
    assert.match(stderr[0] as string, named)
    assert.match(stderr[0] as string, /^gateway\.json:\d+:\d+: /)
  }
})
