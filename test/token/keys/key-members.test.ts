// Which keys of a set are used, and for what.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, afterEach, before, beforeEach, mock, test, type TestContext } from 'node:test'
import { SignJWT } from 'jose'
import * as doubles from '../../doubles/authorization-server.ts'
import { signingKey, type SigningKey } from '../signing-key.ts'
import { keysAt } from './keys-at.ts'
import { readAgain } from '../../read-again.ts'

let server: doubles.Double
let good: SigningKey
let token: string
before(async () => {
  server = await doubles.startDouble(doubles.hang)
  good = await signingKey('good')
  token = await good.sign({ sub: 'alice' })
})
after(() => server.close())
beforeEach(() => {
  server.calls.length = 0
  mock.timers.enable({ apis: ['Date', 'setInterval'], now: 1_800_000_000_000 })
})
afterEach(() => mock.timers.reset())

/** What becomes of a token where this stands beside a good key, and that the good one works. */
async function outcomeBeside (t: TestContext, jwks: unknown[], candidate: string): Promise<string> {
  server.behave(doubles.json({ keys: [...jwks, good.jwk()] }))
  const keys = keysAt(t, server)
  assert.equal(await keys.outcome(token), 'verified', 'the good key does not work any more')
  return await keys.outcome(candidate)
}

test('J2: of two keys with one key ID the fitting one is found, whichever comes first', async (t) => {
  const ec = await signingKey('same')
  const rsa = await signingKey('same', 'RS256')
  const encryption = await signingKey('same')
  for (const jwks of [[ec.jwk(), rsa.jwk()], [rsa.jwk(), ec.jwk()], [encryption.jwk({ use: 'enc' }), rsa.jwk(), ec.jwk()], [(await signingKey('same')).jwk(), ec.jwk(), rsa.jwk()]]) {
    assert.equal(await outcomeBeside(t, jwks, await ec.sign({})), 'verified')
    assert.equal(await outcomeBeside(t, jwks, await rsa.sign({})), 'verified')
  }
  assert.equal(await outcomeBeside(t, [ec.jwk(), rsa.jwk()], await (await signingKey('same')).sign({})), 'token_invalid')
})

test('J2: a key is for its `alg` alone', async (t) => {
  const rsa = await signingKey('rsa', 'RS256')
  const pss = await new SignJWT({}).setProtectedHeader({ alg: 'PS256', kid: 'rsa' }).sign(rsa.privateKey)
  assert.equal(await outcomeBeside(t, [rsa.jwk({ alg: 'RS256' })], pss), 'token_invalid')
  assert.equal(await outcomeBeside(t, [rsa.jwk({ alg: 'PS256' })], pss), 'verified')
  assert.equal(await outcomeBeside(t, [rsa.jwk()], pss), 'verified')
  assert.equal(await outcomeBeside(t, [rsa.jwk({ alg: 'PS256' })], await rsa.sign({})), 'token_invalid')
})

test('J3: a key that is published with its private part proves nothing', async (t) => {
  const leaked = await signingKey('leaked')
  const { d } = leaked.privateKey.export({ format: 'jwk' })
  assert.equal(await outcomeBeside(t, [leaked.jwk({ d })], await leaked.sign({})), 'token_invalid')
  const rsa = await signingKey('leaked', 'RS256')
  const { d: exponent, p, q, dp, dq, qi } = rsa.privateKey.export({ format: 'jwk' })
  for (const member of [{ d: exponent }, { p }, { q }, { dp }, { dq }, { qi }, { d: exponent, p, q, dp, dq, qi }, { oth: [] }]) {
    assert.equal(await outcomeBeside(t, [rsa.jwk(member)], await rsa.sign({})), 'token_invalid', Object.keys(member).join())
  }
})

