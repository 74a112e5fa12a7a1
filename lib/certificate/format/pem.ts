import type { CertificateDecoder } from '../../../types/client-certificate.ts'
import { decodePem } from '../pem.ts'

/** PEM in one line: no separators (Connect2id), spaces (Apache `%{SSL_CLIENT_CERT}s`) or tabs. */
export const pem: CertificateDecoder = decodePem
