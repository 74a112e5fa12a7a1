// Whatever comes: refused or good by every rule, never another exception.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isRefusal } from '../../../lib/errors.ts'
import { dispatcher } from '../../../lib/token/dispatch.ts'
import { decodePart, namedIssuer, readPart, shapeOf } from '../../../lib/token/shape.ts'
import { encrypted, encryptedFor, nested, ourEc, ourRsa, rawJwe } from './encrypted-tokens.ts'
import { accessTokenHeader, claimsWith, ec, ed, encode, issuer, now, rawJws, rsa, signerFor, token, verifier, type Verifier } from './tokens.ts'

const verify = await verifier()
const verifyEncrypted = await verifier(encryptedFor({ required: false, allowUnsigned: true }))

/** Whether it was refused; anything else that is thrown fails the test. */
async function isRefused (verify: Verifier, text: string): Promise<boolean> {
  try {
    await verify(text)
    return false
  } catch (error) {
    if (!isRefusal(error)) throw error
    assert.match(error.reason, /^token_/)
    return true
  }
}

const base64url = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
const sign = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...base64url) }, { weight: 1, arbitrary: fc.constantFrom('.', '=', '+', '/', ' ', '\n', '\0', '~', '%', '\u0141', '\u3002', '\ud800') })
const change = fc.record({ kind: fc.constantFrom('insert', 'delete', 'replace', 'swap'), at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), sign })

function changed (text: string, { kind, at, sign }: { kind: string, at: number, sign: string }): string {
  const index = Math.floor(at * text.length)
  const [before, after] = [text.slice(0, index), text.slice(index)]
  if (kind === 'insert') return before + sign + after
  if (kind === 'delete') return before + after.slice(1)
  if (kind === 'replace') return before + sign + after.slice(1)
  return before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2)
}

const signed = [token(), token({}, { alg: 'EdDSA', kid: 'ed' }, ed.privateKey), token({}, { alg: 'PS256', kid: 'rsa' }, rsa.privateKey), token({}, { alg: 'RS256', kid: undefined }, rsa.privateKey)]
const sealed = [
  await nested(), rawJwe({ typ: 'at+jwt' }, JSON.stringify(claimsWith())),
  await encrypted(token(), { alg: 'RSA-OAEP-256' }, ourRsa.publicKey), await encrypted(token(), { alg: 'ECDH-ES+A128KW', enc: 'A128CBC-HS256' }, ourEc.publicKey)
]

test('T18, 138: no other spelling: whatever single sign of a good JWS changes, it is refused', async () => {
  for (const good of signed) {
    assert.equal(await isRefused(verify, good), false)
    await fc.assert(fc.asyncProperty(change, async (change) => {
      const other = changed(good, change)
      fc.pre(other !== good)
      assert.ok(await isRefused(verify, other), other)
    }), { numRuns: 700 })
  }
})

test('T18, 138: no other spelling: whatever single sign of a good JWE changes, it is refused', async () => {
  for (const good of sealed) {
    assert.equal(await isRefused(verifyEncrypted, good), false)
    await fc.assert(fc.asyncProperty(change, async (change) => {
      const other = changed(good, change)
      fc.pre(other !== good)
      assert.ok(await isRefused(verifyEncrypted, other), other)
    }), { numRuns: 400 })
  }
})

test('T18: parts of good tokens in another order, more often or fewer times', async () => {
  const parts = fc.constantFrom(...[...signed, ...sealed].flatMap((good) => good.split('.')), '')
  const good = new Set([...signed, ...sealed])
  await fc.assert(fc.asyncProperty(fc.array(parts, { maxLength: 6 }), async (parts) => {
    const text = parts.join('.')
    fc.pre(!good.has(text))
    assert.ok(await isRefused(verifyEncrypted, text), text)
  }), { numRuns: 1000 })
})

const json = fc.jsonValue({ maxDepth: 3 })
const names = ['alg', 'typ', 'kid', 'enc', 'zip', 'crit', 'b64', 'epk', 'apu', 'apv', 'iv', 'tag', 'p2c', 'p2s', 'jwk', 'iss', 'cty', '__proto__']
const values = fc.constantFrom('ES256', 'RS256', 'PS256', 'EdDSA', 'dir', 'ECDH-ES', 'RSA-OAEP-256', 'A256KW', 'A256GCMKW', 'A256GCM', 'A128CBC-HS256', 'at+jwt', 'ec', 'rsa')
const header = fc.dictionary(fc.constantFrom(...names), fc.oneof(json, values))
const part = fc.oneof(fc.uint8Array({ maxLength: 60 }).map(encode), header.map((value) => encode(JSON.stringify(value))), json.map((value) => encode(JSON.stringify(value))), fc.string(), fc.constant(''))
const dotted = fc.tuple(part, part, part, part, part).chain((parts) => fc.constantFrom(3, 5, 1, 2, 4).map((count) => parts.slice(0, count).join('.')))

