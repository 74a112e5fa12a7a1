// Ways in which a token once went where it should not, or was believed for too long.
import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import { CompactEncrypt, SignJWT } from 'jose'
import boundToken, { forward } from '../../lib/index.ts'
import type { Key } from '../../lib/token/keys/key.ts'
import { verifySignature } from '../../lib/token/signature.ts'
import type { BoundTokenRouteOptions, FastifyBoundTokenOptions, IssuerOptions } from '../../types/options.ts'
import { answer, json, startDouble, type Behaviour } from '../doubles/authorization-server.ts'
import { jwtIssuer } from '../doubles/jwt-issuer.ts'
import { by, optionsFor, owner } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'
import { keysAt } from '../token/keys/keys-at.ts'
import { refused } from '../token/refused.ts'

const cnf = { 'x5t#S256': owner.thumbprint }
const audience = 'https://api.example.com'
const clientAuth = { method: 'client_secret_basic' as const, clientId: 'api', clientSecret: 'secret' }

async function double (t: TestContext, behaviour: Behaviour) {
  const server = await startDouble(behaviour)
  t.after(() => server.close())
  return server
}

async function app (t: TestContext, issuers: IssuerOptions[], routes: Record<string, BoundTokenRouteOptions> = { '/': {} }, more: Partial<FastifyBoundTokenOptions> = {}) {
  const app = Fastify() as FastifyInstance
  t.after(() => app.close())
  await app.register(boundToken, { ...optionsFor('http://127.0.0.1:1'), issuers, ...more })
  for (const [url, boundToken] of Object.entries(routes)) app.get(url, { config: { boundToken } }, boundToken.upstream === undefined ? async () => 'in' : forward)
  const status = async (token: string, url = '/') => (await app.inject({ url, headers: by(owner, token) })).statusCode
  return { app, status }
}

test('a route that asks one issuer does not show it another one\'s JWT', async (t) => {
  const [a, b] = [jwtIssuer('https://a.example.com'), jwtIssuer('https://b.example.com')]
  const server = await double(t, json({ active: true, aud: audience, cnf }))
  const introspection = { endpoint: `${server.origin}/i`, clientAuth }
  const asking = { issuer: a.issuer, audience, allowInsecureLoopback: true, introspection }
  for (const [issuers, route] of [
    [[asking, b.options()], { issuers: [a.issuer] }],
    [[{ ...asking, jwt: { jwks: a.jwks } }, b.options()], { issuers: [a.issuer], verify: 'introspection' as const }],
    [[asking], {}]
  ] as const) {
    const { status } = await app(t, [...issuers], { '/': { ...route, issuers: [a.issuer] } })
    assert.equal(await status(await b.issue({ cnf })), 401)
    assert.equal(server.calls.length, 0)
    assert.equal(await status(await a.issue({ cnf })), 200)
    assert.equal(await status('opaque'), 200)
    server.calls.length = 0
  }
})

test('upstream token "jwt" sends no opaque and no encrypted token on, whatever route it came by', async (t) => {
  const upstream = await double(t, answer(200, {}, 'upstream'))
  const server = await double(t, json({ active: true, aud: audience, cnf }))
  const target = { url: upstream.origin, token: 'jwt' as const }
  const asking = { issuer: 'https://a.example.com', audience, allowInsecureLoopback: true, introspection: { endpoint: `${server.origin}/i`, clientAuth } }
  const { app: opaque, status } = await app(t, [asking], {}, { upstream: target })
  opaque.setNotFoundHandler(forward)
  assert.equal(await status('opaque-secret', '/nowhere'), 200)

  const issuer = jwtIssuer()
  const key = createSecretKey(randomBytes(32))
  const decryption = { keys: [{ jwk: { ...key.export({ format: 'jwk' }), kty: 'oct' } }], keyManagementAlgorithms: ['dir' as const], allowUnsigned: true, required: false }
  const encrypted = await app(t, [issuer.options({ decryption })], { '/': { upstream: target } })
  const encrypt = async (text: string): Promise<string> =>
    await new CompactEncrypt(Buffer.from(text)).setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: 'at+jwt' }).encrypt(key)
  const claims = { iss: issuer.issuer, aud: audience, exp: Math.floor(Date.now() / 1000) + 60, cnf }
  const signed = await issuer.issue({ cnf })
  for (const token of [await encrypt(JSON.stringify(claims)), await encrypt(signed), signed]) assert.equal(await encrypted.status(token), 200)
  assert.deepEqual(upstream.calls.map(({ headers }) => headers.authorization), [undefined, undefined, `Bearer ${signed}`, `Bearer ${signed}`])
})

