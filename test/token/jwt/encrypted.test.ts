// RFC 9068 section 4, RFC 8725 sections 3.3 and 3.6: encrypted tokens.
import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { unseal, type Sealed } from '../../../lib/seal.ts'
import { refused } from '../refused.ts'
import { encrypted, encryptedFor, nested, ourEc, ourRsa, privateJwk, rawJwe, shared, ways } from './encrypted-tokens.ts'
import { claimsWith, encode, issuer, jwks, now, rawJws, signerFor, token, verifier } from './tokens.ts'

const verify = await verifier(encryptedFor())
const verifyUnsigned = await verifier(encryptedFor({ allowUnsigned: true }))
const verifySignedOnly = await verifier()
const claims = (more: Record<string, unknown> = {}): string => JSON.stringify(claimsWith(more))

for (const [name, header, key] of ways) {
  test(`128: ${name}, with a signed token inside`, async () => {
    const inner = token()
    const outer = await encrypted(inner, header, key)
    const record = await verify(outer)
    assert.equal(record.claims.sub, 'alice')
    assert.equal(unseal(record.jwt as Sealed, outer), inner)
    assert.equal((await verifyUnsigned(outer)).claims.sub, 'alice')
  })

  test(`T34, S-23, 130: ${name}, with claims inside that nobody signed`, async () => {
    for (const typ of ['at+jwt', undefined]) {
      for (const plaintext of [claims(), ` ${claims()}`, `.${claims()}.`, `${encode('{}')}.${encode(claims())}`, encode(claims())]) {
        await refused('token_invalid', verify(await encrypted(plaintext, { ...header, typ }, key)))
      }
    }
    const isSymmetric = key.type === 'secret'
    const bare = verifyUnsigned(await encrypted(claims(), { ...header, typ: 'at+jwt', cty: undefined }, key))
    if (isSymmetric) assert.deepEqual([(await bare).claims.sub, (await bare).jwt], ['alice', undefined])
    else await refused('token_invalid', bare)
  })

  test(`128, 157: ${name}, with a token inside that is refused`, async () => {
    const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    for (const inner of [
      token({}, {}, attacker), token({}, { alg: 'none' }), rawJws(JSON.stringify({ alg: 'none', typ: 'at+jwt' }), claims(), () => Buffer.alloc(0)), `${token()} `, ` ${token()}`, `${token()}\n`, token().slice(0, -1),
      token({ exp: undefined }), token({ aud: undefined }), token({}, { crit: ['exp'] }), token({}, { kid: 'unknown' }), JSON.stringify(token()), '', '..', 'a.b.c'
    ]) {
      for (const verifier of [verify, verifyUnsigned]) await refused('token_invalid', verifier(await encrypted(inner, header, key)))
    }
    await refused('token_issuer_mismatch', verify(await encrypted(token({ iss: 'https://other.example.com' }), header, key)))
    await refused('token_not_yet_valid', verify(await encrypted(token({ iat: now() + 600 }), header, key)))
  })

  test(`167, 168: ${name}: the type of the token inside counts, that of the JWE and its cty are not enough`, async () => {
    for (const outer of [{ typ: 'at+jwt' }, { typ: 'at+jwt', cty: 'at+jwt' }, {}]) {
      for (const typ of ['JWT', undefined, 'logout+jwt', 'dpop+jwt']) await refused('token_invalid', verify(await encrypted(token({}, { typ }), { ...header, ...outer }, key)))
    }
    for (const cty of [undefined, 'JWT', 'at+jwt', 'x']) assert.equal((await verify(await encrypted(token(), { ...header, cty }, key))).claims.sub, 'alice')
  })
}

test('T34, S-23, 168: claims that nobody signed, with the flag, by all the rules for claims', async () => {
  const bare = (more: Record<string, unknown>, typ: unknown = 'at+jwt') => verifyUnsigned(rawJwe({ typ }, claims(more)))
  assert.equal((await bare({})).claims.sub, 'alice')
  for (const claim of ['exp', 'aud']) await refused('token_invalid', bare({ [claim]: undefined }))
  await refused('token_issuer_mismatch', bare({ iss: 'https://other.example.com' }))
  await refused('token_not_yet_valid', bare({ iat: now() + 600 }))
  for (const typ of [undefined, null, 'JWT', 'logout+jwt', 1]) await refused('token_invalid', verifyUnsigned(rawJwe({ typ: typ as string }, claims())))
  for (const more of [{ events: {} }, { at_hash: 'x' }, { token_use: 'id' }]) await refused('token_invalid', bare(more))
})

