import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import tsBlankSpace from 'ts-blank-space'
import { WebSocket } from 'ws'
import * as certificationPath from '../lib/certification-path/index.ts'
import * as contract from '../lib/contract/index.ts'
import { readGatewayFile } from '../lib/gateway/file.ts'
import * as library from '../lib/index.ts'
import { createClientCertificate, createPki } from '../examples/demo/pki.ts'
import { createClientHierarchy } from './e2e/client-hierarchy.ts'
import { recommended as apache } from './e2e/front-apache.ts'
import { recommended as caddy } from './e2e/front-caddy.ts'
import { recommended as haproxy } from './e2e/front-haproxy.ts'
import { recommended as nginx } from './e2e/front-nginx.ts'
import { startPhantomTokenServer } from './e2e/phantom-token-server.ts'
import { revokingEvents } from '../lib/feed/event-types.ts'
import { setSender } from './feed/set-sender.ts'
import { startWebSocket } from './feed/websocket-server.ts'
import { eventually } from './token/eventually.ts'
import type { IssuerOptions, TrustedProxy } from '../types/options.ts'
import { answer, json, startDouble } from './doubles/authorization-server.ts'
import { fileOf } from './gateway/gateway-file.ts'
import { gatewayHere } from './gateway/running.ts'
import { by, optionsFor, owner, protectedApp, startAuthorizationServer, stranger } from './guard/protected-app.ts'
import { refusalOf, startSocketUpstream } from './upstream/websocket-gateway.ts'

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

test('forward, for WebSockets', async (t) => {
  const { authorizationServer, known } = await startAuthorizationServer(t)
  const upstream = await startSocketUpstream(t)
  known.set('good', { ...known.get('good'), scope: 'feed' })
  const app = Fastify({ forceCloseConnections: true })
  t.after(() => app.close())
  await app.register(library.default, optionsFor(authorizationServer.origin))
  await run(block('websocket: true').replace('http://127.0.0.1:8080', upstream.origin), { app })
  const url = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('http:', 'ws:')
  const client = new WebSocket(`${url}/feed/1`, { headers: by(owner) })
  await once(client, 'open')
  client.send('hello')
  assert.equal(String((await once(client, 'message'))[0]), 'hello')
  client.terminate()
  assert.equal((await refusalOf(new WebSocket(`${url}/feed/1`, { headers: by(stranger) }))).status, 401)
})

