// JWEs for us, also those that no library would make.
import { createCipheriv, createSecretKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { CompactEncrypt } from 'jose'
import type { JwtOptions } from '../../../lib/options.ts'
import { encode, jwkOf, jwks, token, type Jwk } from './tokens.ts'

type Decryption = NonNullable<JwtOptions['decryption']>
type Members = Readonly<Record<string, unknown>>

export const ourRsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const ourEc = generateKeyPairSync('ec', { namedCurve: 'P-256' })
/** What we share with the issuer, and nobody else. */
export const shared = createSecretKey(Buffer.alloc(32, 'the issuer and we'))

export const privateJwk = (key: KeyObject, more: Members = {}): { jwk: Jwk } => ({ jwk: jwkOf(key, more) })

/** Options of an issuer whose tokens are encrypted to all of our keys. */
export function encryptedFor (more: Partial<Decryption> = {}): JwtOptions {
  return {
    jwks,
    decryption: {
      keys: [privateJwk(ourRsa.privateKey, { kid: 'rsa' }), privateJwk(ourEc.privateKey, { kid: 'ec' }), privateJwk(shared, { kid: 'shared' })],
      keyManagementAlgorithms: ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A128KW', 'dir', 'A256KW', 'A256GCMKW'],
      ...more
    }
  }
}

/** A JWE as a library makes it. */
export async function encrypted (plaintext: string | Uint8Array, header: Members, key: KeyObject): Promise<string> {
  const full = { enc: 'A256GCM', cty: 'JWT', ...header } as unknown as { alg: string, enc: string }
  return await new CompactEncrypt(Buffer.from(plaintext as string)).setProtectedHeader(full).encrypt(key)
}

/** A good token in a JWE, under each key that is ours. */
export const ways: ReadonlyArray<[string, Members, KeyObject]> = [
  ['RSA-OAEP-256', { alg: 'RSA-OAEP-256', kid: 'rsa' }, ourRsa.publicKey],
  ['RSA-OAEP-256 without kid', { alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256' }, ourRsa.publicKey],
  ['ECDH-ES', { alg: 'ECDH-ES', kid: 'ec', apu: 'QQ', apv: 'Qg' }, ourEc.publicKey],
  ['ECDH-ES+A128KW', { alg: 'ECDH-ES+A128KW', kid: 'ec', enc: 'A256CBC-HS512' }, ourEc.publicKey],
  ['dir', { alg: 'dir', kid: 'shared' }, shared],
  ['A256KW', { alg: 'A256KW', kid: 'shared', enc: 'A128GCM' }, shared],
  ['A256GCMKW', { alg: 'A256GCMKW', kid: 'shared', enc: 'A192CBC-HS384' }, shared]
]

export async function nested (inner = token(), header: Members = {}): Promise<string> {
  return await encrypted(inner, { alg: 'dir', kid: 'shared', ...header }, shared)
}

/** A JWE with the shared key and A256GCM, in which anything can be what it should not. */
export function rawJwe (header: Members | string, plaintext: string | Uint8Array, { tagLength = 16, nonce = randomBytes(12), key = shared, wrapped = '' } = {}): string {
  const text = encode(typeof header === 'string' ? header : JSON.stringify({ alg: 'dir', enc: 'A256GCM', ...header }))
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength })
  cipher.setAAD(Buffer.from(text))
  const ciphertext = Buffer.concat([cipher.update(Buffer.from(plaintext as string)), cipher.final()])
  return [text, wrapped, encode(nonce), encode(ciphertext), encode(cipher.getAuthTag())].join('.')
}

/** A JWE in which nothing fits: good only for what is refused before, or in spite of, its ciphertext. */
export function hollowJwe (header: Members, wrapped = encode(randomBytes(40))): string {
  return [encode(JSON.stringify({ enc: 'A256GCM', ...header })), wrapped, encode(randomBytes(12)), encode(randomBytes(100)), encode(randomBytes(16))].join('.')
}
