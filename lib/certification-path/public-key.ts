import { createPublicKey, type KeyObject } from 'node:crypto'
import { contentOf, expectTag, objectIdentifier, readDer, tags, wholeOctets } from './der.ts'

export type PublicKeyType = 'rsa' | 'rsa-pss' | 'ec' | 'ed25519'

/** A key that may be used, or why it may not. */
export type PublicKey =
  | {
    readonly usable: true
    readonly type: PublicKeyType
    readonly key: KeyObject
    /** What a verification takes, measured in those with RSA 2048 or P-256. */
    readonly work: number
  }
  | { readonly usable: false, readonly why: string }

const types: Readonly<Record<string, PublicKeyType>> = Object.freeze({
  '1.2.840.113549.1.1.1': 'rsa', '1.2.840.113549.1.1.10': 'rsa-pss', '1.2.840.10045.2.1': 'ec', '1.3.101.112': 'ed25519'
})

// P-256, P-384 and P-521.
const workOfCurve: Readonly<Record<string, number>> = Object.freeze({ '1.2.840.10045.3.1.7': 1, '1.3.132.0.34': 4, '1.3.132.0.35': 6 })

const leastBits = 2048
// The work of a signature check grows with the square of the modulus and with the length of the exponent: both are looked at
// before anything is calculated with them.
const mostBits = 8192
const longestExponent = 4

/** Judges a SubjectPublicKeyInfo (DER). Never throws. */
export function readPublicKey (spki: Uint8Array): PublicKey {
  try {
    const [algorithm, bits, ...more] = expectTag(readDer(spki), tags.sequence).children
    const [oid, parameters, ...rest] = expectTag(algorithm, tags.sequence).children
    const type = types[objectIdentifier(oid)]
    if (type === undefined) return unusable('a key of this type is not supported')
    if (more.length > 0 || rest.length > 0) return unusable('not a public key')
    const octets = wholeOctets(bits)
    let work = 1
    if (type === 'ec') {
      // Explicit parameters (RFC 5480 section 2.1.1 forbids them) can look like a known curve and not be it (CVE-2020-0601).
      const known = parameters?.tag === tags.oid ? workOfCurve[objectIdentifier(parameters)] : undefined
      if (known === undefined) return unusable('the curve is none of P-256, P-384 and P-521')
      work = known
    } else if (type === 'ed25519') {
      if (parameters !== undefined || octets.length !== 32) return unusable('not an Ed25519 key of RFC 8410')
    } else {
      // RFC 3279 section 2.3.1: NULL. Parameters of a PSS key are left to OpenSSL, which keeps to them.
      if (type === 'rsa' && parameters?.tag !== tags.null) return unusable('not an RSA key of RFC 3279')
      const why = faultOfRsa(octets)
      if (why !== null) return unusable(why)
      work = octets.length > 600 ? 6 : 1
    }
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    if (key.asymmetricKeyType !== type) return unusable('not a key of the type that it says')
    return Object.freeze({ usable: true, type, key, work })
  } catch {
    return unusable('not a public key')
  }
}

function unusable (why: string): PublicKey {
  return Object.freeze({ usable: false, why })
}

function faultOfRsa (octets: Uint8Array): string | null {
  const [modulus, exponent, ...more] = expectTag(readDer(octets), tags.sequence).children
  const n = magnitude(contentOf(expectTag(modulus, tags.integer)))
  const e = magnitude(contentOf(expectTag(exponent, tags.integer)))
  if (n === null || e === null || more.length > 0) return 'not an RSA key'
  const bits = n.length * 8 - Math.clz32(n[0] as number) + 24
  if (bits < leastBits) return `an RSA key of less than ${leastBits} bits`
  if (bits > mostBits) return `an RSA key of more than ${mostBits} bits`
  if (((n[n.length - 1] as number) & 1) === 0) return 'an even RSA modulus'
  if (e.length > longestExponent) return `an RSA exponent of more than ${longestExponent * 8} bits`
  if (((e[e.length - 1] as number) & 1) === 0 || (e.length === 1 && (e[0] as number) < 3)) return 'an RSA exponent that is even or less than 3'
  return null
}

/** A positive integer without the octet that carries only its sign. */
function magnitude (content: Uint8Array): Uint8Array | null {
  if ((content[0] as number) >= 0x80) return null
  const octets = content[0] === 0 ? content.subarray(1) : content
  return octets.length === 0 ? null : octets
}
