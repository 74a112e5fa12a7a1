// An answer that is the JWT which an opaque token stands for: judged as if a client had sent it, and what does not hold is the server's fault.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, test, type TestContext } from 'node:test'
import { CompactEncrypt, SignJWT, UnsecuredJWT } from 'jose'
import { accessTokenOf, type TokenRecord } from '../../lib/access-token.ts'
import type { IssuerOptions } from '../../lib/options.ts'
import { unseal } from '../../lib/seal.ts'
import * as doubles from '../doubles/authorization-server.ts'
import { refused } from './refused.ts'
import { recordOf } from './resolver-at.ts'
import { signingKey, type SigningKey } from './signing-key.ts'

const name = 'https://login.example.com'
const clientSecret = 'vR7-client-secret-9Qx-of-32-bytes-or-more'
const thumbprint = 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0'
const now = (): number => Math.floor(Date.now() / 1000)
const claims = (more: Record<string, unknown> = {}) => ({ iss: name, aud: 'rs', sub: 'alice', iat: now(), exp: now() + 300, cnf: { 'x5t#S256': thumbprint }, ...more })
let server: doubles.Double
let key: SigningKey
before(async () => {
  server = await doubles.startDouble(doubles.hang)
  key = await signingKey('k1')
})
after(() => server.close())

const asJwt = (jwt: string, contentType = 'application/jwt', status = 200): doubles.Behaviour => doubles.answer(status, { 'content-type': contentType }, jwt)

async function ask (behaviour: doubles.Behaviour, jwt: Partial<NonNullable<IssuerOptions['jwt']>> = {}, token = 'opaque-token'): Promise<TokenRecord | null> {
  return await recordOf(server, behaviour, {
    issuer: name,
    audience: 'rs',
    allowInsecureLoopback: true,
    introspection: {
      endpoint: `${server.origin}/introspect`, response: 'jwt', clientAuth: { method: 'client_secret_basic', clientId: 'api', clientSecret }
    },
    jwt: { jwks: { keys: [key.jwk()] as never }, ...jwt }
  }, token)
}

async function faulty (behaviour: doubles.Behaviour, jwt?: Partial<NonNullable<IssuerOptions['jwt']>>): Promise<void> {
  const refusal = await refused('issuer_bad_response', ask(behaviour, jwt))
  assert.equal(refusal.statusCode, 502)
  assert.equal(`${refusal.detail} ${refusal.message}`.includes(clientSecret), false)
}

test('S-30: the JWT is asked for, verified, and its claims are the answer', async () => {
  const record = await ask(asJwt(await key.sign(claims({ scope: 'read' }))))
  assert.equal(record?.claims.sub, 'alice')
  assert.deepEqual([...record.scopes.set], ['read'])
  assert.equal(accessTokenOf(record, false).confirmation?.['x5t#S256'], thumbprint)
  assert.equal(server.calls.at(-1)?.headers.accept, 'application/jwt')
  assert.match(server.calls.at(-1)?.headers.authorization ?? '', /^Basic /)
})

test('the JWT is kept sealed: it opens with the token and with no other', async () => {
  const jwt = await key.sign(claims())
  const record = await ask(asJwt(jwt), {}, 'opaque-1')
  assert.ok(record?.jwt)
  assert.equal(unseal(record.jwt, 'opaque-1'), jwt)
  for (const other of ['opaque-2', '', 'opaque-1 ', jwt]) assert.throws(() => unseal(record.jwt as Buffer, other))
  assert.equal(record.jwt.includes(jwt.slice(0, 20)), false)
  assert.equal(JSON.stringify(accessTokenOf(record, false)).includes(jwt), false)
})

for (const type of ['application/jwt', 'Application/JWT', 'application/jwt; charset=utf-8', 'application/jwt;charset=us-ascii']) {
  test(`the content type ${type} is that of a JWT`, async () => {
    assert.ok(await ask(asJwt(await key.sign(claims()), type)))
  })
}

