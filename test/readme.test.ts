import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import tsBlankSpace from 'ts-blank-space'
import * as certificationPath from '../lib/certification-path/index.ts'
import * as contract from '../lib/contract/index.ts'
import * as library from '../lib/index.ts'
import { createClientCertificate, createPki } from '../examples/demo/pki.ts'
import { createClientHierarchy } from './e2e/client-hierarchy.ts'
import { recommended as apache } from './e2e/front-apache.ts'
import { recommended as caddy } from './e2e/front-caddy.ts'
import { recommended as haproxy } from './e2e/front-haproxy.ts'
import { recommended as nginx } from './e2e/front-nginx.ts'
import { startPhantomTokenServer } from './e2e/phantom-token-server.ts'
import type { IssuerOptions, TrustedProxy } from '../types/options.ts'
import { by, optionsFor, owner, protectedApp, startAuthorizationServer, stranger } from './guard/protected-app.ts'

const readme = readFileSync('README.md', 'utf8')
const blocks = [...readme.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code as string)
const packageJson = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string>, engines: { node: string }, peerDependencies: { fastify: string } }

/** Runs a block of the README with these names at hand, and gives the variables that it declares. */
async function run (code: string, names: Record<string, unknown>): Promise<{ app?: FastifyInstance, issuers?: unknown, trustedProxies?: unknown }> {
  const known: Record<string, object> = {
    fastify: { default: Fastify },
    'fastify-bound-token': library,
    'fastify-bound-token/certification-path': certificationPath,
    'fastify-bound-token/contract': Object.fromEntries(Object.keys(contract).map((name) => [name, (...given: unknown[]) => { held.push([name, ...given]) }])),
    'node:diagnostics_channel': await import('node:diagnostics_channel')
  }
  const body = tsBlankSpace(code)
    .replace(/^import (\w+) from '([^']+)'$/gm, (_all, name, module) => `const ${name} = modules['${module}'].default`)
    .replace(/^import (\{[^}]+\}) from '([^']+)'$/gm, (_all, members, module) => `const ${members} = modules['${module}']`)
  const AsyncFunction = (async () => {}).constructor as new (...parameters: string[]) => (...values: unknown[]) => Promise<{ app?: FastifyInstance, issuers?: unknown, trustedProxies?: unknown }>
  const declared = ['app', 'issuers', 'trustedProxies'].map((name) => `...typeof ${name} !== 'undefined' && { ${name} }`).join(', ')
  return await new AsyncFunction('modules', ...Object.keys(names), `${body}\nreturn { ${declared} }`)(known, ...Object.values(names))
}

/** What the contract was called with: its tests are not for here. */
const held: unknown[][] = []

/** The block that holds this text; each block is run by one of the tests below. */
const ran = new Set<string>()
function block (part: string): string {
  const found = blocks.filter((code) => code.includes(part))
  assert.equal(found.length, 1, part)
  ran.add(found[0] as string)
  return found[0] as string
}

test('the server', async (t) => {
  const server = await startPhantomTokenServer(t, { audience: 'https://api.example.com' })
  process.env['API_SECRET'] = server.secret
  t.after(() => { delete process.env['API_SECRET'] })
  const code = block("'/health'")
    .replace("issuer: 'https://login.example.com',", `issuer: '${server.issuer}', allowInsecureLoopback: true,`)
    .replace("clientId: 'api'", `clientId: '${server.clientId}'`)
    .replace("host: '0.0.0.0', port: 3000", "host: '127.0.0.1', port: 0")
  const { app } = await run(code, {}) as { app: FastifyInstance }
  t.after(() => app.close())
  const token = server.issue(owner.thumbprint)
  const send = async (who: typeof owner | null, remoteAddress = '10.0.0.5') =>
    await app.inject({ url: '/accounts', remoteAddress, headers: { ...by(who, token), 'x-ssl-verify': 'SUCCESS' } })
  assert.deepEqual((await send(owner)).json(), { owner: 'alice', certificate: owner.thumbprint })
  assert.equal((await send(stranger)).statusCode, 401)
  assert.equal((await send(owner, '10.0.0.6')).statusCode, 401)
  assert.equal((await app.inject('/health')).body, 'ok')
  assert.equal((await app.inject('/accounts')).headers['www-authenticate'], 'Bearer realm="api"')
})

