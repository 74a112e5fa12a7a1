import { createPrivateKey, createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { decodePart } from '../shape.ts'
import { weakness, type Key } from './key.ts'

export type KeyUse = 'verify' | 'sign' | 'decrypt'

/** RFC 7517 sections 4.2 and 4.3: what `use` and `key_ops` must allow where they are present. */
const uses = {
  verify: { use: 'sig', operations: ['verify'] },
  sign: { use: 'sig', operations: ['sign'] },
  decrypt: { use: 'enc', operations: ['decrypt', 'unwrapKey', 'deriveKey', 'deriveBits'] }
} as const

const maxKidLength = 1024
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * One JWK (RFC 7517) for one use. Members that we do not know are ignored, `x5c` and `x5u` among them: a key counts for itself.
 *
 * @returns a sentence part that says what is wrong with it, where it can't be used
 */
export function keyFromJwk (jwk: unknown, use: KeyUse): Key | string {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return 'something that is no JWK'
  const { kid, alg, use: stated, key_ops: operations } = jwk as Record<string, unknown>
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > maxKidLength)) return 'a JWK whose `kid` is no short string'
  if (alg !== undefined && typeof alg !== 'string') return 'a JWK whose `alg` is no string'
  const wanted = uses[use]
  if (stated !== undefined && stated !== wanted.use) return `a JWK whose \`use\` is not ${wanted.use}`
  if (operations !== undefined && !(Array.isArray(operations) && wanted.operations.some((operation) => operations.includes(operation)))) {
    return `a JWK whose \`key_ops\` do not hold ${wanted.operations.join(' or ')}`
  }
  const key = importJwk(jwk as Record<string, unknown>, use)
  if (typeof key === 'string') return key
  const weak = weakness(key)
  return weak ?? { kid: kid ?? null, algorithm: alg ?? null, key, isRetired: false }
}

function importJwk (jwk: Record<string, unknown>, use: KeyUse): KeyObject | string {
  try {
    if (jwk['kty'] === 'oct') {
      const bytes = typeof jwk['k'] === 'string' ? decodePart(jwk['k']) : null
      return bytes === null || bytes.length === 0 ? 'a symmetric JWK without a proper `k`' : createSecretKey(bytes)
    }
    if (use === 'verify' && isSecretJwk(jwk)) return 'a private key where a public one belongs'
    const key = { key: jwk as JsonWebKey, format: 'jwk' } as const
    return use === 'verify' ? createPublicKey(key) : createPrivateKey(key)
  } catch {
    return use === 'verify' ? 'a JWK that is no public key' : 'a JWK that is no private key'
  }
}

/** Whether a JWK holds what only its owner should have. */
export function isSecretJwk (jwk: unknown): boolean {
  return typeof jwk === 'object' && jwk !== null && privateMembers.some((name) => name in jwk)
}
