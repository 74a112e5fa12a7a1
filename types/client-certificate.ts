import type { X509Certificate } from 'node:crypto'

/**
 * The certificate that the client showed to the TLS terminator. Only `thumbprint` and `der` are at hand; everything else
 * is parsed when it is read for the first time.
 *
 * Unless the proxy verifies certificates against a CA, everything in it but the key was chosen by the client: use the
 * thumbprint, not the names.
 */
export interface ClientCertificate {
  /** base64url SHA-256 of the DER, 43 characters: the form of `cnf["x5t#S256"]` (RFC 8705 section 3.1). */
  readonly thumbprint: string
  /** A copy of the DER encoding. */
  readonly der: Buffer
  /**
   * Copies of the other certificates that the proxy passed on, DER, in the order in which they came; empty without
   * `certificate.chain`, and where a resumed TLS session has lost them. They were chosen by the client and are not verified.
   */
  readonly chain: readonly Buffer[]
  readonly subject: string
  readonly issuer: string
  /** Upper-case hex. */
  readonly serialNumber: string
  readonly validFrom: Date
  readonly validTo: Date
  readonly subjectAltName: string | undefined
  readonly x509: X509Certificate
}

/**
 * Reads one header value into the DER of one certificate. Throws for anything else; the value is never logged.
 * The result is parsed and must be exactly one canonical certificate.
 */
export type CertificateDecoder = (value: string) => Uint8Array