test('S-24: garbage is refused, by whatever rules and whatever way, and nothing else is thrown', async () => {
  const { resolve } = dispatcher([])
  await fc.assert(fc.asyncProperty(fc.oneof(dotted, fc.string({ unit: 'binary' })), async (text) => {
    for (const verifier of [verify, verifyEncrypted]) assert.ok(await isRefused(verifier, text))
    assert.ok(await isRefused(async (text) => (await resolve(text)).record as never, text))
  }), { numRuns: 3000 })
})

const strange = fc.oneof(json, fc.constantFrom(null, -1, 1e15, 1e308, now() + 100, now() - 100, 0, '', issuer.name, [issuer.name], 'https://api.example.com', [['https://api.example.com']]))
const claimNames = ['iss', 'aud', 'exp', 'nbf', 'iat', 'sub', 'client_id', 'jti', 'scope', 'cnf', 'acr', 'auth_time', 'token_use', 'token_type', 'events', 'username', '__proto__', 'x']

test('T11 to T17: strange claims under a good signature: refused, or good by every rule', async () => {
  await fc.assert(fc.asyncProperty(fc.dictionary(fc.constantFrom(...claimNames), strange, { maxKeys: 4 }), async (strange) => {
    const claims = { ...claimsWith(), ...strange }
    const record = await verify(rawJws(JSON.stringify(accessTokenHeader), JSON.stringify(claims), signerFor('ES256', ec.privateKey))).catch((error: unknown) => {
      if (!isRefusal(error)) throw error
      return null
    })
    if (record === null) return
    assert.equal(record.claims.iss, issuer.name)
    assert.ok(Number.isFinite(record.goodUntil) && record.claims.exp === claims['exp'])
    assert.ok(record.audience.every((member) => typeof member === 'string'))
    assert.equal(record.requirement.kind === 'none', !Object.hasOwn(claims, 'cnf'))
    assert.ok((record.claims.iat ?? 0) <= now() + 5)
    assert.deepEqual([...record.scopes.set].join(' '), [...new Set(String(record.claims.scope ?? '').split(' ').filter(Boolean))].join(' '))
    assert.equal(Object.hasOwn(claims, 'events'), false)
  }), { numRuns: 2000 })
})

test('strange headers over a good signature: refused, or with the algorithm and the type of an access token', async () => {
  await fc.assert(fc.asyncProperty(header, async (strange) => {
    const full: Record<string, unknown> = { ...accessTokenHeader, ...strange }
    const text = rawJws(JSON.stringify(full), JSON.stringify(claimsWith()), signerFor('ES256', ec.privateKey))
    if (await isRefused(verify, text)) return
    assert.deepEqual([full['alg'], full['typ'], full['crit'], full['b64']], ['ES256', 'at+jwt', undefined, undefined])
  }), { numRuns: 2000 })
})

test('138: a part is decoded where it is the one spelling of its bytes, and nowhere else', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    assert.deepEqual(decodePart(encode(bytes)), Buffer.from(bytes))
  }))
  fc.assert(fc.property(fc.oneof(fc.string({ unit: fc.constantFrom(...base64url) }), fc.string({ unit: 'binary' }), fc.base64String()), (text) => {
    const bytes = decodePart(text)
    assert.ok(bytes === null || encode(bytes) === text)
    if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) assert.equal(bytes, null)
  }), { numRuns: 3000 })
  assert.equal(decodePart(undefined), null)
})

test('the shape and the issuer of any text are found without an exception', () => {
  fc.assert(fc.property(fc.oneof(dotted, fc.string({ unit: 'binary' })), (text) => {
    const shape = shapeOf(text)
    assert.equal(shape, { 3: 'jws', 5: 'jwe' }[text.split('.').length] ?? 'opaque')
    const named = namedIssuer(text)
    assert.ok(named === null || typeof named === 'string')
    const read = readPart(text)
    assert.ok(read === null || (typeof read === 'object' && !Array.isArray(read)))
  }), { numRuns: 3000 })
})

test('the issuer is that of the payload of a JWS, and that of the header of a JWE', () => {
  fc.assert(fc.property(json, json, (inHeader, inPayload) => {
    const [header, payload] = [encode(JSON.stringify({ iss: inHeader })), encode(JSON.stringify({ iss: inPayload }))]
    assert.equal(namedIssuer(`${header}.${payload}.AA`), typeof inPayload === 'string' ? inPayload : null)
    assert.equal(namedIssuer(`${header}.${payload}.AA.AA.AA`), typeof inHeader === 'string' ? inHeader : null)
  }))
  assert.equal(namedIssuer(`${encode('{}')}.${encode('{"__proto__":{"iss":"x"}}')}.AA`), null)
})
