import type { Extension } from '../certificate.ts'
import { contentOf, derOf, expectTag, objectIdentifier, readDer, tags, wholeOctets, type Element } from '../der.ts'
import { readName, type Name } from '../name.ts'
import { readTime } from '../time.ts'
import { fieldsByTag } from './distribution-point.ts'
import { noExtensions, readExtensionList } from './extension-list.ts'
import type { CertIdHash } from './ocsp-request.ts'
import { readReason, type RevocationReason } from './reason.ts'

export interface CertId {
  /** Null for one that is not asked with. */
  readonly hash: CertIdHash | null
  readonly issuerNameHash: Uint8Array
  readonly issuerKeyHash: Uint8Array
  readonly serialNumber: Uint8Array
}

export type CertStatus = { readonly status: 'good' | 'unknown' } | { readonly status: 'revoked', readonly reason: RevocationReason, readonly date: Date }

export interface SingleResponse {
  readonly certId: CertId
  readonly certStatus: CertStatus
  /** Milliseconds since the epoch, as all times here. */
  readonly thisUpdate: number
  readonly nextUpdate: number | null
  readonly extensions: ReadonlyMap<string, Extension>
}

/** A BasicOCSPResponse in its parts (RFC 6960 section 4.2.1): what it says, not whether to believe it. */
export interface OcspResponse {
  readonly tbs: Uint8Array
  readonly signatureAlgorithm: Uint8Array
  readonly signature: Uint8Array
  readonly responderId: { readonly name: Name } | { readonly keyHash: Uint8Array }
  readonly producedAt: number
  readonly responses: readonly SingleResponse[]
  readonly extensions: ReadonlyMap<string, Extension>
  /** DER. */
  readonly certs: readonly Uint8Array[]
}

export const largestOcspResponse = 65_536

const statuses: Readonly<Record<number, string>> = Object.freeze({ 1: 'malformedRequest', 2: 'internalError', 3: 'tryLater', 5: 'sigRequired', 6: 'unauthorized' })
const basicResponse = '1.3.6.1.5.5.7.48.1.1'
const mostCertificates = 8

/** A response, or the name of the error that the responder answered instead. @throws SyntaxError */
export function parseOcspResponse (bytes: Uint8Array, mostBytes = largestOcspResponse): OcspResponse | { readonly error: string } {
  if (bytes.length > mostBytes) throw new SyntaxError('the response is too large')
  const [responseStatus, responseBytes, ...more] = expectTag(readDer(new Uint8Array(bytes)), tags.sequence).children
  const [status = NaN, ...rest] = contentOf(expectTag(responseStatus, 0x0a))
  if (more.length > 0 || rest.length > 0) throw new SyntaxError('a response has two parts')
  if (status !== 0) return { error: statuses[status] ?? 'a status that is not known' }
  const [type, response, ...beyond] = expectTag(only(expectTag(responseBytes, 0xa0)), tags.sequence).children
  if (beyond.length > 0 || objectIdentifier(type) !== basicResponse) throw new SyntaxError('not a basic response')
  return readBasicResponse(readDer(contentOf(expectTag(response, tags.octetString))))
}

function readBasicResponse (root: Element): OcspResponse {
  const [tbs, signatureAlgorithm, signature, ...optional] = expectTag(root, tags.sequence).children
  const certs = fieldsByTag(optional, [0xa0]).get(0xa0)
  const list = certs === undefined ? [] : expectTag(only(certs), tags.sequence).children
  if (list.length > mostCertificates) throw new SyntaxError('too many certificates')
  const fields = [...expectTag(tbs, tags.sequence).children]
  if (fields[0]?.tag === 0xa0) expectFirstVersion(fields.shift() as Element)
  const [responderId, producedAt, responses, ...last] = fields
  const extensions = fieldsByTag(last, [0xa1]).get(0xa1)
  return Object.freeze({
    tbs: derOf(tbs as Element),
    signatureAlgorithm: derOf(expectTag(signatureAlgorithm, tags.sequence)),
    signature: wholeOctets(signature),
    responderId: readResponderId(responderId),
    producedAt: readGeneralizedTime(producedAt),
    responses: expectTag(responses, tags.sequence).children.map(readSingleResponse),
    extensions: extensions === undefined ? noExtensions : readExtensionList(only(extensions)),
    certs: list.map(derOf)
  })
}

// Version 1 is the default and not written in DER, but some write it.
function expectFirstVersion (element: Element): void {
  const [version, ...more] = contentOf(expectTag(only(element), tags.integer))
  if (version !== 0 || more.length > 0) throw new SyntaxError('not a version of OCSP')
}

function readResponderId (element: Element | undefined): OcspResponse['responderId'] {
  if (element?.tag === 0xa1) return { name: readName(only(element)) }
  return { keyHash: contentOf(expectTag(only(expectTag(element, 0xa2)), tags.octetString)) }
}

function readSingleResponse (element: Element): SingleResponse {
  const [certId, certStatus, thisUpdate, ...optional] = expectTag(element, tags.sequence).children
  const fields = fieldsByTag(optional, [0xa0, 0xa1])
  const nextUpdate = fields.get(0xa0)
  const extensions = fields.get(0xa1)
  return {
    certId: readCertId(certId),
    certStatus: readCertStatus(certStatus),
    thisUpdate: readGeneralizedTime(thisUpdate),
    nextUpdate: nextUpdate === undefined ? null : readGeneralizedTime(only(nextUpdate)),
    extensions: extensions === undefined ? noExtensions : readExtensionList(only(extensions))
  }
}

const hashes: Readonly<Record<string, CertIdHash>> = Object.freeze({ '1.3.14.3.2.26': 'sha1', '2.16.840.1.101.3.4.2.1': 'sha256' })

function readCertId (element: Element | undefined): CertId {
  const [algorithm, issuerNameHash, issuerKeyHash, serialNumber, ...more] = expectTag(element, tags.sequence).children
  if (more.length > 0) throw new SyntaxError('a CertID has four parts')
  return {
    hash: hashes[objectIdentifier(expectTag(algorithm, tags.sequence).children[0])] ?? null,
    issuerNameHash: contentOf(expectTag(issuerNameHash, tags.octetString)),
    issuerKeyHash: contentOf(expectTag(issuerKeyHash, tags.octetString)),
    serialNumber: contentOf(expectTag(serialNumber, tags.integer))
  }
}

function readCertStatus (element: Element | undefined): CertStatus {
  if (element?.tag === 0x80 || element?.tag === 0x82) {
    if (contentOf(element).length > 0) throw new SyntaxError('a NULL with content')
    return { status: element.tag === 0x80 ? 'good' : 'unknown' }
  }
  const [time, ...optional] = expectTag(element, 0xa1).children
  const reason = fieldsByTag(optional, [0xa0]).get(0xa0)
  return { status: 'revoked', reason: reason === undefined ? 'unspecified' : readReason(only(reason)), date: new Date(readGeneralizedTime(time)) }
}

function readGeneralizedTime (element: Element | undefined): number {
  return readTime(expectTag(element, tags.generalizedTime))
}

function only ({ children: [one, ...more] }: Element): Element {
  if (one === undefined || more.length > 0) throw new SyntaxError('not exactly one value')
  return one
}