test('a store that processes share, also while it is down, and the contract for one of your own', async (t) => {
  Object.assign(process.env, { CACHE_SECRET: 'shared-by-all-processes-0123456789abcdef', REDIS_URL: 'redis://127.0.0.1:1' })
  t.after(() => { for (const name of ['CACHE_SECRET', 'REDIS_URL']) delete process.env[name] })
  const { authorizationServer } = await startAuthorizationServer(t)
  const app = Fastify() as FastifyInstance
  t.after(() => app.close())
  await run(block("'REDIS_URL'"), { app, boundToken: library.default, options: optionsFor(authorizationServer.origin) })
  app.get('/', async () => 'in')
  assert.equal((await app.inject({ url: '/', headers: by(owner) })).body, 'in')
  const [myStore, myChannel] = [() => 'store', () => 'channel']
  await run(block('testTokenStore('), { myStore, myChannel })
  assert.deepEqual(held.map(([name, mine, open]) => [name, mine, (open as () => unknown)()]), [['testEvictionChannel', 'mine', 'channel'], ['testTokenStore', 'mine', 'store']].toReversed())
})

test('every kind of issuer boots with the options of its line', async (t) => {
  const server = await startPhantomTokenServer(t)
  const [pki, client] = await Promise.all([createPki(), createClientCertificate('api')])
  const folder = await mkdtemp(join(tmpdir(), 'readme-'))
  t.after(() => rm(folder, { recursive: true }))
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } })
  const files = { 'decryption.pem': privateKey, 'key.pem': privateKey, 'tls.pem': client.certificate, 'tls-key.pem': client.key }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  Object.assign(process.env, { API_SECRET: 'secret', STORE_PASSWORD: 'fixture-password', SHARED_JWK: JSON.stringify({ kty: 'oct', k: 'A'.repeat(43) }) })
  t.after(() => { for (const name of ['API_SECRET', 'STORE_PASSWORD', 'SHARED_JWK']) delete process.env[name] })
  const code = block('satisfies Record<string, Partial<IssuerOptions>>')
    .replace('/etc/api/issuer.p12', 'fixtures/keystores/trusted.p12').replace("alias: 'login'", "alias: 'trusted'").replaceAll('/etc/api/', `${folder}/`)
  const { issuers } = await run(code, {}) as { issuers: Record<string, Partial<IssuerOptions>> }
  assert.ok(Object.keys(issuers).length >= 9)
  for (const [name, more] of Object.entries(issuers)) {
    const app = Fastify()
    t.after(() => app.close())
    app.register(library.default, {
      certificate: { preset: 'nginx', trustedProxies: ['10.0.0.5'] },
      issuers: [{ issuer: server.issuer, audience: 'https://api.example.test', allowInsecureLoopback: true, ...more, tls: { ca: pki.ca, ...more.tls } }]
    })
    await assert.doesNotReject(async () => { await app.ready() }, name)
  }
})

test('a server that terminates TLS itself', async (t) => {
  const { server } = await createPki()
  const { issuers } = optionsFor('http://127.0.0.1:1')
  const { app } = await run(block("source: 'tls'"), { Fastify, boundToken: library.default, key: server.key, cert: server.certificate, issuers }) as { app: FastifyInstance }
  t.after(() => app.close())
  await app.ready()
})

test('every way to know a proxy boots, and is one', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'readme-'))
  t.after(() => rm(folder, { recursive: true }))
  const [inFile, inVariable] = ['harmless-secret-in-a-file-0123456789', 'harmless-secret-in-a-variable-012345']
  await writeFile(join(folder, 'proxy'), inFile)
  process.env['PROXY_SECRET'] = inVariable
  t.after(() => { delete process.env['PROXY_SECRET'] })
  const { trustedProxies } = await run(block("'x-proxy-secret'").replace('/run/secrets', folder), {}) as { trustedProxies: TrustedProxy[] }
  const { authorizationServer } = await startAuthorizationServer(t)
  const options = optionsFor(authorizationServer.origin)
  const app = Fastify()
  t.after(() => app.close())
  await app.register(library.default, { ...options, certificate: { ...options.certificate, trustedProxies } })
  app.get('/', async () => 'in')
  const status = async (remoteAddress: string, secret?: string) =>
    (await app.inject({ url: '/', remoteAddress, headers: { ...by(owner), ...secret !== undefined && { 'x-proxy-secret': secret } } })).statusCode
  assert.deepEqual([await status('10.0.0.5'), await status('192.0.2.1'), await status('192.0.2.1', inFile), await status('192.0.2.1', inVariable), await status('10.1.2.3', inVariable)], [200, 401, 200, 401, 200])
})

