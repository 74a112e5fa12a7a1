import type { CertificateDecoder } from '../../../types/client-certificate.ts'
import { refuse } from '../../errors.ts'
import { base64Der } from './base64-der.ts'

/** A chain of more is none that a client sends. */
const maxCertificates = 10

/** Base64 of each DER, the client's first, then its chain, with commas and nothing else between them: Traefik since 2.9.4. */
export const base64DerList: CertificateDecoder = (value) => {
  const certificates = value.split(',')
  if (certificates.length > maxCertificates) throw refuse('certificate_malformed', `more than ${maxCertificates} certificates`)
  const [client] = certificates.map(base64Der)
  return client as Uint8Array
}
