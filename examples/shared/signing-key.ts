import { createPrivateKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'

/** A private RSA key for one algorithm, as a JWK. */
export function createSigningKey (alg: 'PS256' | 'RS256'): JsonWebKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  // Written and read again: Node 20 may stand still when it makes a JWK of a key that was just generated.
  const key = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  return { ...key.export({ format: 'jwk' }), use: 'sig', alg, kid: 'signature-key' }
}
