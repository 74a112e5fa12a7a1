import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createPki } from '../../examples/demo/pki.ts'
import { gatewayJsonSchema } from '../../lib/gateway/json-schema.ts'
import { fileOf, folderOf, gatewayOptions } from './gateway-file.ts'
import { startCommand } from './running.ts'

async function run (t: TestContext, args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number | null, stdout: string[], stderr: string[] }> {
  const { exited, stdout, stderr } = startCommand(t, args, env)
  return { code: await exited, stdout, stderr }
}

test('--help, --version and --print-schema', async (t) => {
  const [help, version, schema] = await Promise.all([run(t, ['--help']), run(t, ['--version']), run(t, ['--print-schema'])])
  assert.match(help.stdout.join('\n'), /^usage: fastify-bound-token <file>\n[^]*--check <file>[^]*--print-schema[^]*probe <url>[^]*SIGHUP[^]*SIGTERM[^]*Exit code 0/)
  assert.deepEqual(version.stdout, [(JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version])
  assert.deepEqual(JSON.parse(schema.stdout.join('\n')), gatewayJsonSchema())
  assert.deepEqual([help.code, version.code, schema.code], [0, 0, 0])
})

test('what the command does not know', async (t) => {
  for (const [args, found] of [[[], 'missing file'], [['a.json', 'b.json'], 'found "b.json"'], [['--chekc', 'a.json'], 'found "--chekc"'], [['--check'], 'missing file']] as const) {
    const { code, stdout, stderr } = await run(t, args)
    assert.deepEqual([code, stdout, stderr], [2, [], [`fastify-bound-token: ${found}; allowed: <file>, --check <file>, --print-schema, probe <url>..., --help, --version`]])
  }
})

test('--check reads secrets and certificates beside the file, asks nobody, and says that it is right', async (t) => {
  const pki = await createPki()
  const folder = folderOf(t)
  mkdirSync(join(folder, 'tls'))
  writeFileSync(join(folder, 'tls', 'server.pem'), pki.server.certificate)
  writeFileSync(join(folder, 'tls', 'key.pem'), pki.server.key)
  writeFileSync(join(folder, 'secret'), 'a secret\n')
  const clientAuth = { method: 'client_secret_basic', clientId: 'api', clientSecret: { file: 'secret' } }
  const options = gatewayOptions({
    server: { port: 1, tls: { certificate: { file: 'tls/server.pem' }, key: { file: 'tls/key.pem' } }, health: { readiness: '/ready', port: 1 } },
    issuers: [{ issuer: 'https://nobody.invalid', audience: 'a', introspection: { clientAuth } }],
    routes: [{ url: '/*', scopes: ['a'], upstream: { url: 'http://nobody.invalid' } }]
  })
  const file = join(folder, 'gateway.json')
  writeFileSync(file, JSON.stringify(options))
  assert.deepEqual(await run(t, ['--check', file]), { code: 0, stdout: [`${file} is right`], stderr: [] })

  writeFileSync(file, JSON.stringify({ ...options, issuers: [{ issuer: 'https://nobody.invalid', audience: 'a', introspection: { clientAuth: { ...clientAuth, clientSecret: { env: 'NOT_SET' } } } }] }))
  const { code, stdout, stderr } = await run(t, ['--check', file])
  assert.deepEqual([code, stdout, stderr.length], [2, [], 1])
  assert.match(stderr[0] as string, /^fastify-bound-token: gateway\.json:1:\d+: issuers\[0\]\.introspection\.clientAuth\.clientSecret: the environment variable NOT_SET is not set$/)
})

test('--check finds what only shows when policies are compiled', async (t) => {
  const upstream = { url: 'http://127.0.0.1:1' }
  for (const [routes, named] of [
    [[{ url: '/a', respond: {}, upstream }], /routes\[0\]: found respond beside upstream/],
    [[{ url: '/a', respond: {} }, { url: '/b', respond: {}, issuers: ['https://other.example'] }], /routes\[1\]\.issuers/],
    [[{ url: '/a', respond: {}, claims: { type: 'strnig' } }], /routes\[0\]\.claims/],
    [[{ url: '/a', respond: {}, certificate: { preset: 'nginx', trustedProxies: ['300.0.0.1'] } }], /routes\[0\]\.certificate\.trustedProxies/]
  ] as const) {
    const { code, stderr } = await run(t, ['--check', fileOf(t, 'gateway.json', gatewayOptions({ routes }))])
    assert.deepEqual([code, stderr.length], [2, 1])
    assert.match(stderr[0] as string, named)
    assert.match(stderr[0] as string, /^fastify-bound-token: gateway\.json:\d+:\d+: /)
  }
})
