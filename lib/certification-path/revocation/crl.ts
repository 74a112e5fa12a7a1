import type { Extension } from '../certificate.ts'
import { contentOf, derOf, expectTag, readDer, readHeader, tags, wholeOctets, type Element } from '../der.ts'
import { readName, type Name } from '../name.ts'
import { readTime } from '../time.ts'
import { noExtensions, readExtensionList } from './extension-list.ts'
import { indexEntries, noEntries, type RevokedEntries } from './revoked-entries.ts'

/** A certificate revocation list in its parts (RFC 5280 section 5.1): what it says, not whether to believe it. */
export interface Crl {
  /** Bytes of its DER. */
  readonly length: number
  /** What is signed, DER. */
  readonly tbs: Uint8Array
  readonly signatureAlgorithm: Uint8Array
  readonly tbsSignatureAlgorithm: Uint8Array
  readonly signature: Uint8Array
  readonly issuer: Name
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number
  /** Milliseconds since the epoch; null where it is not said. */
  readonly nextUpdate: number | null
  readonly extensions: ReadonlyMap<string, Extension>
  readonly entries: RevokedEntries
}

export const largestCrl = 10_485_760

/** Takes nothing but exactly one CRL in DER. @throws SyntaxError */
export function parseCrl (bytes: Uint8Array, mostBytes = largestCrl): Crl {
  const steps = readCrl(bytes, mostBytes)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

const stepsInSlice = 2048

/** The same, but other work of the process gets its turn in between. @throws SyntaxError */
export async function parseCrlInSlices (bytes: Uint8Array, mostBytes = largestCrl): Promise<Crl> {
  const steps = readCrl(bytes, mostBytes)
  for (let count = 1; ; count++) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (count % stepsInSlice === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

function * readCrl (bytes: Uint8Array, mostBytes: number): Generator<undefined, Crl> {
  if (bytes.length > mostBytes) throw new SyntaxError('the CRL is too large')
  // A copy: whoever holds the caller's buffer cannot change what was judged.
  const der = new Uint8Array(bytes)
  const root = expectTag(readHeader(der, 0, der.length), tags.sequence)
  if (root.end !== der.length) throw new SyntaxError('bytes after the CRL')
  const [tbs, signatureAlgorithm, signature, ...more] = partsOf(root)
  if (more.length > 0) throw new SyntaxError('a CRL has three parts')
  const fields = [...partsOf(expectTag(tbs, tags.sequence))]
  const version = fields[0]?.tag === tags.integer ? readVersion(fields.shift() as Element) : 1
  const [tbsSignatureAlgorithm, issuer, thisUpdate, ...optional] = fields
  const nextUpdate = isTime(optional[0]) ? optional.shift() : undefined
  const entries = optional[0]?.tag === tags.sequence ? optional.shift() : undefined
  const extensions = optional[0]?.tag === 0xa0 ? optional.shift() : undefined
  if (optional.length > 0 || (extensions !== undefined && version !== 2)) throw new SyntaxError('fields that a CRL of this version does not have')
  const head = {
    length: der.length,
    tbs: derOf(tbs as Element),
    signatureAlgorithm: derOf(expectTag(signatureAlgorithm, tags.sequence)),
    tbsSignatureAlgorithm: derOf(expectTag(tbsSignatureAlgorithm, tags.sequence)),
    signature: wholeOctets(signature),
    issuer: readName(whole(issuer)),
    thisUpdate: readTime(thisUpdate),
    nextUpdate: nextUpdate === undefined ? null : readTime(nextUpdate),
    extensions: extensions === undefined ? noExtensions : readExtensionList(only(whole(extensions)))
  }
  return Object.freeze({ ...head, entries: entries === undefined ? noEntries : yield * indexEntries(entries) })
}

// A CRL has up to seven fields; more is not worth being read.
const mostParts = 8

/** What a constructed value has in it, without what is in that. */
function partsOf ({ source, contentStart, end }: Element): readonly Element[] {
  const parts: Element[] = []
  for (let at = contentStart; at < end; at = (parts[parts.length - 1] as Element).end) {
    if (parts.length === mostParts) throw new SyntaxError('more fields than a CRL has')
    parts.push(readHeader(source, at, end))
  }
  return parts
}

function whole (element: Element | undefined): Element {
  if (element === undefined) throw new SyntaxError('a CRL without an issuer')
  return readDer(derOf(element))
}

function only ({ children: [list, ...more] }: Element): Element | undefined {
  if (more.length > 0) throw new SyntaxError('extensions are one list')
  return list
}

function isTime (element: Element | undefined): boolean {
  return element?.tag === tags.utcTime || element?.tag === tags.generalizedTime
}

function readVersion (element: Element): 2 {
  const [number, ...more] = contentOf(element)
  if (more.length > 0 || number !== 1) throw new SyntaxError('not a version of a CRL')
  return 2
}
