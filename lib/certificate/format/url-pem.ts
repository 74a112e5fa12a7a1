import type { CertificateDecoder } from '../../../types/client-certificate.ts'
import { refuse } from '../../errors.ts'
import { decodePem } from '../pem.ts'

// What may stand unescaped: RFC 3986 unreserved, and `+ / =`, which Apache and AWS leave as they are. A literal `+` is a plus
// sign: this is percent-encoding, not a form.
const escaped = /^(?:[A-Za-z0-9\-._~+/=]|%[0-9A-Fa-f]{2})+$/

/** Percent-encoded PEM: nginx `$ssl_client_escaped_cert`, Apache `%{escape:…}`. */
export const urlPem: CertificateDecoder = (value) => decodePem(unescapePem(value))

/** @throws Refusal for what is no percent-encoding */
export function unescapePem (value: string): string {
  if (!escaped.test(value)) throw refuse('certificate_malformed', 'not percent-encoded')
  try {
    return decodeURIComponent(value)
  } catch {
    throw refuse('certificate_malformed', 'percent-encoding of something that is not UTF-8')
  }
}
