import type { CertificateDecoder } from '../../../types/client-certificate.ts'
import { refuse } from '../../errors.ts'

/** Hex of the DER in upper case: HAProxy `ssl_c_der,hex`. */
export const hexDer: CertificateDecoder = (value) => {
  if (value.length % 2 !== 0 || !/^[0-9A-F]+$/.test(value)) throw refuse('certificate_malformed', 'not upper-case hex')
  return Buffer.from(value, 'hex')
}
