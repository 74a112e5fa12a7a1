// The examples of RFC 7520, of RFC 7797 and with Curve25519: those that we support are read, all others refused.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { contentEncryptionAlgorithms, decrypt, keyManagementAlgorithms, type Decrypted } from '../../../lib/token/decryption.ts'
import { signatureAlgorithms } from '../../../lib/token/algorithms.ts'
import { keyFromJwk, type KeyUse } from '../../../lib/token/keys/jwk.ts'
import type { Key } from '../../../lib/token/keys/key.ts'
import { ownKeys } from '../../../lib/token/keys/key-set.ts'
import { verifySignature, type VerifiedSignature } from '../../../lib/token/signature.ts'
import { refused } from '../refused.ts'
import type { Jwk } from './tokens.ts'

interface Example {
  readonly input: { readonly payload: string, readonly plaintext: string, readonly key: Jwk, readonly alg: string }
  readonly output: { readonly compact?: string, readonly json?: object, readonly json_flat?: object }
}

const folder = new URL('../../../fixtures/vectors/jose-cookbook/', import.meta.url)
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/')).filter((file) => file.endsWith('.json'))
const read = <Content>(file: string): Content => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Content

function publicPart (jwk: Jwk): Jwk {
  const secret = ['d', 'p', 'q', 'dp', 'dq', 'qi']
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => jwk.kty === 'oct' || !secret.includes(name))) as Jwk
}

function keyOf (jwk: Jwk, use: KeyUse): Key {
  const key = keyFromJwk(use === 'verify' ? publicPart(jwk) : jwk, use)
  assert.ok(typeof key === 'object', String(key))
  return key
}

const asymmetric = signatureAlgorithms.filter((algorithm) => !algorithm.startsWith('HS'))

async function verified (text: string, jwk: Jwk, algorithms: readonly string[] = signatureAlgorithms): Promise<VerifiedSignature> {
  return await verifySignature(text, { keys: ownKeys(() => [keyOf(jwk, 'verify')], 'cookbook'), algorithms: new Set(algorithms), isType: () => true })
}

async function decrypted (text: string, key: Key, algorithms: readonly string[] = keyManagementAlgorithms): Promise<Decrypted> {
  return await decrypt(text, { keys: () => [key], keyManagementAlgorithms: new Set(algorithms), contentEncryptionAlgorithms: new Set(contentEncryptionAlgorithms) })
}

/** Every text that this example can be given to us as but the compact one. */
function serialised ({ output }: Example): string[] {
  return [output.json, output.json_flat].flatMap((value) => value === undefined ? [] : [JSON.stringify(value)])
}

function compactOf (example: Example): string {
  assert.ok(example.output.compact !== undefined)
  return example.output.compact
}

const signed = ['jws/4_1.rsa_v15_signature.json', 'jws/4_2.rsa-pss_signature.json', 'jws/4_3.ecdsa_signature.json', 'curve25519/jws.json']
for (const file of signed) {
  test(`112: ${file} is verified, where its algorithm is configured`, async () => {
    const example = read<Example>(file)
    const { key, payload, alg } = example.input
    assert.equal(Buffer.from((await verified(compactOf(example), key)).payload).toString(), payload)
    await refused('token_invalid', verified(compactOf(example), key, asymmetric.filter((algorithm) => algorithm !== alg)))
    const broken = compactOf(example).replace(/.{4}$/, 'AAAA')
    await refused('token_invalid', verified(broken, key))
    for (const text of serialised(example)) await refused('token_invalid', verified(text, key))
  })
}

test('S-16, 155: jws/4_4.hmac-sha2_integrity_protection.json is verified with HS256 configured only', async () => {
  const example = read<Example>('jws/4_4.hmac-sha2_integrity_protection.json')
  assert.equal(Buffer.from((await verified(compactOf(example), example.input.key, ['HS256'])).payload).toString(), example.input.payload)
  for (const algorithms of [asymmetric, ['HS384'], []]) await refused('token_invalid', verified(compactOf(example), example.input.key, algorithms))
  for (const text of serialised(example)) await refused('token_invalid', verified(text, example.input.key))
})

const unread: Record<string, string> = {
  'jws/4_5.signature_with_detached_content.json': 'detached',
  'jws/4_6.protecting_specific_header_fields.json': 'JSON only, with an unprotected header',
  'jws/4_7.protecting_content_only.json': 'JSON only, with an unprotected header',
  'rfc7797/4.2.hmac-sha2_b64_false.json': 'JSON only, b64 false',
  'rfc7797/hmac-sha2_b64_false.json': 'b64 false'
}
for (const [file, why] of Object.entries(unread)) {
  test(`136: ${file} is refused: ${why}`, async () => {
    const example = read<Example>(file)
    const texts = [...serialised(example), ...(example.output.compact === undefined ? [] : [example.output.compact])]
    assert.ok(texts.length > 0)
    for (const text of texts) await refused('token_invalid', verified(text, example.input.key))
  })
}

test('136: jws/4_8.multiple_signatures.json is refused: JSON only; the signatures in it are good', async () => {
  const { input, output } = read<{ input: { payload: string, key: Jwk[] }, output: { json: { payload: string, signatures: Array<{ protected?: string, signature: string }> } } }>('jws/4_8.multiple_signatures.json')
  for (const [index, { protected: header, signature }] of output.json.signatures.entries()) {
    const key = input.key[index] as Jwk
    await refused('token_invalid', verified(JSON.stringify(output.json), key))
    const compact = verified(`${header ?? ''}.${output.json.payload}.${signature}`, key)
    // The second one has its algorithm in an unprotected header.
    if (header === undefined) await refused('token_invalid', compact)
    else assert.equal(Buffer.from((await compact).payload).toString(), input.payload)
  }
})

