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
const namedCurves = Object.values(ellipticCurves)
/** RFC 7518 sections 5.2 and 5.3. */
const contentKeyBytes: Readonly<Record<string, number>> = { A128GCM: 16, A192GCM: 24, A256GCM: 32, 'A128CBC-HS256': 32, 'A192CBC-HS384': 48, 'A256CBC-HS512': 64 }
const hmacBytes: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 }

/** RFC 8037 has one name for two curves, RFC 9864 one for each; we take Ed25519 under both. */
const canonicalName = (algorithm: string): string => algorithm === 'EdDSA' ? 'Ed25519' : algorithm

/** Whether a key may make or check signatures of this algorithm (RFC 7518 section 3). */
export function canVerify ({ key, algorithm: own }: Key, algorithm: string): boolean {
  if (own !== null && canonicalName(own) !== canonicalName(algorithm)) return false
  const type = key.asymmetricKeyType
  if (algorithm in hmacBytes) return key.type === 'secret' && (key.symmetricKeySize ?? 0) >= (hmacBytes[algorithm] as number)
  if (algorithm.startsWith('RS') || algorithm.startsWith('PS')) return type === 'rsa'
  if (algorithm in ellipticCurves) return type === 'ec' && key.asymmetricKeyDetails?.namedCurve === ellipticCurves[algorithm]
  return canonicalName(algorithm) === 'Ed25519' && type === 'ed25519'
}

/**
 * Whether a key may decrypt what this key management algorithm encrypted (RFC 7518 section 4).
 *
 * @param encryption - the content encryption: what the `alg` of a key for `dir` may name too, as in RFC 7520 section 5.6
 */
export function canDecrypt ({ key, algorithm: own }: Key, algorithm: string, encryption: string): boolean {
  if (own !== null && own !== algorithm && !(algorithm === 'dir' && own === encryption)) return false
  if (algorithm.startsWith('RSA-OAEP')) return key.type === 'private' && key.asymmetricKeyType === 'rsa'
  if (algorithm.startsWith('ECDH-ES')) return key.type === 'private' && (key.asymmetricKeyType === 'x25519' || namedCurves.includes(key.asymmetricKeyDetails?.namedCurve ?? ''))
  if (key.type !== 'secret') return false
  const bits = /^A(128|192|256)(?:GCM)?KW$/.exec(algorithm)?.[1]
  return bits === undefined ? key.symmetricKeySize === contentKeyBytes[encryption] : key.symmetricKeySize === Number(bits) / 8
}

/**
 * Why a key can't be used, or null. RFC 7518 section 3.3 (2048 bits), RFC 8725 section 3.4: what OpenSSL lets pass.
 */
export function weakness (key: KeyObject): string | null {
  if (key.asymmetricKeyType === 'rsa-pss') return 'an RSASSA-PSS key, which jose does not take; a plain RSA key is for PS256 as well'
  if (key.asymmetricKeyType !== 'rsa') return null
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (modulusLength < 2048) return `an RSA key of ${modulusLength} bits`
  if (publicExponent < 3n || publicExponent % 2n === 0n) return `an RSA key with the exponent ${publicExponent}`
  // OpenSSL takes it, and anybody could factor it.
  const { n = '' } = key.export({ format: 'jwk' })
  return (Buffer.from(n, 'base64url').at(-1) ?? 0) % 2 === 0 ? 'an RSA key with an even modulus' : null
}

export function isSameKey (one: Key, other: Key): boolean {
  return one.kid === other.kid && one.algorithm === other.algorithm && one.key.type === other.key.type && one.key.equals(other.key)
}

/** What to call a key in an error; nothing of its value. */
export function kindOf ({ key, algorithm }: Key): string {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  const size = modulusLength !== undefined ? ` of ${modulusLength} bits` : namedCurve !== undefined ? ` on ${namedCurve}` : ''
  const kind = key.type === 'secret' ? `a secret of ${key.symmetricKeySize} bytes` : `a ${key.type} ${key.asymmetricKeyType} key${size}`
  return algorithm === null ? kind : `${kind} for ${algorithm}`
}
