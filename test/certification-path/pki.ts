// Certificates made octet by octet, for one run: also those that no certification authority would issue.

import { constants, createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { certificationPaths, type PathVerdict, type TrustOptions } from '../../lib/certification-path/index.ts'

export function tlv (tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : length < 0x10000 ? [0x82, length >> 8, length & 0xff] : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
  return Buffer.concat([Uint8Array.of(tag, ...head), content])
}

export const seq = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts)
export const set = (...parts: readonly Uint8Array[]): Buffer => tlv(0x31, ...parts)
export const octets = (...parts: readonly Uint8Array[]): Buffer => tlv(0x04, ...parts)
export const bits = (content: Uint8Array, unused = 0): Buffer => tlv(0x03, Uint8Array.of(unused), content)
export const bool = (value: boolean): Buffer => tlv(0x01, Uint8Array.of(value ? 0xff : 0))
export const nul = tlv(0x05)
export const text = (value: string, tag = 0x0c): Buffer => tlv(tag, Buffer.from(value, tag === 0x0c ? 'utf8' : 'latin1'))

export function integer (value: number | bigint | Uint8Array, tag = 0x02): Buffer {
  if (value instanceof Uint8Array) return tlv(tag, value)
  const hex = value.toString(16)
  const content = Buffer.from(hex.padStart(hex.length + hex.length % 2, '0'), 'hex')
  return tlv(tag, (content[0] as number) >= 0x80 ? Buffer.concat([Uint8Array.of(0), content]) : content)
}

export function oid (dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const arcs = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left & 0x7f) | 0x80)
    return digits
  })
  return tlv(0x06, Uint8Array.from(arcs))
}

const attributeTypes: Readonly<Record<string, string>> = { CN: '2.5.4.3', O: '2.5.4.10', OU: '2.5.4.11', C: '2.5.4.6', E: '1.2.840.113549.1.9.1' }

/** One attribute in each part: `name('O=Bank', 'CN=client')`. */
export function name (...rdns: readonly string[]): Buffer {
  return seq(...rdns.map((rdn) => {
    const [type = '', ...value] = rdn.split('=')
    return set(seq(oid(attributeTypes[type] as string), text(value.join('='), type === 'E' ? 0x16 : 0x0c)))
  }))
}

export interface Keys {
  readonly privateKey: KeyObject
  readonly spki: Buffer
}

export function ecKeys (namedCurve = 'P-256'): Keys {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  return { privateKey, spki: publicKey.export({ format: 'der', type: 'spki' }) }
}

export function rsaKeys (modulusLength = 2048, publicExponent = 65_537): Keys {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent })
  return { privateKey, spki: publicKey.export({ format: 'der', type: 'spki' }) }
}

export function ed25519Keys (): Keys {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { privateKey, spki: publicKey.export({ format: 'der', type: 'spki' }) }
}

export interface Algorithm {
  readonly identifier: Buffer
  sign (tbs: Buffer, key: KeyObject): Buffer
}

const hashOids: Readonly<Record<string, string>> = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1', sha384: '2.16.840.1.101.3.4.2.2', sha512: '2.16.840.1.101.3.4.2.3' }