test('a route that sends no JWT on does not need the token again to open one', async (t) => {
  const upstream = await double(t, answer(200, {}, 'upstream'))
  const issuer = jwtIssuer()
  const server = await startDouble(() => {})
  t.after(() => server.close())
  const jwt = await issuer.issue({ cnf })
  server.behave(answer(200, { 'content-type': 'application/jwt' }, jwt))
  const options = { ...issuer.options(), allowInsecureLoopback: true, introspection: { endpoint: `${server.origin}/i`, clientAuth, response: 'jwt' as const } }
  const { app: guarded, status } = await app(t, [options], {})
  guarded.get('/', { config: { boundToken: { upstream: { url: upstream.origin } } }, preHandler: async ({ raw }) => { delete raw.headers.authorization } }, forward)
  assert.equal(await status('opaque'), 200)
})

test('a key that is withdrawn ends what was asked for and answered with its signature, too', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setInterval'], now: 1_800_000_000_000 })
  const [old, fresh] = [jwtIssuer('https://login.example.com', 'old'), jwtIssuer('https://login.example.com', 'new')]
  const tokens = { phantom: await old.issue({ cnf, exp: 1_800_100_000 }), both: await old.issue({ cnf, exp: 1_800_100_000 }) }
  let jwks = old.jwks
  const server = await double(t, (call, response) => {
    if (call.url === '/jwks') json(jwks)(call, response)
    else if (call.headers.accept === 'application/jwt') answer(200, { 'content-type': 'application/jwt' }, tokens.phantom)(call, response)
    else json({ active: true })(call, response)
  })
  const shared = { issuer: old.issuer, audience, allowInsecureLoopback: true, jwt: { jwksUri: `${server.origin}/jwks` } }
  const cache = { cache: { maxTtl: 43_200_000 } }
  const introspection = { endpoint: `${server.origin}/i`, clientAuth }
  const both = await app(t, [{ ...shared, introspection, verify: 'both' }], undefined, cache)
  const phantom = await app(t, [{ ...shared, introspection: { ...introspection, response: 'jwt' } }], undefined, cache)
  assert.deepEqual([await both.status(tokens.both), await phantom.status('opaque')], [200, 200])
  jwks = fresh.jwks
  const fetched = (): number => server.calls.filter(({ url }) => url === '/jwks').length
  const before = fetched()
  t.mock.timers.tick(300_000)
  await eventually('both have the new set', () => fetched() === before + 2)
  await eventually('and have read it', async () => await both.status(tokens.both) === 401)
  assert.deepEqual([await both.status(tokens.both), await phantom.status('opaque')], [401, 502])
})

test('251: keys that nobody could renew for a day prove nothing more, and what they proved ends with them', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setInterval'], now: 1_800_000_000_000 })
  const issuer = jwtIssuer()
  let isDown = false
  const server = await double(t, (call, response) => json(isDown ? {} : issuer.jwks, isDown ? 503 : 200)(call, response))
  const keys = keysAt(t, server)
  const token = await issuer.issue({ exp: 1_900_000_000 })
  const { key } = await keys.verify(token)
  isDown = true
  for (let minutes = 0; minutes < 23 * 60; minutes += 5) {
    t.mock.timers.tick(300_000)
    await keys.settled()
  }
  assert.deepEqual([key.isRetired, await keys.outcome(token)], [false, 'verified'])
  for (let minutes = 0; minutes < 70; minutes += 5) {
    t.mock.timers.tick(300_000)
    await keys.settled()
  }
  assert.deepEqual([key.isRetired, await keys.outcome(token)], [true, 'issuer_unavailable'])
  isDown = false
  t.mock.timers.tick(300_000)
  await keys.settled()
  assert.deepEqual([key.isRetired, await keys.outcome(token)], [false, 'verified'])
})

