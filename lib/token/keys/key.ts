import type { KeyObject } from 'node:crypto'

/** A key as we use it, wherever it came from. */
export interface Key {
  /** Key ID; null where the source has none. */
  readonly kid: string | null
  /** The one algorithm that it is for (RFC 8725 section 3.1); null for any that fits. */
  readonly algorithm: string | null
  readonly key: KeyObject
  /** Set when the issuer no longer publishes it: what it proved counts no more. */
  isRetired: boolean
}

const ellipticCurves: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' }
const hmacBytes: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 }

/** RFC 8037 has one name for two curves, RFC 9864 one for each; we take Ed25519 under both. */
const canonicalName = (algorithm: string): string => algorithm === 'EdDSA' ? 'Ed25519' : algorithm

/** Whether a key may make or check signatures of this algorithm (RFC 7518 section 3). */
export function canVerify ({ key, algorithm: own }: Key, algorithm: string): boolean {
  if (own !== null && canonicalName(own) !== canonicalName(algorithm)) return false
  const type = key.asymmetricKeyType
  if (algorithm in hmacBytes) return key.type === 'secret' && (key.symmetricKeySize ?? 0) >= (hmacBytes[algorithm] as number)
  if (algorithm.startsWith('RS')) return type === 'rsa'
  if (algorithm.startsWith('PS')) return type === 'rsa' || type === 'rsa-pss'
  if (algorithm in ellipticCurves) return type === 'ec' && key.asymmetricKeyDetails?.namedCurve === ellipticCurves[algorithm]
  return canonicalName(algorithm) === 'Ed25519' && type === 'ed25519'
}

/** Whether a key may decrypt what this key management algorithm encrypted (RFC 7518 section 4); the lengths are checked on use. */
export function canDecrypt ({ key, algorithm: own }: Key, algorithm: string): boolean {
  if (own !== null && own !== algorithm) return false
  if (algorithm.startsWith('RSA-OAEP')) return key.type === 'private' && key.asymmetricKeyType === 'rsa'
  if (algorithm.startsWith('ECDH-ES')) return key.type === 'private' && ['ec', 'x25519'].includes(key.asymmetricKeyType as string)
  if (key.type !== 'secret') return false
  const bits = /^A(128|192|256)(?:GCM)?KW$/.exec(algorithm)?.[1]
  return bits === undefined || key.symmetricKeySize === Number(bits) / 8
}

/**
 * Why a key is too weak to be used, or null. RFC 7518 section 3.3 (2048 bits), RFC 8725 section 3.4: what OpenSSL lets pass.
 */
export function weakness (key: KeyObject): string | null {
  const type = key.asymmetricKeyType
  if (type !== 'rsa' && type !== 'rsa-pss') return null
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (modulusLength < 2048) return `an RSA key of ${modulusLength} bits`
  if (publicExponent < 3n || publicExponent % 2n === 0n) return `an RSA key with the exponent ${publicExponent}`
  return null
}
