import { constants, verify } from 'node:crypto'
import { contentOf, expectTag, objectIdentifier, readDer, tags, type Element } from './der.ts'
import { readPublicKey, type PublicKey, type PublicKeyType } from './public-key.ts'

export interface Signed {
  /** AlgorithmIdentifier, DER. */
  readonly algorithm: Uint8Array
  /** What was signed, DER. */
  readonly tbs: Uint8Array
  readonly signature: Uint8Array
}

/**
 * `valid`; `invalid`: not by this key; `weak`: by an algorithm in which signatures can be forged (SHA-1, MD5);
 * `unsupported`: an algorithm or parameters that are not known here; `key_weak`: the key itself is refused.
 */
export type SignatureVerdict = 'valid' | 'invalid' | 'weak' | 'unsupported' | 'key_weak'

/** A signature algorithm with its parameters, as far as it may be used at all. */
export interface SignatureAlgorithm {
  readonly keys: readonly PublicKeyType[]
  /** Null where the algorithm hashes by itself. */
  readonly hash: string | null
  /** Only of RSASSA-PSS. */
  readonly saltLength?: number
}

const rsa = (hash: string): SignatureAlgorithm => Object.freeze({ keys: ['rsa'] as const, hash })
const ecdsa = (hash: string): SignatureAlgorithm => Object.freeze({ keys: ['ec'] as const, hash })

// RFC 4055 section 5: NULL, or nothing.
const withNull: Readonly<Record<string, SignatureAlgorithm>> = Object.freeze({
  '1.2.840.113549.1.1.11': rsa('sha256'), '1.2.840.113549.1.1.12': rsa('sha384'), '1.2.840.113549.1.1.13': rsa('sha512')
})

// RFC 5758 section 3.2, RFC 8410 section 3: nothing.
const withoutParameters: Readonly<Record<string, SignatureAlgorithm>> = Object.freeze({
  '1.2.840.10045.4.3.2': ecdsa('sha256'),
  '1.2.840.10045.4.3.3': ecdsa('sha384'),
  '1.2.840.10045.4.3.4': ecdsa('sha512'),
  '1.3.101.112': Object.freeze({ keys: ['ed25519'] as const, hash: null })
})

const pss = '1.2.840.113549.1.1.10'
const mgf1 = '1.2.840.113549.1.1.8'
const hashes: Readonly<Record<string, string>> = Object.freeze({
  '2.16.840.1.101.3.4.2.1': 'sha256', '2.16.840.1.101.3.4.2.2': 'sha384', '2.16.840.1.101.3.4.2.3': 'sha512'
})

// RSA with MD2, MD4, MD5, SHA-1; DSA and ECDSA with SHA-1; the names of the same in ISO 14888-3 and OIW.
const weak = new Set([
  '1.2.840.113549.1.1.2', '1.2.840.113549.1.1.3', '1.2.840.113549.1.1.4', '1.2.840.113549.1.1.5', '1.2.840.10040.4.3', '1.2.840.10045.4.1',
  '1.3.14.3.2.3', '1.3.14.3.2.13', '1.3.14.3.2.27', '1.3.14.3.2.29'
])

/** Reads an AlgorithmIdentifier (DER). Never throws. */
export function readSignatureAlgorithm (algorithm: Uint8Array): SignatureAlgorithm | 'weak' | 'unsupported' {
  try {
    const [identifier, parameters, ...more] = expectTag(readDer(algorithm), tags.sequence).children
    const oid = objectIdentifier(identifier)
    if (more.length > 0) return 'unsupported'
    if (weak.has(oid)) return 'weak'
    if (oid === pss) return readPss(parameters)
    const known = withNull[oid]
    if (known !== undefined) return parameters === undefined || parameters.tag === tags.null ? known : 'unsupported'
    return parameters === undefined ? withoutParameters[oid] ?? 'unsupported' : 'unsupported'
  } catch {
    return 'unsupported'
  }
}

// RFC 4055 section 3.1. What is absent means SHA-1 and is refused.
function readPss (parameters: Element | undefined): SignatureAlgorithm | 'weak' | 'unsupported' {
  const fields = new Map(expectTag(parameters, tags.sequence).children.map((field) => [field.tag, field]))
  if (fields.size !== parameters?.children.length || [...fields.keys()].some((tag) => tag < 0xa0 || tag > 0xa3)) return 'unsupported'
  const only = (tag: number): Element | undefined => fields.get(tag)?.children.length === 1 ? fields.get(tag)?.children[0] : undefined
  if (!fields.has(0xa0) || !fields.has(0xa1)) return 'weak'
  const hash = hashOf(only(0xa0))
  const [generator, mask, ...more] = expectTag(only(0xa1), tags.sequence).children
  if (hash === undefined || objectIdentifier(generator) !== mgf1 || more.length > 0 || hashOf(mask) !== hash) return 'unsupported'
  const saltLength = fields.has(0xa2) ? smallInteger(only(0xa2)) : 20
  const trailer = fields.has(0xa3) ? smallInteger(only(0xa3)) : 1
  return saltLength === null || trailer !== 1 ? 'unsupported' : Object.freeze({ keys: ['rsa', 'rsa-pss'] as const, hash, saltLength })
}

function hashOf (algorithm: Element | undefined): string | undefined {
  const [oid, parameters, ...more] = expectTag(algorithm, tags.sequence).children
  return more.length > 0 || (parameters !== undefined && parameters.tag !== tags.null) ? undefined : hashes[objectIdentifier(oid)]
}

function smallInteger (element: Element | undefined): number | null {
  const content = contentOf(expectTag(element, tags.integer))
  if (content.length > 2 || (content[0] as number) >= 0x80) return null
  return content.reduce((value, octet) => value * 256 + octet, 0)
}

/** Verifies with the key of a SubjectPublicKeyInfo (DER). Never throws. */
export function verifySignature (signed: Signed, spki: Uint8Array): SignatureVerdict {
  return verifyWithKey(signed, readPublicKey(spki))
}

/** The same with a key that was read before. */
export function verifyWithKey ({ algorithm, tbs, signature }: Signed, key: PublicKey): SignatureVerdict {
  const method = readSignatureAlgorithm(algorithm)
  if (typeof method === 'string') return method
  if (!key.usable) return 'key_weak'
  if (!method.keys.includes(key.type)) return 'invalid'
  const { hash, saltLength } = method
  const padding = saltLength !== undefined
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
    : key.type === 'rsa' ? { padding: constants.RSA_PKCS1_PADDING } : {}
  try {
    return verify(hash, tbs, { key: key.key, ...padding }, signature) ? 'valid' : 'invalid'
  } catch {
    return 'invalid'
  }
}

/** Whether both say the same (RFC 5280 section 4.1.1.2): byte for byte, with their parameters. */
export function isSameAlgorithm (one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.from(one.buffer, one.byteOffset, one.length).equals(other)
}