test('a proxy that connects with mutual TLS', async (t) => {
  const { ca, server } = await createPki()
  const { issuers } = optionsFor('http://127.0.0.1:1')
  const names = { Fastify, boundToken: library.default, key: server.key, cert: server.certificate, proxyCa: ca, issuers }
  const { app } = await run(block("CN: 'proxy-1'"), names) as { app: FastifyInstance }
  t.after(() => app.close())
  await app.ready()
})

test('names', async (t) => {
  const { authorizationServer } = await startAuthorizationServer(t)
  const app = Fastify()
  t.after(() => app.close())
  await app.register(library.default, optionsFor(authorizationServer.origin))
  await run(block("'Partner CA'"), { app, handler: async () => 'in' })
  const { statusCode } = await app.inject({ url: '/partners', headers: { ...by(owner), 'x-ssl-verify': 'SUCCESS' } })
  assert.deepEqual([statusCode, app.boundToken.stats().decisions.refused], [401, { certificate_not_allowed: 1 }])
})

test('the probe', async (t) => {
  process.env['BOUND_TOKEN_PROBE_SECRET'] = 'a-secret-of-one-probe-0123456789'
  t.after(() => { delete process.env['BOUND_TOKEN_PROBE_SECRET'] })
  const app = Fastify()
  t.after(() => app.close())
  await run(block('probe: {'), { app, boundToken: library.default, options: optionsFor('http://127.0.0.1:1') })
  const { body } = await app.inject({ url: '/', headers: { 'bound-token-probe': process.env['BOUND_TOKEN_PROBE_SECRET'] } })
  assert.match(body, /^\{"probe":1,/)
})

test('certificates that must be trusted', async (t) => {
  const hierarchy = await createClientHierarchy()
  const who = await hierarchy.issue('partner')
  const folder = await mkdtemp(join(tmpdir(), 'readme-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'partners-ca.pem'), hierarchy.root)
  for (const name of ['root.crl', 'partners.crl']) await writeFile(join(folder, name), await hierarchy.crls([]))
  const { authorizationServer, known } = await startAuthorizationServer(t)
  known.set('good', { ...known.get('good'), cnf: { 'x5t#S256': who.thumbprint } })
  const app = Fastify()
  t.after(() => app.close())
  await run(block("'/etc/api/partners-ca.pem'").replaceAll('/etc/api', folder), { app, boundToken: library.default, issuers: optionsFor(authorizationServer.origin).issuers })
  app.get('/', async () => 'in')
  const [, intermediate = ''] = who.certificate.split('-----BEGIN CERTIFICATE-----').slice(1)
  const chain = intermediate.replace('-----END CERTIFICATE-----', '').replace(/\s/g, '')
  const status = async (headers: object) => (await app.inject({ url: '/', remoteAddress: '10.0.0.5', headers: { authorization: 'Bearer good', 'x-ssl-cert': who.der.toString('base64'), ...headers } })).statusCode
  assert.deepEqual([await status({}), await status({ 'x-ssl-chain': chain })], [401, 200])
  assert.deepEqual(app.boundToken.stats().revocation, { good: 1, revoked: 0, undetermined: 0 })
})

test('the certification path by itself', async () => {
  const hierarchy = await createClientHierarchy()
  const { der, certificate } = await hierarchy.issue('partner')
  const intermediateDer = new X509Certificate(certificate.slice(certificate.indexOf('-----BEGIN', 10))).raw
  const code = `${block('certificationPaths({')}\nconst app = why`
  const { app } = await run(code, { rootDer: new X509Certificate(hierarchy.root).raw, intermediateDer, clientDer: der }) as unknown as { app: string }
  assert.match(app, /^good until \d{4}-/)
})

test('routes', async (t) => {
  const { authorizationServer } = await startAuthorizationServer(t)
  const app = Fastify()
  t.after(() => app.close())
  await app.register(library.default, optionsFor(authorizationServer.origin))
  await run(block("'/statements'"), { app, handler: async () => 'in' })
  const status = async (url: string, method: 'GET' | 'POST' = 'GET') => (await app.inject({ method, url, headers: by(owner) })).statusCode
  assert.deepEqual([await status('/payments'), await status('/statements'), await status('/transfer', 'POST'), await status('/treasury'), await status('/soon')], [403, 200, 403, 403, 200])
})

test('withAccessToken', async (t) => {
  const { authorizationServer } = await startAuthorizationServer(t)
  const app = Fastify()
  t.after(() => app.close())
  await app.register(library.default, optionsFor(authorizationServer.origin))
  await run(block('withAccessToken(async'), { app })
  app.get('/public', { config: { boundToken: false } }, library.withAccessToken(async () => 'in'))
  assert.equal((await app.inject({ url: '/me/1', headers: by(owner) })).json().sub, 'alice')
  const failed = await app.inject({ url: '/public', headers: by(owner) })
  assert.deepEqual([failed.statusCode, failed.json().code], [500, 'FST_BOUND_TOKEN_NOT_JUDGED'])
})

test('forward', async (t) => {
  const { authorizationServer, known } = await startAuthorizationServer(t)
  const upstream = Fastify()
  t.after(() => upstream.close())
  upstream.get('/ledger/2026', async ({ headers, query }) => ({ client: headers['x-client-id'], thumbprint: headers['x-client-thumbprint'], authorization: headers.authorization ?? null, query }))
  const url = await upstream.listen({ host: '127.0.0.1', port: 0 })
  known.set('good', { ...known.get('good'), scope: 'ledger' })
  const app = Fastify()
  t.after(() => app.close())
  await app.register(library.default, optionsFor(authorizationServer.origin))
  await run(block("'/ledger/*'").replace('http://127.0.0.1:8080', url), { app })
  assert.deepEqual((await app.inject({ url: '/ledger/2026?page=2', headers: { ...by(owner), 'x-client-id': 'forged' } })).json(),
    { client: 'partner', thumbprint: owner.thumbprint, authorization: null, query: { page: '2' } })
  assert.equal((await app.inject({ url: '/ledger/..%2fadmin', headers: by(owner) })).statusCode, 400)
})

test('eviction and decisions', async (t) => {
  const counted: unknown[] = []
  const { app } = await protectedApp(t)
  await run(block('subscribe('), { app, metrics: { count: (name: string) => { counted.push(name) } } })
  await run(block('.evict('), { app, token: 'good' })
  await app.inject({ url: '/', headers: by(owner) })
  await app.inject({ url: '/', headers: by(stranger) })
  assert.deepEqual(counted, ['allowed', 'binding_mismatch'])
  assert.deepEqual(app.boundToken.stats().decisions, { allowed: 1, refused: { binding_mismatch: 1 } })
})

test('the proxies are configured as in the tests that run them', () => {
  const linesOf = (text: string): string[] => text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  for (const [language, recommended] of Object.entries({ nginx, haproxy, apache, caddy })) {
    const block = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(readme)?.[1]
    assert.deepEqual(linesOf(block ?? ''), linesOf(recommended), language)
  }
})

test('106, 107: what the operator has to see to is said: room for large headers, and a network that nobody else reads or writes', () => {
  assert.match(readme, /Fastify\(\{ http: \{ maxHeaderSize: 32768 \} \}\)/)
  assert.match(readFileSync('SECURITY.md', 'utf8'), /\| the network between front and service \| that nobody reads or changes what passes \| a private network, a unix socket, or TLS \|/)
})

test('every TypeScript block was run', () => {
  assert.deepEqual(blocks.filter((code) => !ran.has(code)), [])
})

test('the two commands exist, and the versions are those of package.json', () => {
  for (const [, script] of readme.matchAll(/^npm ci && npm (\w+)/gm)) assert.ok(packageJson.scripts[script as string])
  assert.match(readme, /Node 20\.19, 22\.12 and later; Fastify 5\.12\.2 and later/)
  assert.equal(packageJson.engines.node, '^20.19.0 || >=22.12.0')
  assert.equal(packageJson.peerDependencies.fastify, '^5.12.2')
})