test('J3: a symmetric key that is published proves nothing, not even where HS256 would be allowed', async (t) => {
  const secret = Buffer.alloc(64, 7)
  const jwk = { kty: 'oct', kid: 'oct', k: secret.toString('base64url') }
  const signed = await new SignJWT({}).setProtectedHeader({ alg: 'HS256', kid: 'oct' }).sign(secret)
  server.behave(doubles.json({ keys: [jwk, good.jwk()] }))
  const keys = keysAt(t, server, { algorithms: ['ES256', 'HS256'] })
  assert.equal(await keys.outcome(token), 'verified')
  assert.equal(await keys.outcome(signed), 'token_invalid')
})

test('J3: a public key is never a secret: its PEM, its JWK, its modulus as an HS256 key', async (t) => {
  const rsa = await signingKey('rsa', 'RS256')
  server.behave(doubles.json({ keys: [rsa.jwk()] }))
  const keys = keysAt(t, server, { algorithms: ['RS256', 'HS256'] })
  assert.equal(await keys.outcome(await rsa.sign({})), 'verified')
  for (const text of [rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString(), JSON.stringify(rsa.jwk()), Buffer.from(rsa.jwk().n as string, 'base64url')]) {
    const secret = Buffer.from(text)
    assert.equal(await keys.outcome(await new SignJWT({}).setProtectedHeader({ alg: 'HS256', kid: 'rsa' }).sign(secret)), 'token_invalid')
  }
})

const notForUs: Record<string, Record<string, unknown>> = {
  '`use: enc`': { use: 'enc' },
  'an unknown `use`': { use: 'tls' },
  '`use` null': { use: null },
  '`use` a list': { use: ['sig'] },
  '`key_ops` for wrapping': { use: undefined, key_ops: ['wrapKey'] },
  '`key_ops` without one': { key_ops: [] },
  '`key_ops` a string': { key_ops: 'verify' },
  '`key_ops` for signing': { key_ops: ['sign'] },
  'another `alg`': { alg: 'ES384' },
  'an `alg` of encryption': { alg: 'ECDH-ES' },
  '`alg: none`': { alg: 'none' },
  '`alg` no string': { alg: ['ES256'] },
  '`kty` unknown': { kty: 'XMSS' },
  '`kty` of another family': { kty: 'RSA' },
  '`kty` null': { kty: null },
  '`crv` unknown': { crv: 'secp256k1' },
  '`crv` of another length': { crv: 'P-384' },
  '`kid` a number': { kid: 7 },
  '`kid` too long': { kid: 'x'.repeat(1025) },
  'no coordinate': { y: undefined },
  'a coordinate that is no string': { y: 7 },
  'J11: a point that is not on the curve': { y: Buffer.alloc(32, 5).toString('base64url') },
  'J11: the point at infinity': { x: '', y: '' },
  'J11: zeros': { x: Buffer.alloc(32).toString('base64url'), y: Buffer.alloc(32).toString('base64url') }
}

for (const [name, members] of Object.entries(notForUs)) {
  test(`${name.startsWith('J') ? '' : 'J4: '}${name}: the key is passed over, the others work`, async (t) => {
    const odd = await signingKey('odd')
    assert.equal(await outcomeBeside(t, [odd.jwk(members)], await odd.sign({})), 'token_invalid')
  })
}

test('J4: `key_ops` that hold `verify` among others are fine', async (t) => {
  const odd = await signingKey('odd')
  assert.equal(await outcomeBeside(t, [odd.jwk({ use: undefined, key_ops: ['verify', 'wrapKey'] })], await odd.sign({})), 'verified')
})

test('J5: what stands in `x5c`, `x5u` and `x5t` changes nothing, and nobody is asked for it', async (t) => {
  const odd = await signingKey('odd')
  const more = { x5c: ['AAAA'], x5u: `${server.origin}/certificate`, x5t: 'x', jku: `${server.origin}/more`, 'x5t#S256': 'y' }
  assert.equal(await outcomeBeside(t, [odd.jwk(more)], await odd.sign({})), 'verified')
  assert.deepEqual([...new Set(server.calls.map(({ url }) => url))], ['/jwks'])
})

