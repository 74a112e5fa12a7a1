// Signed answers (RFC 9701): only what the issuer signed, for us and just now, is an answer.
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { after, before, test } from 'node:test'
import { CompactEncrypt, CompactSign, SignJWT, UnsecuredJWT } from 'jose'
import { accessTokenOf, type TokenRecord } from '../../lib/access-token.ts'
import type { IssuerOptions } from '../../lib/options.ts'
import * as doubles from '../doubles/authorization-server.ts'
import { refused } from './refused.ts'
import { compiled, recordOf } from './resolver-at.ts'
import { signingKey, type SigningKey } from './signing-key.ts'

const name = 'https://login.example.com'
const clientSecret = 'vR7-client-secret-9Qx-of-32-bytes-or-more'
const typ = 'token-introspection+jwt'
const media = `application/${typ}`
const now = (): number => Math.floor(Date.now() / 1000)
const active = { active: true, sub: 'alice', scope: 'read', cnf: { 'x5t#S256': 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0' } }
const claims = (more: Record<string, unknown> = {}) => ({ iss: name, aud: 'api', iat: now(), token_introspection: active, ...more })
let server: doubles.Double
let key: SigningKey
before(async () => {
  server = await doubles.startDouble(doubles.hang)
  key = await signingKey('k1')
})
after(() => server.close())

const sent = (jwt: string, contentType = media, status = 200): doubles.Behaviour => doubles.answer(status, { 'content-type': contentType }, jwt)
const sign = async (more: Record<string, unknown> = {}, header: Record<string, unknown> = {}, by = key): Promise<string> => await by.sign(claims(more) as never, { typ, ...header })

async function ask (behaviour: doubles.Behaviour, jwt: Partial<NonNullable<IssuerOptions['jwt']>> = {}): Promise<TokenRecord | null> {
  return await recordOf(server, behaviour, {
    issuer: name,
    audience: 'https://rs.example.com',
    allowInsecureLoopback: true,
    introspection: {
      endpoint: `${server.origin}/introspect`, response: 'signed', clientAuth: { method: 'client_secret_basic', clientId: 'api', clientSecret }
    },
    jwt: { jwks: { keys: [key.jwk()] as never }, ...jwt }
  })
}

async function faulty (behaviour: doubles.Behaviour, jwt?: Partial<NonNullable<IssuerOptions['jwt']>>): Promise<void> {
  const refusal = await refused('issuer_bad_response', ask(behaviour, jwt))
  assert.equal(refusal.statusCode, 502)
}

test('140, 147, 150: the answer is asked for by its media type, with our credentials, and verified', async () => {
  const record = await ask(sent(await sign()))
  assert.equal(record?.claims.sub, 'alice')
  assert.equal(accessTokenOf(record, false).confirmation?.['x5t#S256'], active.cnf['x5t#S256'])
  assert.equal(record.jwt, undefined, 'it is no access token')
  assert.equal(server.calls.at(-1)?.headers.accept, media)
  assert.match(server.calls.at(-1)?.headers.authorization ?? '', /^Basic /)
})

test('152: what is not active is null', async () => {
  assert.equal(await ask(sent(await sign({ token_introspection: { active: false } }))), null)
  assert.equal(await ask(sent(await sign({ token_introspection: { ...active, active: false } }))), null)
})

for (const type of [media, `${media}; charset=utf-8`, `${media.toUpperCase()};charset=utf-8`]) {
  test(`141: the content type ${type} is that of a signed answer`, async () => assert.ok(await ask(sent(await sign(), type))))
}

for (const form of [typ, `application/${typ}`, typ.toUpperCase()]) {
  test(`142: the typ ${form} is that of a signed answer`, async () => assert.ok(await ask(sent(await sign({}, { typ: form })))))
}

test('144: `aud` may be a list with us in it', async () => {
  assert.ok(await ask(sent(await sign({ aud: ['another', 'api'] }))))
})

test('145: half a minute of difference between clocks is nothing', async () => {
  assert.ok(await ask(sent(await sign({ iat: now() - 30 }))))
  assert.ok(await ask(sent(await sign({ iat: now() + 30 }))))
})

test('146: what stands beside `token_introspection` is not read', async () => {
  const record = await ask(sent(await sign({ sub: 'mallory', scope: 'admin', cnf: { 'x5t#S256': 'x' }, active: false, exp: now() + 10 })))
  assert.equal(record?.claims.sub, 'alice')
  assert.deepEqual([...record.scopes.set], ['read'])
  assert.deepEqual([record.claims.exp, record.goodUntil, accessTokenOf(record, false).expiresAt], [undefined, null, null])
})

const faults: Record<string, () => Promise<doubles.Behaviour> | doubles.Behaviour> = {
  '149: plain JSON': () => doubles.json(active),
  '149: plain JSON that says not active': () => doubles.json({ active: false }),
  '149: 204': () => doubles.answer(204, {}),
  '149: the claims as JSON with the type of a signed answer': () => sent(JSON.stringify(claims())),
  '141: as application/jwt': async () => sent(await sign(), 'application/jwt'),
  '141: as application/json': async () => sent(await sign(), 'application/json'),
  '141: as text/plain': async () => sent(await sign(), 'text/plain'),
  '141: without content type': async () => doubles.answer(200, {}, await sign()),
  '141: a longer type': async () => sent(await sign(), `${media}x`),
  '142: typ at+jwt': async () => sent(await sign({}, { typ: 'at+jwt' })),
  '142: typ JWT': async () => sent(await sign({}, { typ: 'JWT' })),
  '142: no typ': async () => sent(await sign({}, { typ: undefined })),
  '142: typ a list': async () => sent(await sign({}, { typ: [typ] })),
  '142: an access token': async () => sent(await key.sign({ iss: name, aud: 'api', sub: 'alice', iat: now(), exp: now() + 60 })),
  '143: another iss': async () => sent(await sign({ iss: `${name}/` })),
  '143: no iss': async () => sent(await sign({ iss: undefined })),
  '143: iss in a list': async () => sent(await sign({ iss: [name] })),
  '144: another aud': async () => sent(await sign({ aud: 'api2' })),
  '144: no aud': async () => sent(await sign({ aud: undefined })),
  '144: an empty aud': async () => sent(await sign({ aud: [] })),
  '144: aud in a list in a list': async () => sent(await sign({ aud: [['api']] })),
  '144: aud an object': async () => sent(await sign({ aud: { 0: 'api' } })),
  '144: aud null': async () => sent(await sign({ aud: null })),
  '145: no iat': async () => sent(await sign({ iat: undefined })),
  '145: an old iat': async () => sent(await sign({ iat: now() - 120 })),
  '145: an iat in the future': async () => sent(await sign({ iat: now() + 120 })),
  '145: iat as text': async () => sent(await sign({ iat: String(now()) })),
  '145: iat null': async () => sent(await sign({ iat: null })),
  '145: iat in milliseconds': async () => sent(await sign({ iat: Date.now() })),
  'I21: an exp that has passed': async () => sent(await sign({ exp: now() - 10 })),
  'I21: exp as text': async () => sent(await sign({ exp: String(now() + 10) })),
  'I21: exp null': async () => sent(await sign({ exp: null })),
  '146: `active` at the top only': async () => sent(await sign({ token_introspection: undefined, ...active })),
  '152: token_introspection as text': async () => sent(await sign({ token_introspection: JSON.stringify(active) })),
  '152: token_introspection null': async () => sent(await sign({ token_introspection: null })),
  '152: token_introspection a list': async () => sent(await sign({ token_introspection: [active] })),
  '152: token_introspection true': async () => sent(await sign({ token_introspection: true })),
  '152: token_introspection without active': async () => sent(await sign({ token_introspection: { sub: 'alice' }, active: true })),
  '152: active "true"': async () => sent(await sign({ token_introspection: { ...active, active: 'true' } })),
  '152: active 1': async () => sent(await sign({ token_introspection: { ...active, active: 1 } })),
  '152: a claim of another type': async () => sent(await sign({ token_introspection: { ...active, exp: 'soon' } })),
  '147: alg none': () => sent(new UnsecuredJWT(claims() as never).encode()),
  '147: alg none with typ': () => sent(`${part({ alg: 'none', typ })}.${part(claims())}.`),
  '147: HS256 with the client secret': async () => sent(await new SignJWT(claims() as never).setProtectedHeader({ alg: 'HS256', typ, kid: 'k1' }).sign(Buffer.from(clientSecret))),
  '147: the signature of somebody else': async () => sent(await sign({}, {}, await signingKey('k1'))),
  '147: a key ID that is not there': async () => sent(await sign({}, {}, await signingKey('k2'))),
  '147: its own key in the header': async () => { const other = await signingKey('k2'); return sent(await sign({}, { jwk: other.jwk() }, other)) },
  '147: a payload that was changed': async () => sent((await sign({ token_introspection: { active: false } })).replace(/\.[^.]*\./, `.${part(claims())}.`)),
  '147: an extension that must be understood': async () => sent(await signText(JSON.stringify(claims()), { crit: ['x'], x: 1 })),
  'a member twice': async () => sent(await signText(JSON.stringify(claims()).replace('{', '{"token_introspection":{"active":false},'))),
  'a claim set that is no object': async () => sent(await signText(JSON.stringify([claims()]))),
  'the prototype': async () => sent(await signText(JSON.stringify({ ...claims(), token_introspection: undefined }).replace('{', '{"__proto__":{"token_introspection":{"active":true}},'))),
  'two answers': async () => sent(`${await sign()}\n${await sign()}`),
  nothing: () => sent(''),
  'longer than is read': async () => sent(await sign({ padding: 'x'.repeat(140_000) })),
  'encrypted, and no decryption': async () => sent(await encrypted(await sign(), ours.publicKey))
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** A signature over any text. */
async function signText (text: string, header: { crit?: string[], x?: number } = {}): Promise<string> {
  return await new CompactSign(Buffer.from(text)).setProtectedHeader({ alg: 'ES256', kid: 'k1', typ, ...header }).sign(key.privateKey, { crit: { x: true } })
}

async function encrypted (text: string, to: KeyObject, alg = 'ECDH-ES'): Promise<string> {
  return await new CompactEncrypt(Buffer.from(text)).setProtectedHeader({ alg, enc: 'A256GCM', cty: 'JWT' }).encrypt(to)
}

for (const [what, behaviour] of Object.entries(faults)) {
  test(`S-30: ${what}: the server's fault, neither active nor 401`, async () => { await faulty(await behaviour()) })
}

const decryption = { keys: [{ pem: ours.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() }], keyManagementAlgorithms: ['ECDH-ES' as const] }

test('148: an answer that is encrypted to us is decrypted and verified', async () => {
  assert.equal((await ask(sent(await encrypted(await sign(), ours.publicKey)), { decryption }))?.claims.sub, 'alice')
})

const badlyEncrypted: Record<string, () => Promise<string>> = {
  'to another key': async () => await encrypted(await sign(), stranger.publicKey),
  twice: async () => await encrypted(await encrypted(await sign(), ours.publicKey), ours.publicKey),
  'and not signed': async () => await encrypted(JSON.stringify(claims()), ours.publicKey),
  'an unsecured JWT inside': async () => await encrypted(new UnsecuredJWT(claims() as never).encode(), ours.publicKey),
  'signed by somebody else inside': async () => await encrypted(await sign({}, {}, await signingKey('k1')), ours.publicKey),
  'with another key management': async () => await encrypted(await sign(), ours.publicKey, 'ECDH-ES+A256KW'),
  'for another service inside': async () => await encrypted(await sign({ aud: 'api2' }), ours.publicKey)
}

for (const [what, jwe] of Object.entries(badlyEncrypted)) {
  test(`I22: encrypted ${what}: the server's fault`, async () => { await faulty(sent(await jwe()), { decryption }) })
}

test('148: even where encryption alone is enough for tokens, an answer must be signed', async () => {
  const k = Buffer.alloc(32, 9)
  const jwe = await new CompactEncrypt(Buffer.from(JSON.stringify(claims()))).setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ }).encrypt(k)
  const shared = { keys: [{ jwk: { kty: 'oct', k: k.toString('base64url') } }], keyManagementAlgorithms: ['dir' as const], allowUnsigned: true }
  await faulty(sent(jwe), { decryption: shared })
})

for (const status of [201, 204, 301, 302, 307, 400, 404, 406, 415]) {
  test(`S-30: a signed answer with status ${status} is a fault`, async () => {
    const jwt = await sign()
    await faulty(doubles.answer(status, { 'content-type': media, location: `${server.origin}/elsewhere` }, status === 204 ? '' : jwt))
    assert.notEqual(server.calls.at(-1)?.url, '/elsewhere')
  })
}

test('401 and 503 of the server stay what they are', async () => {
  await refused('issuer_refused_us', ask(sent(await sign(), media, 401)))
  await refused('issuer_unavailable', ask(sent(await sign(), media, 503)))
})

test('144: without a client identifier there is no `aud` to compare: it stops the boot', async () => {
  const options = {
    issuer: name,
    audience: 'rs',
    introspection: { endpoint: 'https://login.example.com/i', response: 'signed', clientAuth: { method: 'bearer', token: 'x' } },
    jwt: { jwks: { keys: [key.jwk()] } }
  }
  await assert.rejects(compiled(options as never, 'options.issuers[0]'), { code: 'FST_BOUND_TOKEN_OPTIONS', message: /^options\.issuers\[0\]\.introspection\.clientAuth\.clientId: missing/ })
})
