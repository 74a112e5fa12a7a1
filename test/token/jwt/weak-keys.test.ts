// RFC 7518 section 3.3, RFC 8725 sections 3.4 and 3.5: keys that prove nothing stop the boot, and are passed over where the issuer publishes them.
import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import type { JwtOptions } from '../../../lib/options.ts'
import { compileIssuer } from '../../../lib/token/compile.ts'
import type { TokenResolver } from '../../../lib/token/resolver.ts'
import { json, startDouble } from '../../doubles/authorization-server.ts'
import { refused } from '../refused.ts'
import { privateJwk } from './encrypted-tokens.ts'
import { ec, ed, encode, issuer, jwkOf, jwks, rsa, token, verifier, type Jwk } from './tokens.ts'

const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
const odd = generateKeyPairSync('rsa', { modulusLength: 2040 })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const rsaJwk = jwkOf(rsa.publicKey)
const ecJwk = jwkOf(ec.publicKey)

function evenModulus (): string {
  const modulus = Buffer.from(rsaJwk['n'] as string, 'base64url')
  modulus[modulus.length - 1] = 0xfe
  return encode(modulus)
}

const secret = jwkOf(createSecretKey(Buffer.alloc(64, 1)))

const weak: Array<[string, Jwk, RegExp]> = [
  ['T20, 156: RSA with 1024 bits', jwkOf(small.publicKey), /an RSA key of 1024 bits/],
  ['T20, 156: RSA with 2040 bits', jwkOf(odd.publicKey), /an RSA key of 2040 bits/],
  ['T20, 158: RSA with the exponent 1', { ...rsaJwk, e: 'AQ' }, /an RSA key with the exponent 1;/],
  ['T20, 158: RSA with the exponent 2', { ...rsaJwk, e: 'Ag' }, /an RSA key with the exponent 2;/],
  ['T20, 158: RSA with the exponent 65536', { ...rsaJwk, e: 'AQAA' }, /an RSA key with the exponent 65536/],
  ['T20, 158: RSA with the exponent 0', { ...rsaJwk, e: 'AA' }, /an RSA key with the exponent 0/],
  ['T20, 158: RSA with an even modulus', { ...rsaJwk, n: evenModulus() }, /an even modulus/],
  ['158: RSA without modulus', { kty: 'RSA', e: 'AQAB' }, /no public key/],
  ['158: EC off the curve', { ...ecJwk, y: ecJwk['x'] }, /no public key/],
  ['158: EC at (0, 0)', { ...ecJwk, x: 'A'.repeat(43), y: 'A'.repeat(43) }, /no public key/],
  ['158: EC with the name of another curve', { ...ecJwk, crv: 'P-384' }, /no public key/],
  ['158: EC without y', { kty: 'EC', crv: 'P-256', x: ecJwk['x'] }, /no public key/],
  ['158: an unknown curve', { ...ecJwk, crv: 'P-257' }, /no public key/],
  ['158: Ed25519 with 31 bytes', { ...jwkOf(ed.publicKey), x: encode(Buffer.alloc(31, 1)) }, /no public key/],
  ['an unknown kty', { kty: 'AKP', pub: 'AAAA' }, /no public key/],
  ['a kty in lower case', { ...rsaJwk, kty: 'rsa' }, /no public key/],
  ['135: use enc', { ...rsaJwk, use: 'enc' }, /`use` is not sig/],
  ['135: use SIG', { ...rsaJwk, use: 'SIG' }, /`use` is not sig/],
  ['135: use null', { ...rsaJwk, use: null }, /`use` is not sig/],
  ['135: key_ops without verify', { ...rsaJwk, key_ops: ['encrypt', 'wrapKey'] }, /`key_ops` do not hold verify/],
  ['135: key_ops empty', { ...rsaJwk, key_ops: [] }, /`key_ops` do not hold verify/],
  ['135: key_ops a string', { ...rsaJwk, key_ops: 'verify' }, /`key_ops` do not hold verify/],
  ['a kid that is no string', { ...rsaJwk, kid: 1 }, /`kid` is no short string/],
  ['a kid of 10 kB', { ...rsaJwk, kid: 'x'.repeat(10_000) }, /`kid` is no short string/],
  ['an alg that is no string', { ...rsaJwk, alg: ['RS256'] }, /`alg` is no string/],
  ['154: an alg that does not fit', { ...ecJwk, alg: 'RS256' }, /fits none of the algorithms/],
  ['155: an alg that nobody configured', { ...rsaJwk, alg: 'RS512' }, /fits none of the algorithms/],
  ['155: P-384, where ES384 is not configured', jwkOf(p384.publicKey), /fits none of the algorithms/],
  ['155: secp256k1', jwkOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey), /fits none of the algorithms/],
  ['155: X25519', jwkOf(generateKeyPairSync('x25519').publicKey), /fits none of the algorithms/],
  ['155: a secret among public keys', secret, /fits none of the algorithms/],
  ['159: a secret without k', { kty: 'oct' }, /without a proper `k`/]
]