test('J5: what a token brings along is never used: `jwk`, `jku`, `x5c`, `x5u`', async (t) => {
  const mallory = await signingKey('mallory')
  server.behave(doubles.json({ keys: [good.jwk()] }))
  const keys = keysAt(t, server)
  await keys.verify(token)
  for (const header of [{ jwk: mallory.jwk() }, { jku: `${server.origin}/mallory` }, { x5u: `${server.origin}/mallory` }, { x5c: ['AAAA'] }]) {
    for (const kid of ['good', 'mallory', undefined]) assert.equal(await keys.outcome(await mallory.sign({}, { ...header, kid })), 'token_invalid')
  }
  assert.deepEqual([...new Set(server.calls.map(({ url }) => url))], ['/jwks'])
})

const weakKeys: Record<string, () => { jwk: Record<string, unknown>, token: () => Promise<string> }> = {
  'J11: an RSA key of 1024 bits': () => weak(1024),
  'J11: an RSA key of 512 bits': () => weak(512),
  'J11: an RSA key with the exponent 1': () => weak(2048, { e: 'AQ' }),
  'J11: an RSA key with an even exponent': () => weak(2048, { e: 'Ag' }),
  'J11: an RSA key with an even modulus': () => weak(2048, { n: Buffer.alloc(256, 0xfe).toString('base64url') })
}

function weak (modulusLength: number, more: Record<string, unknown> = {}): { jwk: Record<string, unknown>, token: () => Promise<string> } {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength })
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'weak' })).toString('base64url')
  // With the exponent 1 everybody can sign: the signature is the padded hash itself. Here it is enough that nothing is verified.
  return { jwk: { ...readAgain(publicKey).export({ format: 'jwk' }), kid: 'weak', ...more }, token: async () => `${header}.e30.${Buffer.alloc(modulusLength / 8, 1).toString('base64url')}` }
}

for (const [name, make] of Object.entries(weakKeys)) {
  test(`${name} is passed over, the others work`, async (t) => {
    const { jwk, token: signed } = make()
    assert.equal(await outcomeBeside(t, [jwk], await signed()), 'token_invalid')
    server.behave(doubles.json({ keys: [jwk] }))
    assert.equal(await keysAt(t, server).outcome(await signed()), 'issuer_bad_response', 'a set with nothing else has no usable key')
  })
}

test('keys without a key ID are for every token, tokens without one for every key', async (t) => {
  const nameless = await signingKey(undefined)
  assert.equal(await outcomeBeside(t, [nameless.jwk()], await nameless.sign({}, { kid: 'any' })), 'verified')
  assert.equal(await outcomeBeside(t, [nameless.jwk()], await nameless.sign({})), 'verified')
  assert.equal(await outcomeBeside(t, [], await good.sign({}, { kid: undefined })), 'verified')
  assert.equal(await outcomeBeside(t, [], await good.sign({}, { kid: 'another' })), 'token_invalid')
})

const forNoSignature: Record<string, () => object> = {
  X25519: () => generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }),
  Ed448: () => generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' }),
  secp256k1: () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' }),
  'an `alg` of encryption': () => good.jwk({ alg: 'ECDH-ES' })
}

for (const [name, jwk] of Object.entries(forNoSignature)) {
  test(`J1, J4: a set with nothing but ${name} pushes out no good key`, async (t) => {
    server.behave(doubles.json({ keys: [good.jwk()] }))
    const keys = keysAt(t, server)
    await keys.verify(token)
    server.behave(doubles.json({ keys: [jwk()] }))
    mock.timers.tick(300_000)
    await keys.settled()
    assert.equal(await keys.outcome(token), 'verified')
    assert.equal(keys.troubles[0]?.reason, 'issuer_bad_response')
  })
}
