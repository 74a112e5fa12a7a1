import type { CertificateDecoder } from '../../../types/client-certificate.ts'
import { chainFormats } from '../chain-formats.ts'

/** Base64 of each DER, the client's first, then its chain, with commas and nothing else between them: Traefik since 2.9.4. */
export const base64DerList: CertificateDecoder = (value) => chainFormats['base64-der-list'](value)[0] as Uint8Array