test('a signature without `kid` is tried with eight keys of a set that is not the operator\'s own', async () => {
  const pairs = Array.from({ length: 9 }, () => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
  const all = pairs.map(({ publicKey }): Key => ({ kid: null, algorithm: null, key: publicKey, isRetired: false }))
  const keys = { identity: '', mostTried: 8, keys: async () => all, renew: async () => false, close () {} }
  const rules = { keys, algorithms: new Set(['ES256']), isType: () => true }
  const signedBy = async (index: number): Promise<string> => await new SignJWT({}).setProtectedHeader({ alg: 'ES256' }).sign((pairs[index] as typeof pairs[0]).privateKey)
  assert.equal((await verifySignature(await signedBy(7), rules)).key, all[7])
  await refused('token_invalid', verifySignature(await signedBy(8), rules))
})

test('a stolen token that is encrypted anew for our public key again and again pushes out nothing but its like', async (t) => {
  const issuer = jwtIssuer('https://a.example.com')
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const decryption = { keys: [{ pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }], keyManagementAlgorithms: ['RSA-OAEP-256' as const] }
  const server = await double(t, json({ active: true, aud: audience, cnf }))
  const asking = { issuer: 'https://b.example.com', audience, allowInsecureLoopback: true, introspection: { endpoint: `${server.origin}/i`, clientAuth } }
  const { status } = await app(t, [issuer.options({ decryption }), asking], undefined, { cache: { maxEntries: 5 } })
  assert.equal(await status('opaque'), 200)
  const stolen = await issuer.issue({ cnf: { 'x5t#S256': 'A'.repeat(43) } })
  for (let i = 0; i < 20; i++) {
    assert.equal(await status(await new CompactEncrypt(Buffer.from(stolen)).setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' }).encrypt(publicKey)), 401)
  }
  assert.equal(await status('opaque'), 200)
  assert.equal(server.calls.length, 1)
})

test('claims that every object inherits are none', async (t) => {
  const issuer = jwtIssuer()
  const { status } = await app(t, [issuer.options()], { '/': { claims: { required: ['toString'] } }, '/own': { claims: { required: ['sub'] } } })
  const token = await issuer.issue({ cnf })
  assert.deepEqual([await status(token), await status(token, '/own')], [403, 200])
})

const issuer = jwtIssuer()
const stops: Array<[what: string, options: IssuerOptions, message: RegExp]> = [
  ['discovery where nothing is to be discovered', { ...issuer.options(), discovery: { origins: ['https://x.example.com'] } }, /^options\.issuers\[0\]\.discovery: has no meaning/],
  ['a profile with another typ', issuer.options({ profile: 'rfc9068', typ: false }), /^options\.issuers\[0\]\.jwt\.typ: found another than at\+jwt with a profile/],
  ['a `dir` key that fits no content encryption',
    issuer.options({ decryption: { keys: [{ jwk: { kty: 'oct', k: 'A'.repeat(22) } }], keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] } }),
    /decryption\.keys\[0\]: found a secret of 16 bytes, which fits none/],
  ['a secret where a list of keys belongs', issuer.options({ keys: 'S3CRET' as never }), /^(?!.*S3CRET)options\.issuers\[0\]\.jwt\.keys: found a string of 6 characters/],
  ['a secret where a key set belongs', issuer.options({ jwks: 'S3CRET' as never }), /^(?!.*S3CRET)options\.issuers\[0\]\.jwt\.jwks: found a string of 6 characters/],
  ['a secret where TLS options belong', { ...issuer.options(), tls: 'S3CRET' as never }, /^(?!.*S3CRET)options\.issuers\[0\]\.tls: found a string of 6 characters/]
]
for (const [what, options, message] of stops) {
  test(`${what} stops the boot`, async (t) => {
    await assert.rejects(app(t, [options]), { code: 'FST_BOUND_TOKEN_OPTIONS', message })
  })
}

test('an upstream that stops the boot leaves nothing open', async (t) => {
  const server = await double(t, json(issuer.jwks))
  t.mock.timers.enable({ apis: ['setInterval'] })
  const options = { issuer: issuer.issuer, audience, allowInsecureLoopback: true, jwt: { jwksUri: `${server.origin}/jwks` } }
  await assert.rejects(app(t, [options], {}, { upstream: { url: 'nonsense' } }), /options\.upstream\.url/)
  const before = server.calls.length
  t.mock.timers.tick(900_000)
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(server.calls.length, before)
})
