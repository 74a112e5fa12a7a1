import type { CertificateDecoder } from '../../../types/client-certificate.ts'
import { refuse } from '../../errors.ts'
import { decodeBase64 } from '../base64.ts'
import { decodePem } from '../pem.ts'

/** Base64 of the whole PEM text: Apache `%{base64:…}`, hand-built. */
export const base64Pem: CertificateDecoder = (value) => {
  const text = decodeBase64(value)
  if (text === null) throw refuse('certificate_malformed', 'not canonical base64')
  return decodePem(text.toString('latin1'))
}
