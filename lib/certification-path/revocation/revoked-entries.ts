import { readDer, readHeader, tags, type Element } from '../der.ts'
import { readTime } from '../time.ts'
import { readExtensionList } from './extension-list.ts'
import { readReason, type RevocationReason } from './reason.ts'

export interface RevokedEntry {
  readonly reason: RevocationReason
  /** Null where it cannot be read: revoked is revoked. */
  readonly date: Date | null
}

export interface RevokedEntries {
  readonly size: number
  /** By the octets of the serial number, in the one form that DER allows. */
  find (serialNumber: Uint8Array): RevokedEntry | null
}

export const noEntries: RevokedEntries = Object.freeze({ size: 0, find: () => null })

const reasonCode = '2.5.29.21'
const certificateIssuer = '2.5.29.29'
// A reason code and nothing else, which is what nearly every entry has, up to the reason itself.
const onlyReason = Buffer.from('300c300a0603551d1504030a01', 'hex')

/**
 * Walks through `revokedCertificates` (RFC 5280 section 5.1.2.6), one step for each entry, and keeps where each is: a list of some
 * megabytes is not made into objects. Every entry is looked at, since one that cannot be processed spoils the whole list
 * (section 5.3).
 *
 * @throws SyntaxError
 */
export function * indexEntries ({ source, contentStart, end }: Element): Generator<undefined, RevokedEntries> {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.length)
  const places = new Map<string, number>()
  for (let at = contentStart; at < end;) {
    const entry = readHeader(source, at, end)
    const serialNumber = readHeader(source, entry.contentStart, entry.end)
    const date = readHeader(source, serialNumber.end, entry.end)
    if (entry.tag !== tags.sequence || serialNumber.tag !== tags.integer || (date.tag !== tags.utcTime && date.tag !== tags.generalizedTime)) {
      throw new SyntaxError('not an entry of a CRL')
    }
    if (date.end !== entry.end && !hasOnlyReason(bytes, date.end, entry.end)) readEntryExtensions(bytes, date.end, entry.end)
    const key = bytes.toString('latin1', serialNumber.contentStart, serialNumber.end)
    // Where one number is there twice, what revokes it stays.
    const before = places.get(key)
    if (before === undefined || readEntry(bytes, before, end).reason === 'removeFromCRL') places.set(key, at)
    at = entry.end
    yield
  }
  return Object.freeze({
    size: places.size,
    find (serialNumber: Uint8Array) {
      const place = places.get(Buffer.from(serialNumber).toString('latin1'))
      return place === undefined ? null : readEntry(bytes, place, end)
    }
  })
}

function readEntry (bytes: Buffer, at: number, limit: number): RevokedEntry {
  const { contentStart, end } = readHeader(bytes, at, limit)
  const date = readHeader(bytes, readHeader(bytes, contentStart, end).end, end)
  const reason = date.end === end ? 'unspecified' : readEntryExtensions(bytes, date.end, end)
  return Object.freeze({ reason, date: timeOrNull(date) })
}

function timeOrNull (element: Element): Date | null {
  try {
    return new Date(readTime(element))
  } catch {
    return null
  }
}

function hasOnlyReason (bytes: Buffer, start: number, end: number): boolean {
  return end - start === onlyReason.length + 1 && bytes.compare(onlyReason, 0, onlyReason.length, start, end - 1) === 0
}

function readEntryExtensions (bytes: Buffer, start: number, end: number): RevocationReason {
  const extensions = readExtensionList(readDer(bytes.subarray(start, end)))
  for (const { oid, critical } of extensions.values()) {
    // Section 5.3.3: only in an indirect CRL, whose entries are about the certificates of others.
    if (oid === certificateIssuer) throw new SyntaxError('an entry about the certificate of another issuer')
    if (critical && oid !== reasonCode) throw new SyntaxError(`an entry with the critical extension ${oid}, which is not known`)
  }
  const reason = extensions.get(reasonCode)
  return reason === undefined ? 'unspecified' : readReason(readDer(reason.value))
}
