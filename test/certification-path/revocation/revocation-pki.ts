// CRLs and OCSP responses made octet by octet, for one run: also those that nobody would issue.

import { createHash } from 'node:crypto'
import { parseCertificate, type Certificate } from '../../../lib/certification-path/index.ts'
import {
  algorithmFor, authority, bits, client, extension, generalizedTime, integer, name, octets, oid, seq, text, tlv, utcTime, type Algorithm, type Issued
} from '../pki.ts'

export const read = ({ der }: Pick<Issued, 'der'>): Certificate => parseCertificate(der)

export const root = authority({ subject: name('CN=root') })
export const middle = authority({ subject: name('CN=middle'), issuer: root, serial: 0x1001 })
export const leaf = client(middle, { serial: 0x2001, subject: name('CN=client') })
export const path = [leaf, middle, root].map(read)
export const [target, issuer, anchor] = path as [Certificate, Certificate, Certificate]

export const enumerated = (value: number): Buffer => tlv(0x0a, Uint8Array.of(value))
export const reasonCode = (value: number): Buffer => extension('2.5.29.21', enumerated(value))
export const crlNumber = (value: number): Buffer => extension('2.5.29.20', integer(value))
export const deltaIndicator = (value: number): Buffer => extension('2.5.29.27', integer(value), true)
export const distributionPointName = (...names: readonly Buffer[]): Buffer => tlv(0xa0, tlv(0xa0, ...names))
export const flag = (tag: number): Buffer => tlv(tag, Uint8Array.of(0xff))
export const issuingDistributionPoint = (...fields: readonly Buffer[]): Buffer => extension('2.5.29.28', seq(...fields), true)
export const distributionPoints = (...points: ReadonlyArray<readonly Buffer[]>): Buffer => extension('2.5.29.31', seq(...points.map((fields) => seq(...fields))))
export const uri = (value: string): Buffer => text(value, 0x86)
export const responderAccess = (...urls: readonly string[]): Buffer => extension('1.3.6.1.5.5.7.1.1', seq(...urls.map((url) => seq(oid('1.3.6.1.5.5.7.48.1'), uri(url)))))

export interface Revoked {
  readonly serial: number | bigint | Uint8Array
  readonly extensions?: readonly Buffer[]
}

export const entry = ({ serial, extensions = [] }: Revoked): Buffer => seq(integer(serial), utcTime('260301000000'), ...extensions.length === 0 ? [] : [seq(...extensions)])

export interface CrlFields {
  readonly signer?: Issued
  readonly issuerName?: Buffer
  readonly revoked?: readonly Revoked[]
  /** Written in place of the entries. */
  readonly entries?: Buffer
  readonly version?: readonly Buffer[]
  readonly thisUpdate?: Buffer
  readonly nextUpdate?: Buffer | null
  readonly extensions?: readonly Buffer[]
  readonly algorithm?: Algorithm
  readonly innerAlgorithm?: Buffer
}

export function crl ({ signer = middle, revoked = [], extensions = [crlNumber(7)], ...fields }: CrlFields = {}): Buffer {
  const algorithm = fields.algorithm ?? algorithmFor(signer.keys.privateKey)
  const { nextUpdate = utcTime('260622000000') } = fields
  const entries = fields.entries ?? (revoked.length === 0 ? null : seq(...revoked.map(entry)))
  const tbs = seq(
    ...fields.version ?? [integer(1)],
    fields.innerAlgorithm ?? algorithm.identifier,
    fields.issuerName ?? signer.subject,
    fields.thisUpdate ?? utcTime('260601000000'),
    ...nextUpdate === null ? [] : [nextUpdate],
    ...entries === null ? [] : [entries],
    ...extensions.length === 0 ? [] : [tlv(0xa0, seq(...extensions))]
  )
  return seq(tbs, algorithm.identifier, bits(algorithm.sign(tbs, signer.keys.privateKey)))
}

export const hashOids = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1', sha384: '2.16.840.1.101.3.4.2.2' } as const
const digest = (hash: string, bytes: Uint8Array): Buffer => createHash(hash).update(bytes).digest()
// An EC key on P-256: the point is the last 65 octets.
export const keyHash = ({ keys }: Pick<Issued, 'keys'>, hash = 'sha1'): Buffer => digest(hash, keys.spki.subarray(-65))

export interface SingleFields {
  readonly hash?: keyof typeof hashOids
  readonly issuer?: Issued
  readonly nameHash?: Buffer
  readonly keyHash?: Buffer
  readonly serial?: number
  readonly status?: Buffer
  readonly thisUpdate?: Buffer
  readonly nextUpdate?: Buffer | null
  readonly extensions?: readonly Buffer[]
}

export const good = tlv(0x80)
export const unknown = tlv(0x82)
export const revokedStatus = (reason?: number): Buffer => tlv(0xa1, generalizedTime('20260301000000'), ...reason === undefined ? [] : [tlv(0xa0, enumerated(reason))])

export function single ({ hash = 'sha1', issuer: by = middle, serial = 0x2001, status = good, extensions = [], ...fields }: SingleFields = {}): Buffer {
  const { nextUpdate = generalizedTime('20260616000000') } = fields
  return seq(
    seq(seq(oid(hashOids[hash]), tlv(0x05)), octets(fields.nameHash ?? digest(hash, by.subject)), octets(fields.keyHash ?? keyHash(by, hash)), integer(serial)),
    status,
    fields.thisUpdate ?? generalizedTime('20260615000000'),
    ...nextUpdate === null ? [] : [tlv(0xa0, nextUpdate)],
    ...extensions.length === 0 ? [] : [tlv(0xa1, seq(...extensions))]
  )
}

export interface ResponseFields {
  readonly signer?: Issued
  readonly responderId?: Buffer
  readonly producedAt?: Buffer
  readonly singles?: readonly Buffer[]
  readonly extensions?: readonly Buffer[]
  readonly certs?: readonly Issued[]
  readonly algorithm?: Algorithm
  readonly version?: readonly Buffer[]
  readonly type?: string
}

export function ocspResponse ({ signer = middle, extensions = [], certs = [], ...fields }: ResponseFields = {}): Buffer {
  const algorithm = fields.algorithm ?? algorithmFor(signer.keys.privateKey)
  const tbs = seq(
    ...fields.version ?? [],
    fields.responderId ?? tlv(0xa1, signer.subject),
    fields.producedAt ?? generalizedTime('20260615000000'),
    seq(...fields.singles ?? [single()]),
    ...extensions.length === 0 ? [] : [tlv(0xa1, seq(...extensions))]
  )
  const basic = seq(tbs, algorithm.identifier, bits(algorithm.sign(tbs, signer.keys.privateKey)), ...certs.length === 0 ? [] : [tlv(0xa0, seq(...certs.map(({ der }) => der)))])
  return seq(enumerated(0), tlv(0xa0, seq(oid(fields.type ?? '1.3.6.1.5.5.7.48.1.1'), octets(basic))))
}

export const errorResponse = (status: number): Buffer => seq(enumerated(status))
export const nonceExtension = (nonce: Uint8Array, critical = false): Buffer => extension('1.3.6.1.5.5.7.48.1.2', octets(nonce), critical)
