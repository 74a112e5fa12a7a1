/**
 * In what form the public key of a certificate is: OpenSSL reads keys as soon as it reads a certificate, and must not be given each.
 * A curve that is written out instead of named (RFC 5480 section 2.1.1 forbids it) makes it find square roots modulo whatever number the
 * writer chose: a certificate of a kilobyte takes a quarter of a second.
 *
 * @param der - whatever somebody sent as a certificate
 * @returns `curve` for one that is written out, `none` for what is not the outline of a certificate
 */
export function keyForm (der: Uint8Array): 'fit' | 'curve' | 'none' {
  const tbs = child(child({ start: 0, end: der.length }))
  if (tbs === null) return 'none'
  let next: Span | null = { start: tbs.contentStart, end: tbs.end }
  // version [0], if any, serialNumber, signature, issuer, validity, subject (RFC 5280 section 4.1).
  for (let skip = der[next.start] === 0xa0 ? 6 : 5; skip > 0 && next !== null; skip--) {
    const field = header(next)
    next = field === null ? null : { start: field.end, end: next.end }
  }
  const algorithm = child(header(next))
  const type = child(algorithm)
  if (algorithm === null || type === null) return 'none'
  const oid = Buffer.from(der.buffer, der.byteOffset + type.contentStart, type.end - type.contentStart).toString('hex')
  if (!curves.some((arc) => oid.startsWith(arc))) return 'fit'
  return der[type.end] === 0x06 && type.end < algorithm.end ? 'fit' : 'curve'

  function header (span: Span | null): Header | null {
    if (span === null || span.start + 2 > span.end) return null
    const first = der[span.start + 1] as number
    const octets = first < 0x80 ? 0 : first & 0x7f
    if (first === 0x80 || octets > 3 || span.start + 2 + octets > span.end) return null
    let length = octets === 0 ? first : 0
    for (let i = 0; i < octets; i++) length = length * 256 + (der[span.start + 2 + i] as number)
    const contentStart = span.start + 2 + octets
    return contentStart + length > span.end ? null : { contentStart, end: contentStart + length }
  }

  /** The first value in another one. */
  function child (parent: Span | Header | null): Header | null {
    if (parent === null) return null
    return header({ start: 'contentStart' in parent ? parent.contentStart : parent.start, end: parent.end })
  }
}

interface Span { readonly start: number, readonly end: number }
interface Header { readonly contentStart: number, readonly end: number }

// ANSI X9.62 (1.2.840.10045), SEC (1.3.132), SM2 (1.2.156.10197): whose parameters may be a curve.
const curves = ['2a8648ce3d', '2b8104', '2a811ccf55']