const encrypted = [
  'jwe/5_2.key_encryption_using_rsa-oaep_with_aes-gcm.json', 'jwe/5_4.key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm.json',
  'jwe/5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2.json', 'jwe/5_6.direct_encryption_using_aes-gcm.json', 'jwe/5_7.key_wrap_using_aes-gcm_keywrap_with_aes-cbc-hmac-sha2.json',
  'jwe/5_8.key_wrap_using_aes-keywrap_with_aes-gcm.json', 'curve25519/ecdh-es.json'
]
for (const file of encrypted) {
  test(`128: ${file} is decrypted, where its algorithm is configured`, async () => {
    const example = read<Example>(file)
    const { key: jwk, plaintext, alg } = example.input
    // The one of 5.6 has the algorithm of the content as its `alg`, which is not that of a JWE's key.
    const key = alg === 'dir' ? { ...keyOf(jwk, 'decrypt'), algorithm: null } : keyOf(jwk, 'decrypt')
    assert.equal(Buffer.from((await decrypted(compactOf(example), key)).plaintext).toString(), plaintext)
    await refused('token_invalid', decrypted(compactOf(example), key, keyManagementAlgorithms.filter((algorithm) => algorithm !== alg)))
    await refused('token_invalid', decrypted(compactOf(example).replace(/.{4}$/, 'AAAA'), key))
    for (const text of serialised(example)) await refused('token_invalid', decrypted(text, key))
  })
}

const refusedJwes: Record<string, string> = {
  'jwe/5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2.json': 'RSA1_5',
  'jwe/5_9.compressed_content.json': 'zip',
  'jwe/5_10.including_additional_authentication_data.json': 'JSON only, with aad',
  'jwe/5_11.protecting_specific_header_fields.json': 'JSON only, with an unprotected header',
  'jwe/5_12.protecting_content_only.json': 'JSON only, with an unprotected header'
}
for (const [file, why] of Object.entries(refusedJwes)) {
  test(`T31, T33, 155, 160: ${file} is refused: ${why}`, async () => {
    const example = read<Example>(file)
    const texts = [...serialised(example), ...(example.output.compact === undefined ? [] : [example.output.compact])]
    assert.ok(texts.length > 0)
    for (const text of texts) await refused('token_invalid', decrypted(text, keyOf(example.input.key, 'decrypt')))
  })
}

test('T31, S-22: jwe/5_3 is refused: a password (PBES2)', async () => {
  const example = read<Example & { input: { pwd: string } }>('jwe/5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2.json')
  const key = keyOf({ kty: 'oct', k: Buffer.from(example.input.pwd).toString('base64url') }, 'decrypt')
  for (const text of [compactOf(example), ...serialised(example)]) await refused('token_invalid', decrypted(text, key))
})

test('136: jwe/5_13.encrypting_to_multiple_recipients.json is refused: JSON only', async () => {
  const { input, output } = read<{ input: { key: Jwk[] }, output: { json: object } }>('jwe/5_13.encrypting_to_multiple_recipients.json')
  for (const key of input.key) await refused('token_invalid', decrypted(JSON.stringify(output.json), keyOf(key, 'decrypt')))
})

test('157: 6.nesting_signatures_and_encryption.json is decrypted, then verified', async () => {
  const { sign, encrypt } = read<{ sign: Example, encrypt: Example }>('6.nesting_signatures_and_encryption.json')
  const { plaintext, header } = await decrypted(compactOf(encrypt), keyOf(encrypt.input.key, 'decrypt'))
  assert.deepEqual(header, { alg: 'RSA-OAEP', cty: 'JWT', enc: 'A128GCM' })
  assert.equal(Buffer.from(plaintext).toString(), compactOf(sign))
  assert.equal(Buffer.from((await verified(compactOf(sign), sign.input.key)).payload).toString(), sign.input.payload)
})

const keys: Array<[string, KeyUse]> = [
  ['jwk/3_1.ec_public_key.json', 'verify'], ['jwk/3_2.ec_private_key.json', 'sign'], ['jwk/3_3.rsa_public_key.json', 'verify'], ['jwk/3_4.rsa_private_key.json', 'sign'],
  ['jwk/3_5.symmetric_key_mac_computation.json', 'verify'], ['jwk/3_6.symmetric_key_encryption.json', 'decrypt']
]
for (const [file, use] of keys) {
  test(`135: ${file} is a key to ${use} with, and for no other purpose than its own`, () => {
    const jwk = read<Jwk>(file)
    assert.equal(keyOf(jwk, use).kid, jwk['kid'])
    assert.equal(typeof keyFromJwk(jwk, use === 'decrypt' ? 'verify' : 'decrypt'), 'string')
  })
}

test('every example is in one of these tests', () => {
  const used = [
    ...signed, ...Object.keys(unread), ...encrypted, ...Object.keys(refusedJwes), ...keys.map(([file]) => file), 'jws/4_4.hmac-sha2_integrity_protection.json', 'jws/4_8.multiple_signatures.json',
    'jwe/5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2.json', 'jwe/5_13.encrypting_to_multiple_recipients.json', '6.nesting_signatures_and_encryption.json'
  ]
  assert.deepEqual(used.sort(), [...files].sort())
})
