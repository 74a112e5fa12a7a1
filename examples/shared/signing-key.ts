import { generateKeyPairSync, type JsonWebKey } from 'node:crypto'

/** A private RSA key for one algorithm, as a JWK. */
export function createSigningKey (alg: 'PS256' | 'RS256'): JsonWebKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: 'signature-key' }
}