async function stops (options: JwtOptions, message: RegExp, hidden: string): Promise<void> {
  await assert.rejects(verifier(options), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
    assert.match(error.message, message)
    assert.equal(hidden !== '' && error.message.includes(hidden), false)
    return true
  })
}

for (const [name, jwk, message] of weak) {
  test(`${name} stops the boot, in a set and alone`, async () => {
    const hidden = String(jwk['k'] ?? '')
    await stops({ jwks: { keys: [jwk] } }, message, hidden)
    await stops({ jwks: { keys: [...jwks.keys, jwk] } }, new RegExp(`jwks\\.keys\\[3\\].*${message.source}`), hidden)
    await stops({ keys: [{ jwk: jwks.keys[0] as Jwk }, { jwk }] }, new RegExp(`keys\\[1\\].*${message.source}`), hidden)
  })
}

test('T20, 156: an RSA key of 1024 bits in PEM stops the boot, also for decryption', async () => {
  const pem = (key: KeyObject): string => key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }) as string
  await stops({ keys: [{ pem: pem(small.publicKey) }] }, /an RSA key of 1024 bits/, pem(small.publicKey))
  for (const key of [{ pem: pem(small.privateKey) }, privateJwk(small.privateKey)]) {
    await stops({ jwks, decryption: { keys: [key], keyManagementAlgorithms: ['RSA-OAEP-256'] } }, /an RSA key of 1024 bits/, pem(small.privateKey))
  }
})

test('159: a secret that is shorter than the hash stops the boot', async () => {
  for (const [algorithm, bytes] of [['HS256', 32], ['HS384', 48], ['HS512', 64]] as const) {
    const of = (length: number) => ({ jwks: { keys: [jwkOf(createSecretKey(Buffer.alloc(length, 'p')))] }, algorithms: [algorithm] })
    await stops(of(bytes - 1), /fits none of the algorithms/, encode(Buffer.alloc(bytes - 1, 'p')))
    const key = createSecretKey(Buffer.alloc(bytes, 'p'))
    assert.equal((await (await verifier(of(bytes)))(token({}, { alg: algorithm, kid: undefined }, key))).claims.sub, 'alice')
  }
})

test('S-16: a public key among secrets stops the boot', async () => {
  for (const jwk of [rsaJwk, ecJwk]) await stops({ jwks: { keys: [secret, jwk] }, algorithms: ['HS256'] }, /jwks\.keys\[1\]: found a public \w+ key.*, which fits none/, secret['k'] as string)
})

test('135, 158: keys for decryption: what is public, is for signatures or fits nothing stops the boot', async () => {
  const of = (jwk: Jwk): JwtOptions => ({ jwks, decryption: { keys: [{ jwk }], keyManagementAlgorithms: ['RSA-OAEP-256'] } })
  const own = jwkOf(rsa.privateKey)
  await verifier(of(own))
  await verifier(of({ ...own, use: 'enc', key_ops: ['unwrapKey'], alg: 'RSA-OAEP-256' }))
  await stops(of(rsaJwk), /no private key/, '')
  await stops(of({ ...own, use: 'sig' }), /`use` is not enc/, own['d'] as string)
  await stops(of({ ...own, key_ops: ['sign'] }), /`key_ops` do not hold decrypt/, own['d'] as string)
  await stops(of({ ...own, alg: 'RS256' }), /fits none of the algorithms/, own['d'] as string)
  await stops(of(jwkOf(ec.privateKey)), /fits none of the algorithms/, jwkOf(ec.privateKey)['d'] as string)
  await stops(of(secret), /fits none of the algorithms/, secret['k'] as string)
})

test('T20, J3, J4, J11: in the set of an issuer such keys are passed over, and the others are used', async (t) => {
  const published = [
    ...weak.map(([, jwk], index) => ({ kid: `weak-${index}`, ...jwk })), { kid: 'private', ...jwkOf(rsa.privateKey) }, { kid: 'enc', ...rsaJwk, use: 'enc' }, null, 1, 'x', [], {}, { kid: 'ec', ...ecJwk }
  ]
  const double = await startDouble(json({ keys: published }))
  t.after(() => double.close())
  const { jwt, close } = await compileIssuer({ issuer: issuer.name, audience: 'a', jwt: { jwksUri: `${double.origin}/jwks`, algorithms: ['RS256', 'PS256', 'ES256'] }, allowInsecureLoopback: true }, 'issuer', () => {})
  t.after(close)
  const { resolve } = jwt as TokenResolver
  assert.equal((await resolve(token())).record?.claims.sub, 'alice')
  assert.equal((await resolve(token({}, { kid: undefined }))).record?.claims.sub, 'alice')
  for (const alg of ['RS256', 'PS256']) {
    for (const kid of ['weak-0', 'private', 'enc', undefined]) {
      for (const key of [rsa.privateKey, small.privateKey]) await refused('token_invalid', resolve(token({}, { alg, kid }, key)))
    }
  }
})
