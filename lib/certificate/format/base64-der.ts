import type { CertificateDecoder } from '../../../types/client-certificate.ts'
import { refuse } from '../../errors.ts'
import { decodeBase64 } from '../base64.ts'

/** Base64 of the DER, no armour: HAProxy `ssl_c_der,base64`, Caddy `certificate_der_base64`. */
export const base64Der: CertificateDecoder = (value) => {
  const der = decodeBase64(value)
  if (der === null) throw refuse('certificate_malformed', 'not canonical base64')
  return der
}
