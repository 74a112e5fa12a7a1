import type { CertificateDecoder } from '../../../types/client-certificate.ts'
import { refuse } from '../../errors.ts'
import { decodeBase64 } from '../base64.ts'

/**
 * RFC 9440 section 2.2: one Byte Sequence (RFC 8941 section 3.3.5), `:base64:`. Parameters are legal for an Item, but
 * RFC 9440 defines none: refused. So are missing padding and stray pad bits, which RFC 8941 section 4.2.7 leaves to us.
 */
export const rfc9440: CertificateDecoder = (value) => {
  if (value.length < 3 || !value.startsWith(':') || !value.endsWith(':')) {
    throw refuse('certificate_malformed', 'not a Byte Sequence')
  }
  const der = decodeBase64(value.slice(1, -1))
  if (der === null) throw refuse('certificate_malformed', 'not canonical base64 between colons')
  return der
}
