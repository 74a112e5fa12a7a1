// RFC 7516 sections 11.4 and 11.5, RFC 8725 sections 3.4 and 3.6: JWEs that can't be decrypted, or must not be.
import assert from 'node:assert/strict'
import { createHash, createSecretKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { IssuerSchema } from '../../../lib/options.ts'
import { validateOptions } from '../../../lib/validate.ts'
import { refused } from '../refused.ts'
import { encrypted, encryptedFor, hollowJwe, nested, ourEc, ourRsa, privateJwk, rawJwe, shared, ways } from './encrypted-tokens.ts'
import { ec, encode, issuer, jwkOf, jwks, rsa, token, verifier } from './tokens.ts'

const verify = await verifier(encryptedFor())

/** Milliseconds that this takes. */
async function duration (run: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await run()
  return performance.now() - started
}

const p2s = encode('salt and more salt')
for (const [name, header] of [
  ['RSA1_5', { alg: 'RSA1_5', kid: 'rsa' }],
  ['PBES2 with p2c 10^9', { alg: 'PBES2-HS256+A128KW', p2c: 1_000_000_000, p2s }],
  ['PBES2-HS512 with p2c 2^31 - 1', { alg: 'PBES2-HS512+A256KW', p2c: 2_147_483_647, p2s }],
  ['PBES2 with p2c 1', { alg: 'PBES2-HS384+A192KW', p2c: 1, p2s }],
  ['an algorithm that a key fits, and that is not configured', { alg: 'RSA-OAEP', kid: 'rsa' }],
  ['A128KW, which is not configured', { alg: 'A128KW' }],
  ['none', { alg: 'none' }], ['no alg', { alg: undefined }], ['alg null', { alg: null }], ['alg a list', { alg: ['dir'] }], ['a signature algorithm', { alg: 'ES256' }], ['alg DIR', { alg: 'DIR' }],
  ['an enc of old', { alg: 'dir', enc: 'A128CBC+HS256' }], ['no enc', { alg: 'dir', enc: undefined }], ['enc none', { alg: 'dir', enc: 'none' }], ['enc a list', { alg: 'dir', enc: ['A256GCM'] }],
  ['crit', { alg: 'dir', crit: ['exp'], exp: 1 }], ['crit empty', { alg: 'dir', crit: [] }]
] as Array<[string, Record<string, unknown>]>) {
  test(`T31, S-22, 155: ${name}`, async () => {
    const took = await duration(async () => {
      await refused('token_invalid', verify(hollowJwe(header)))
      await refused('token_invalid', verify(rawJwe(header, token())))
    })
    assert.ok(took < 1000, `${took} ms`)
  })
}

test('T31: neither RSA1_5 nor passwords can be configured', () => {
  for (const algorithm of ['RSA1_5', 'PBES2-HS256+A128KW', 'PBES2-HS512+A256KW', 'none']) {
    const decryption = { keys: [privateJwk(shared)], keyManagementAlgorithms: [algorithm] }
    assert.throws(() => validateOptions(IssuerSchema, { issuer: issuer.name, audience: 'a', jwt: { jwks, decryption } }, 'issuer'), { code: 'FST_BOUND_TOKEN_OPTIONS', message: /keyManagementAlgorithms/ })
  }
})

test('T31: A256KW with what everybody knows as the secret', async () => {
  for (const key of [ourRsa.publicKey, ourEc.publicKey, rsa.publicKey, ec.publicKey]) {
    const der = key.export({ type: 'spki', format: 'der' })
    for (const secret of [createHash('sha256').update(der).digest(), der.subarray(0, 32), Buffer.alloc(32)]) {
      for (const alg of ['A256KW', 'A256GCMKW', 'dir']) await refused('token_invalid', verify(await encrypted(token(), { alg }, createSecretKey(secret))))
    }
  }
})

const point = jwkOf(ourEc.publicKey)
for (const [name, epk] of [
  ['off the curve', { ...point, y: point['x'] }], ['(0, 0)', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }], ['x beyond the field', { ...point, x: encode(Buffer.alloc(32, 255)) }],
  ['short x', { ...point, x: 'AQ' }],
  ['long x', { ...point, x: `AAAA${point['x']}` }], ['no y', { kty: 'EC', crv: 'P-256', x: point['x'] }], ['on another curve', jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)],
  ['with the name of another curve', { ...point, crv: 'P-521' }], ['X25519 for P-256', jwkOf(generateKeyPairSync('x25519').publicKey)], ['an RSA key', jwkOf(rsa.publicKey)], ['a secret', { kty: 'oct', k: 'AAAA' }],
  ['absent', undefined], ['null', null], ['a string', 'x'], ['a list', [point]], ['empty', {}]
] as Array<[string, unknown]>) {
  test(`T31, 158: epk ${name}`, async () => {
    for (const alg of ['ECDH-ES', 'ECDH-ES+A128KW']) {
      const refusal = await refused('token_invalid', verify(hollowJwe({ alg, epk }, alg === 'ECDH-ES' ? '' : encode(Buffer.alloc(40)))))
      assert.equal(refusal.detail, 'it cannot be decrypted')
    }
  })
}