test('a line break behind the JWT is no part of it', async () => {
  assert.ok(await ask(asJwt(`${await key.sign(claims())}\r\n`)))
})

test('not active: 204 and nothing, or JSON that says so', async () => {
  assert.equal(await ask(doubles.answer(204, {})), null)
  assert.equal(await ask(doubles.json({ active: false })), null)
})

const faults: Record<string, () => Promise<doubles.Behaviour> | doubles.Behaviour> = {
  'plain JSON that says active': () => doubles.json({ active: true, ...claims() }),
  'JSON without `active`': () => doubles.json(claims()),
  'JSON that says "false"': () => doubles.json({ active: 'false' }),
  'JSON with `active` twice': () => doubles.jsonText('{"active":false,"active":true}'),
  'the JWT as JSON': async () => asJwt(JSON.stringify(await key.sign(claims())), 'application/json'),
  'the JWT as text/plain': async () => asJwt(await key.sign(claims()), 'text/plain'),
  'the JWT without content type': async () => doubles.answer(200, {}, await key.sign(claims())),
  'the JWT as `application/jwt+json`': async () => asJwt(await key.sign(claims()), 'application/jwt+json'),
  'a signed introspection answer': async () => asJwt(await key.sign(claims(), { typ: 'token-introspection+jwt' })),
  'the member `token_introspection`': async () => asJwt(await key.sign(claims({ token_introspection: { active: true } }))),
  nothing: () => asJwt(''),
  'an opaque text': () => asJwt('opaque'),
  'two JWTs': async () => asJwt(`${await key.sign(claims())} ${await key.sign(claims())}`),
  'HTML with the type of a JWT': () => asJwt('<html>a.b.c</html>'),
  'an ID token': async () => asJwt(await key.sign(claims({ at_hash: 'x' }))),
  'I21: another typ': async () => asJwt(await key.sign(claims(), { typ: 'JWT' })),
  'I21: no typ': async () => asJwt(await key.sign(claims(), { typ: undefined })),
  'I21: another iss': async () => asJwt(await key.sign(claims({ iss: 'https://other.example' }))),
  'I21: no iss': async () => asJwt(await key.sign(claims({ iss: undefined }))),
  'I21: no exp': async () => asJwt(await key.sign(claims({ exp: undefined }))),
  'I21: exp as text': async () => asJwt(await key.sign(claims({ exp: '9999999999' }) as never)),
  'I21: no aud': async () => asJwt(await key.sign(claims({ aud: undefined }))),
  'I21: iat in the future': async () => asJwt(await key.sign(claims({ iat: now() + 3600 }))),
  'I21: alg none': () => asJwt(new UnsecuredJWT(claims()).encode()),
  'I21: alg none in another spelling': () => asJwt(`${Buffer.from('{"alg":"None","typ":"at+jwt"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims())).toString('base64url')}.`),
  'I21: HS256 with the client secret': async () => asJwt(await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' }).sign(Buffer.from(clientSecret))),
  'I21: HS256 with the public key': async () => asJwt(await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' }).sign(Buffer.from(key.publicKey.export({ format: 'pem', type: 'spki' })))),
  'I21: the signature of somebody else': async () => asJwt(await (await signingKey('k1')).sign(claims())),
  'I21: a key ID that is not there': async () => asJwt(await (await signingKey('k2')).sign(claims())),
  'I21: its own key in the header': async () => { const other = await signingKey('k2'); return asJwt(await other.sign(claims(), { jwk: other.jwk() })) },
  'an encrypted JWT, and no decryption': async () => asJwt(await encrypted(await key.sign(claims()), generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)),
  'longer than is read': async () => asJwt(await key.sign(claims({ padding: 'x'.repeat(140_000) }))),
  gzip: async () => doubles.answer(200, { 'content-type': 'application/jwt', 'content-encoding': 'gzip' }, await key.sign(claims()))
}

async function encrypted (text: string, publicKey: Parameters<CompactEncrypt['encrypt']>[0], alg = 'ECDH-ES'): Promise<string> {
  return await new CompactEncrypt(Buffer.from(text)).setProtectedHeader({ alg, enc: 'A256GCM', cty: 'JWT' }).encrypt(publicKey)
}

for (const [what, behaviour] of Object.entries(faults)) {
  test(`S-30: ${what}: the server's fault, neither active nor 401`, async () => { await faulty(await behaviour()) })
}

for (const status of [201, 202, 203, 206, 301, 302, 307, 400, 404, 406, 415]) {
  test(`S-30: the JWT with status ${status} is a fault`, async () => {
    await faulty(async (call, response) => doubles.answer(status, { 'content-type': 'application/jwt', location: `${server.origin}/elsewhere` }, await key.sign(claims()))(call, response))
    assert.notEqual(server.calls.at(-1)?.url, '/elsewhere')
  })
}

test('the JWT of a token that has ended is an answer; the guard refuses it', async () => {
  assert.equal((await ask(asJwt(await key.sign(claims({ exp: now() - 3600 })))))?.goodUntil, now() - 3600 + 5)
})

const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = ours.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const decryption = { keys: [{ pem }], keyManagementAlgorithms: ['ECDH-ES' as const] }

test('148: a JWT that is encrypted to us is decrypted and verified', async () => {
  const jwe = await encrypted(await key.sign(claims()), ours.publicKey)
  assert.equal((await ask(asJwt(jwe), { decryption }))?.claims.sub, 'alice')
})

const badlyEncrypted: Record<string, () => Promise<string>> = {
  'I22: to another key': async () => await encrypted(await key.sign(claims()), generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
  'I22: twice': async () => await encrypted(await encrypted(await key.sign(claims()), ours.publicKey), ours.publicKey),
  'I22: and not signed': async () => await encrypted(JSON.stringify(claims()), ours.publicKey),
  'I22: an unsecured JWT inside': async () => await encrypted(new UnsecuredJWT(claims()).encode(), ours.publicKey),
  'I22: signed by somebody else inside': async () => await encrypted(await (await signingKey('k1')).sign(claims()), ours.publicKey),
  'I22: with another key management': async () => await encrypted(await key.sign(claims()), ours.publicKey, 'ECDH-ES+A256KW')
}

for (const [what, jwe] of Object.entries(badlyEncrypted)) {
  test(`${what}: the server's fault`, async () => { await faulty(asJwt(await jwe()), { decryption }) })
}

test('148: with decryption that is required, a JWT that is only signed is a fault', async () => {
  await faulty(asJwt(await key.sign(claims())), { decryption })
  assert.ok(await ask(asJwt(await key.sign(claims())), { decryption: { ...decryption, required: false } }))
})

test('401 and 503 of the server stay what they are, also with a JWT for a body', async () => {
  const jwt = await key.sign(claims())
  await refused('issuer_refused_us', ask(asJwt(jwt, 'application/jwt', 401)))
  await refused('issuer_unavailable', ask(asJwt(jwt, 'application/jwt', 503)))
})

test('trouble with the keys is trouble with the keys: 503', async (t: TestContext) => {
  const keys = await doubles.startDouble(doubles.json({}, 503))
  t.after(() => keys.close())
  const outcome = ask(asJwt(await key.sign(claims())), { jwks: undefined, jwksUri: `${keys.origin}/jwks` } as never)
  await refused('issuer_unavailable', outcome)
})

test('151: the JWT is not an access token of its own where only the answers are JWTs', async () => {
  const jwt = await key.sign(claims())
  const before = server.calls.length
  assert.equal(await ask(doubles.json({ active: false }), {}, jwt), null)
  assert.equal(server.calls.length, before + 1, 'it is asked for, as any other token')
})