test('another path, and another request', async (t) => {
  const { authorizationServer, known } = await startAuthorizationServer(t)
  const upstream = await startDouble(answer(200, {}, 'in'))
  t.after(() => upstream.close())
  process.env['LOGIN_CLIENT'] = 'portal'
  t.after(() => { delete process.env['LOGIN_CLIENT'] })
  known.set('good', { ...known.get('good'), mail: 'alice@example.com', legacy: { password: 'x' } })
  const app = Fastify()
  t.after(() => app.close())
  await app.register(library.default, optionsFor(authorizationServer.origin))
  await run(block("'/v2/users/:id/*'").replace('http://127.0.0.1:8080', upstream.origin), { app })
  assert.equal((await app.inject({ url: '/people/7/mail?page=2', headers: by(owner) })).statusCode, 200)
  assert.equal((await app.inject({ url: '/people/7/x%3f', headers: by(owner) })).statusCode, 400)
  assert.equal((await app.inject({ method: 'POST', url: '/session?a=b', headers: by(owner), body: { a: 'b' } })).statusCode, 200)
  assert.deepEqual(upstream.calls.map(({ method, url, body }) => [method, url, body]), [
    ['GET', '/v2/users/7/mail?page=2', ''], ['POST', '/login', 'username=alice%40example.com&password=x&client=portal']
  ])
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

test('revocations', async (t) => {
  const { app, known } = await protectedApp(t)
  const status = async () => (await app.inject({ url: '/', headers: by(owner) })).statusCode
  known.set('good', { ...known.get('good'), sid: 's1' })
  assert.equal(await status(), 200)
  known.delete('good')
  await run(block('.revoke('), { app })
  assert.equal(await status(), 401)
})

test('a webhook for security event tokens', async (t) => {
  const { authorizationServer, known } = await startAuthorizationServer(t)
  const sender = setSender()
  const keys = await startDouble(json(sender.jwks))
  t.after(() => keys.close())
  process.env['EVENTS_SECRET'] = 'a-secret-of-the-transmitter'
  t.after(() => { delete process.env['EVENTS_SECRET'] })
  const app = Fastify()
  t.after(() => app.close())
  const code = block('webhook: {').replace("'https://login.example.com/jwks'", `'${keys.origin}/jwks', allowInsecureLoopback: true`)
  await run(code, { app, boundToken: library.default, options: optionsFor(authorizationServer.origin) })
  app.get('/', async () => 'in')
  const status = async () => (await app.inject({ url: '/', headers: by(owner) })).statusCode
  assert.equal(await status(), 200)
  known.delete('good')
  const push = async (authorization: string) =>
    (await app.inject({ method: 'POST', url: '/events', headers: { 'content-type': 'application/secevent+jwt', authorization }, payload: await sender.set() })).statusCode
  assert.deepEqual([await push('Bearer another'), await status(), await push('Bearer a-secret-of-the-transmitter'), await status()], [400, 200, 202, 401])
})

test('a WebSocket that tells of revocations', async (t) => {
  const { authorizationServer, known } = await startAuthorizationServer(t)
  known.set('good', { ...known.get('good'), sid: 's1' })
  const server = await startWebSocket(t)
  const app = Fastify()
  t.after(() => app.close())
  const code = block('websocket: {').replace('wss://login.example.com/events', `${server.url}/events`)
  await run(code, { app, boundToken: library.default, options: optionsFor(authorizationServer.origin), currentToken: async () => 'ours' })
  app.get('/', async () => 'in')
  await app.ready()
  const status = async () => (await app.inject({ url: '/', headers: by(owner) })).statusCode
  await eventually('it is up', () => app.boundToken.stats().feeds?.down === 0 && server.received.length === 1)
  assert.deepEqual([server.handshakes[0]?.headers.authorization, server.received], ['Bearer ours', ['{"action":"subscribe","topic":"sessions"}']])
  assert.equal(await status(), 200)
  known.delete('good')
  server.send({ type: 'logout', body: { sid: 's1' } })
  await eventually('it was applied', () => app.boundToken.stats().feeds?.applied === 1)
  assert.equal(await status(), 401)
})

test('the events that the README names are those that revoke', () => {
  const table = /^\| event \|[^]*?\n\n/m.exec(readme)?.[0] ?? ''
  const names = [...revokingEvents.keys()].map((type) => type.slice(type.lastIndexOf('/') + 1))
  assert.deepEqual([...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) => [...(cell as string).matchAll(/`([^`]+)`/g)].map(([, name]) => name)).sort(), [...names].sort())
})

test('routes in code: cookies and X-Forwarded-For go on, the certificate does not, and Host is that of the upstream', async (t) => {
  const { authorizationServer, known } = await startAuthorizationServer(t)
  const upstream = Fastify()
  t.after(() => upstream.close())
  upstream.get('/invoices/1', async ({ headers }) => headers)
  const url = await upstream.listen({ host: '127.0.0.1', port: 0 })
  known.set('good', { ...known.get('good'), scope: 'invoices' })
  const app = Fastify()
  t.after(() => app.close())
  await run(block("'/invoices/*'").replace('http://127.0.0.1:8080', url), { app, boundToken: library.default, options: optionsFor(authorizationServer.origin) })
  const passed = { cookie: 'a=b', 'x-forwarded-for': '192.0.2.1' }
  const headers = (await app.inject({ url: '/invoices/1', headers: { ...by(owner), ...passed, host: 'api.example.com' } })).json()
  assert.deepEqual({ cookie: headers.cookie, 'x-forwarded-for': headers['x-forwarded-for'] }, passed)
  assert.equal(`http://${headers.host}`, url)
  assert.deepEqual(Object.keys(by(owner)).filter((name) => name in headers), [])
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

test('gateway files are right, and run', async (t) => {
  process.env['GATEWAY_SECRET'] = 'secret'
  t.after(() => { delete process.env['GATEWAY_SECRET'] })
  const files = [...readme.matchAll(/^```(jsonc?|ya?ml)\n([^]*?)^```$/gm)]
  assert.ok(files.length > 0)
  for (const [, kind, text] of files) {
    const { options } = await readGatewayFile(fileOf(t, `gateway.${kind}`, (text as string).replace('https://login.example.com', 'https://127.0.0.1:1')))
    const { origin } = await gatewayHere(t, { ...options, server: { ...options.server, port: 0 } })
    assert.equal((await fetch(`${origin}/ready`)).status, 200)
    assert.equal((await fetch(`${origin}/accounts/1`)).status, 401)
    assert.equal(await (await fetch(`${origin}/about`)).text(), 'the bank\'s API')
  }
})

test('every link into the README leads to one of its headings', () => {
  const anchors = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, title]) => (title as string).toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'))
  const links = [...readme.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor as string)
  assert.ok(links.length > 0)
  assert.deepEqual(links.filter((anchor) => anchors.filter((known) => known === anchor).length !== 1), [])
})

test('the two commands exist, and the versions are those of package.json', () => {
  for (const [, script] of readme.matchAll(/^npm ci && npm (\w+)/gm)) assert.ok(packageJson.scripts[script as string])
  assert.match(readme, /Node 20\.19, 22\.12 and later; Fastify 5\.12\.2 and later/)
  assert.equal(packageJson.engines.node, '^20.19.0 || >=22.12.0')
  assert.equal(packageJson.peerDependencies.fastify, '^5.12.2')
})