test('T32: whatever is wrong with the ciphertext, one text', async () => {
  const change = (jwe: string, index: number, to: (part: Buffer) => Uint8Array): string => jwe.split('.').map((part, at) => at === index ? encode(to(Buffer.from(part, 'base64url'))) : part).join('.')
  const flip = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([(bytes[0] ?? 0) ^ 1]), bytes.subarray(1)])
  const details = new Set<string | undefined>()
  for (const [, header, key] of ways) {
    const good = await encrypted(token(), header, key)
    const bad = [1, 2, 3, 4].flatMap((index) => [
      change(good, index, flip), change(good, index, (part) => part.subarray(0, -1)), change(good, index, (part) => Buffer.concat([part, Buffer.alloc(1)])), change(good, index, () => Buffer.alloc(0)),
      change(good, index, (part) => part.subarray(0, 4)), change(good, index, (part) => part.subarray(0, 12)), change(good, index, () => Buffer.alloc(16))
    ]).filter((jwe) => jwe !== good)
    for (const jwe of bad) details.add((await refused('token_invalid', verify(jwe))).detail)
  }
  // Good for anybody who takes a tag of this length (NIST SP 800-38D allows shorter ones), this nonce or this key.
  for (const tagLength of [4, 8, 12, 15]) details.add((await refused('token_invalid', verify(rawJwe({}, token(), { tagLength })))).detail)
  for (const length of [1, 8, 11, 13, 16]) details.add((await refused('token_invalid', verify(rawJwe({}, token(), { nonce: Buffer.alloc(length, 1) })))).detail)
  details.add((await refused('token_invalid', verify(rawJwe({}, token(), { wrapped: 'AAAA' })))).detail)
  for (const enc of ['A128GCM', 'A192GCM', 'A128CBC-HS256', 'A256CBC-HS512']) details.add((await refused('token_invalid', verify(rawJwe({ enc }, token())))).detail)
  assert.deepEqual([...details], ['it cannot be decrypted'])
  assert.equal((await verify(rawJwe({}, token()))).claims.sub, 'alice', 'what these were made of is good')
})

test('T32: an enc that is not configured', async () => {
  const verify = await verifier(encryptedFor({ contentEncryptionAlgorithms: ['A256GCM'] }))
  assert.equal((await verify(await nested())).claims.sub, 'alice')
  for (const enc of ['A128GCM', 'A128CBC-HS256']) await refused('token_invalid', verify(await encrypted(token(), { alg: 'A256KW', enc }, shared)))
})

test('T33, S-22, 160: compression is refused, whatever is in it, before anything is decrypted', async () => {
  const bomb = deflateRawSync(Buffer.alloc(100_000_000))
  const before = process.memoryUsage().rss
  const took = await duration(async () => {
    for (const zip of ['DEF', 'def', 'GZ', '', null, 1, ['DEF']]) {
      for (const plaintext of [bomb, deflateRawSync(token()), deflateSync(token()), gzipSync(token()), token()]) {
        const refusal = await refused('token_invalid', verify(rawJwe({ zip: zip as string }, plaintext)))
        assert.equal(refusal.detail, '`zip` or `crit`')
      }
    }
    // Without saying so it is nothing but bytes.
    await refused('token_invalid', verify(rawJwe({}, bomb)))
  })
  assert.ok(took < 3000, `${took} ms`)
  assert.ok(process.memoryUsage().rss - before < 80_000_000)
})

test('138: five parts, each in its one spelling; JSON serialisations are none', async () => {
  const jwe = await nested()
  const parts = jwe.split('.')
  for (const [index, part] of parts.entries()) {
    for (const spelling of [` ${part}`, `${part}\n`, `${part}=`, `${part}!`, `${part.slice(0, 3)}\n${part.slice(3)}`]) {
      await refused('token_invalid', verify(parts.map((other, at) => at === index ? spelling : other).join('.')))
    }
  }
  const [header, wrapped, iv, ciphertext, tag] = parts
  await refused('token_invalid', verify(JSON.stringify({ protected: header, encrypted_key: wrapped, iv, ciphertext, tag })))
  for (const text of ['....', `${jwe}.`, `.${jwe}`, parts.slice(0, 4).join('.'), rawJwe('{"alg":"dir","alg":"dir","enc":"A256GCM"}', token()), rawJwe('[]', token()), rawJwe('', token())]) {
    await refused('token_invalid', verify(text))
  }
})
