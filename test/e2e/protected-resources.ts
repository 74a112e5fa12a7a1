// One protected resource for each kind of access token that oidc-provider makes, and the keys of the API that decrypt them.

import { createSecretKey, generateKeyPair, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

const generate = promisify(generateKeyPair)

/** The `resource` of a token request and the `aud` of the token. */
export const resources = {
  opaque: 'https://opaque.api.example.test',
  ps256: 'https://ps256.api.example.test',
  es256: 'https://es256.api.example.test',
  rs256: 'https://rs256.api.example.test',
  /** The same key as `ed25519`, under the older name of RFC 8037. */
  eddsa: 'https://eddsa.api.example.test',
  ed25519: 'https://ed25519.api.example.test',
  /** Signed with ES256, then encrypted: RSA-OAEP-256 and A256GCM. */
  rsaOaep: 'https://rsa-oaep.api.example.test',
  /** Signed with ES256, then encrypted: ECDH-ES and A256GCM, with no `kid`. */
  ecdhEs: 'https://ecdh-es.api.example.test',
  /** Signed with ES256, then encrypted: A256KW and A256GCM. */
  aesKw: 'https://aes-kw.api.example.test',
  /** Signed with ES256, then encrypted: `dir` and A256GCM. */
  dir: 'https://dir.api.example.test',
  /** Encrypted with `dir` and not signed: whoever holds the shared key can make one. */
  unsigned: 'https://unsigned.api.example.test'
} as const

export type ResourceName = keyof typeof resources

export interface DecryptionKey {
  readonly kid: string
  readonly alg: string
  /** Private, or secret; it can be exported as PEM and as JWK. */
  readonly key: KeyObject
  /** The same with `kid`, `alg` and `use`. */
  readonly jwk: object
}

export interface DecryptionKeys {
  readonly rsaOaep: DecryptionKey
  readonly ecdhEs: DecryptionKey
  readonly aesKw: DecryptionKey
  readonly dir: DecryptionKey
}

export async function createDecryptionKeys (): Promise<DecryptionKeys> {
  const [rsa, ec] = await Promise.all([generate('rsa', { modulusLength: 2048 }), generate('ec', { namedCurve: 'P-256' })])
  return {
    rsaOaep: describe('api-rsa', 'RSA-OAEP-256', rsa.privateKey),
    ecdhEs: describe('api-ec', 'ECDH-ES', ec.privateKey),
    aesKw: describe('api-kw', 'A256KW', createSecretKey(randomBytes(32))),
    dir: describe('api-dir', 'dir', createSecretKey(randomBytes(32)))
  }
}

function describe (kid: string, alg: string, key: KeyObject): DecryptionKey {
  return { kid, alg, key, jwk: { ...key.export({ format: 'jwk' }), kid, alg, use: 'enc' } }
}