export function pss (hash: string, saltLength = 32, maskHash = hash): Algorithm {
  const algorithm = (value: string): Buffer => seq(oid(hashOids[value] as string), nul)
  const parameters = seq(tlv(0xa0, algorithm(hash)), tlv(0xa1, seq(oid('1.2.840.113549.1.1.8'), algorithm(maskHash))), tlv(0xa2, integer(saltLength)))
  return {
    identifier: seq(oid('1.2.840.113549.1.1.10'), parameters),
    sign: (tbs, key) => sign(hash, tbs, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
  }
}

const withHash = (identifier: Buffer, hash: string | null): Algorithm => ({ identifier, sign: (tbs, key) => sign(hash, tbs, key) })

export const algorithms = {
  ecdsaSha256: withHash(seq(oid('1.2.840.10045.4.3.2')), 'sha256'),
  ecdsaSha384: withHash(seq(oid('1.2.840.10045.4.3.3')), 'sha384'),
  ecdsaSha512: withHash(seq(oid('1.2.840.10045.4.3.4')), 'sha512'),
  ecdsaSha1: withHash(seq(oid('1.2.840.10045.4.1')), 'sha1'),
  rsaSha256: withHash(seq(oid('1.2.840.113549.1.1.11'), nul), 'sha256'),
  rsaSha512: withHash(seq(oid('1.2.840.113549.1.1.13'), nul), 'sha512'),
  rsaSha1: withHash(seq(oid('1.2.840.113549.1.1.5'), nul), 'sha1'),
  rsaMd5: withHash(seq(oid('1.2.840.113549.1.1.4'), nul), 'md5'),
  ed25519: withHash(seq(oid('1.3.101.112')), null)
}

export function algorithmFor (key: KeyObject): Algorithm {
  return key.asymmetricKeyType === 'ec' ? algorithms.ecdsaSha256 : key.asymmetricKeyType === 'ed25519' ? algorithms.ed25519 : algorithms.rsaSha256
}

export const extension = (id: string, value: Uint8Array, critical = false): Buffer => seq(oid(id), ...critical ? [bool(true)] : [], octets(value))

export function keyUsage (...usages: readonly number[]): Buffer {
  const octet = usages.reduce((sum, bit) => sum | (0x80 >> bit), 0)
  return extension('2.5.29.15', bits(Uint8Array.of(octet), usages.length === 0 ? 0 : 7 - Math.max(...usages)), true)
}

export const basicConstraints = (cA: boolean, pathLength?: number, critical = true): Buffer =>
  extension('2.5.29.19', seq(...cA ? [bool(true)] : [], ...pathLength === undefined ? [] : [integer(pathLength)]), critical)
export const purposes = { clientAuth: '1.3.6.1.5.5.7.3.2', serverAuth: '1.3.6.1.5.5.7.3.1', emailProtection: '1.3.6.1.5.5.7.3.4', any: '2.5.29.37.0' }
export const extendedKeyUsage = (...list: readonly string[]): Buffer => extension('2.5.29.37', seq(...list.map(oid)))

export const dns = (value: string): Buffer => text(value, 0x82)
export const mail = (value: string): Buffer => text(value, 0x81)
export const uri = (value: string): Buffer => text(value, 0x86)
export const ip = (...address: readonly number[]): Buffer => tlv(0x87, Uint8Array.from(address))
export const directory = (...rdns: readonly string[]): Buffer => tlv(0xa4, name(...rdns))
export const other = (id = '1.2.3.4', value = 'x'): Buffer => tlv(0xa0, oid(id), tlv(0xa0, text(value)))
export const alternativeNames = (names: readonly Uint8Array[], critical = false): Buffer => extension('2.5.29.17', seq(...names), critical)
export function nameConstraints (permitted: readonly Uint8Array[], excluded: readonly Uint8Array[] = [], critical = true): Buffer {
  const list = (tag: number, names: readonly Uint8Array[]): Buffer[] => names.length === 0 ? [] : [tlv(tag, ...names.map((base) => seq(base)))]
  return extension('2.5.29.30', seq(...list(0xa0, permitted), ...list(0xa1, excluded)), critical)
}

export const certificatePolicies = (list: readonly string[], critical = false): Buffer => extension('2.5.29.32', seq(...list.map((policy) => seq(oid(policy)))), critical)
export const policyMappings = (...pairs: ReadonlyArray<readonly [string, string]>): Buffer => extension('2.5.29.33', seq(...pairs.map(([from, to]) => seq(oid(from), oid(to)))), true)
export const policyConstraints = (explicit?: number, mapping?: number): Buffer =>
  extension('2.5.29.36', seq(...explicit === undefined ? [] : [integer(explicit, 0x80)], ...mapping === undefined ? [] : [integer(mapping, 0x81)]), true)
export const inhibitAnyPolicy = (skip: number): Buffer => extension('2.5.29.54', integer(skip), true)

export const now = new Date('2026-06-15T12:00:00Z')
export const utcTime = (digits: string): Buffer => text(`${digits}Z`, 0x17)
export const generalizedTime = (digits: string): Buffer => text(`${digits}Z`, 0x18)

export interface Issued {
  readonly der: Buffer
  readonly subject: Buffer
  readonly keys: Keys
}

export interface CertificateOptions {
  readonly subject?: Buffer
  readonly keys?: Keys
  /** Self-signed without. */
  readonly issuer?: Issued | undefined
  /** Written as the issuer, whoever signs. */
  readonly issuerName?: Buffer
  readonly serial?: number | bigint | Uint8Array
  readonly notBefore?: Buffer
  readonly notAfter?: Buffer
  /** 0 for version 1. */
  readonly version?: number
  readonly extensions?: readonly Uint8Array[]
  readonly algorithm?: Algorithm
  readonly innerAlgorithm?: Buffer
  readonly spki?: Buffer
}

let count = 0

export function certificate (options: CertificateOptions = {}): Issued {
  const keys = options.keys ?? ecKeys()
  const subject = options.subject ?? name(`CN=name ${++count}`)
  const signer = options.issuer?.keys ?? keys
  const algorithm = options.algorithm ?? algorithmFor(signer.privateKey)
  const { version = 2, extensions = [] } = options
  const tbs = seq(
    ...version === 0 ? [] : [tlv(0xa0, integer(version))],
    integer(options.serial ?? ++count),
    options.innerAlgorithm ?? algorithm.identifier,
    options.issuerName ?? options.issuer?.subject ?? subject,
    seq(options.notBefore ?? utcTime('260101000000'), options.notAfter ?? utcTime('270101000000')),
    subject,
    options.spki ?? keys.spki,
    ...extensions.length === 0 ? [] : [tlv(0xa3, seq(...extensions))]
  )
  return { der: seq(tbs, algorithm.identifier, bits(algorithm.sign(tbs, signer.privateKey))), subject, keys }
}

export interface AuthorityOptions extends CertificateOptions {
  readonly pathLength?: number
}

/** A certification authority: self-signed without `issuer`. `extensions` come on top. */
export function authority (options: AuthorityOptions = {}): Issued {
  return certificate({ ...options, extensions: [basicConstraints(true, options.pathLength), keyUsage(5, 6), ...options.extensions ?? []] })
}

/** A client's certificate as it should be. `extensions` come on top. */
export function client (issuer: Issued, options: CertificateOptions = {}): Issued {
  return certificate({ issuer, ...options, extensions: [keyUsage(0), extendedKeyUsage(purposes.clientAuth), ...options.extensions ?? []] })
}

export const keyIdentifier = ({ keys }: Pick<Issued, 'keys'>): Buffer => createHash('sha1').update(keys.spki).digest()

/** Anchor first, client last. */
export function judge (path: readonly Issued[], options: Partial<TrustOptions> = {}, at = now): PathVerdict {
  const [anchor, ...rest] = path.map(({ der }) => der)
  const leaf = rest.pop() ?? anchor
  return certificationPaths({ anchors: [anchor as Buffer], ...options }).validate(leaf as Buffer, rest, at)
}

/** `valid`, or the fault. */
export function outcome (verdict: PathVerdict): string {
  return verdict.valid ? 'valid' : verdict.reason
}