test('S-23, 130: the flag makes nothing of a public key, also where a secret one is configured beside it', async () => {
  const verify = await verifier({ jwks, decryption: { keys: [privateJwk(ourRsa.privateKey), privateJwk(shared)], keyManagementAlgorithms: ['RSA-OAEP-256', 'dir'], allowUnsigned: true } })
  const forged = await encrypted(claims(), { alg: 'RSA-OAEP-256', typ: 'at+jwt' }, ourRsa.publicKey)
  await refused('token_invalid', verify(forged))
  // `dir` with the key that went to the RSA key: two parts of one token and the header of another.
  const [, ...parts] = forged.split('.')
  for (const header of [{ alg: 'dir', enc: 'A256GCM', typ: 'at+jwt' }, { alg: 'dir', enc: 'A256GCM' }]) await refused('token_invalid', verify([encode(JSON.stringify(header)), ...parts].join('.')))
})

test('T30, 129: encrypted where it should not be, and not where it should', async () => {
  await refused('token_invalid', verifySignedOnly(await nested()))
  const refusal = await refused('token_invalid', verify(token()))
  assert.equal(refusal.detail, 'it is not encrypted')
  await refused('token_invalid', verifyUnsigned(token()))
  const either = await verifier(encryptedFor({ required: false }))
  assert.equal((await either(token())).jwt, undefined)
  assert.equal((await either(await nested())).claims.sub, 'alice')
})

test('T35: a JWE in a JWE is opened once', async () => {
  let jwe = token()
  for (let depth = 1; depth <= 20; depth++) {
    jwe = rawJwe({ typ: 'at+jwt' }, jwe)
    for (const verifier of [verify, verifyUnsigned]) {
      if (depth === 1) assert.equal((await verifier(jwe)).claims.sub, 'alice')
      else await refused('token_invalid', verifier(jwe))
    }
  }
})

test('T36: claims that the header repeats must be the same; those inside count', async () => {
  for (const [name, value] of [['iss', issuer.name], ['sub', 'alice'], ['aud', 'https://api.example.com']] as const) {
    assert.equal((await verify(await nested(token(), { [name]: value }))).claims.sub, 'alice')
    for (const other of ['other', '', null, [value], { a: 1 }, 1]) await refused('token_invalid', verify(await nested(token(), { [name]: other })))
  }
  await refused('token_invalid', verify(await nested(token({ sub: undefined }), { sub: 'alice' })))
  const record = await verify(await nested(token({ cnf: undefined, scope: undefined }), { cnf: { jkt: 'x' }, scope: 'admin', client_id: 'root' }))
  assert.deepEqual([record.requirement.kind, [...record.scopes.set], record.claims.client_id], ['none', [], 'partner'])
})

test('78, T29: a binding in the header of the JWE only binds nothing', async () => {
  for (const verifier of [verify, verifyUnsigned]) assert.equal((await verifier(await nested(token({ cnf: undefined }), { cnf: claimsWith()['cnf'] }))).requirement.kind, 'none')
  assert.equal((await verifyUnsigned(rawJwe({ typ: 'at+jwt', cnf: {} }, claims({ cnf: undefined })))).requirement.kind, 'none')
})

test('T37: no kid, one that is known, one that is not; every key of the operator\'s is tried', async () => {
  const keys = Array.from({ length: 5 }, (_, index) => createSecretKey(Buffer.alloc(32, `key ${index}`)))
  const of = (count: number) => verifier({ jwks, decryption: { keys: keys.slice(0, count).map((key, index) => privateJwk(key, { kid: `k${index}` })), keyManagementAlgorithms: ['dir'] } })
  const three = await of(3)
  for (const [index, key] of keys.slice(0, 3).entries()) {
    assert.equal((await three(rawJwe({}, token(), { key }))).claims.sub, 'alice')
    assert.equal((await three(rawJwe({ kid: `k${index}` }, token(), { key }))).claims.sub, 'alice')
    for (const kid of [`k${(index + 1) % 3}`, 'k3', '', '../../x', '__proto__', 1, {}]) await refused('token_invalid', three(rawJwe({ kid: kid as string }, token(), { key })))
  }
  const five = await of(5)
  assert.equal((await five(rawJwe({}, token(), { key: keys[4] as typeof shared }))).claims.sub, 'alice')
  assert.equal((await five(rawJwe({ kid: 'k4' }, token(), { key: keys[4] as typeof shared }))).claims.sub, 'alice')
})

test('the keys that sign are not those that encrypt: a token signed with one of ours', async () => {
  await refused('token_invalid', verify(await nested(token({}, { kid: undefined }, ourEc.privateKey))))
  await refused('token_invalid', verify(await nested(rawJws(JSON.stringify({ alg: 'HS256', typ: 'at+jwt' }), claims(), signerFor('HS256', shared)))))
})
