import { hash, X509Certificate } from 'node:crypto'
import { refuse } from '../errors.ts'
import type { ClientCertificate } from '../../types/client-certificate.ts'

/** A certificate as the guard needs it: the digest to compare, and the view that the application gets. */
export interface PresentedCertificate {
  /** SHA-256 of the DER, 32 bytes. */
  readonly digest: Buffer
  readonly certificate: ClientCertificate
}

export function presentCertificate (der: Buffer): PresentedCertificate {
  const digest = hash('sha256', der, 'buffer')
  return Object.freeze({ digest, certificate: viewOf(der, digest.toString('base64url')) })
}

/**
 * Node's parser takes bytes after the certificate, two certificates in a row, and BER around it: then the hash of what was
 * sent is not the hash of what was read. `raw` is what was read; nothing but exactly that is taken.
 */
export function refuseUnlessOneCertificate (der: Uint8Array): void {
  let raw: Buffer
  try {
    raw = new X509Certificate(der).raw
  } catch {
    throw refuse('certificate_malformed', 'not an X.509 certificate')
  }
  if (!raw.equals(der)) throw refuse('certificate_malformed', 'not exactly one certificate in DER')
}

function viewOf (der: Buffer, thumbprint: string): ClientCertificate {
  let parsed: X509Certificate | undefined
  const x509 = (): X509Certificate => (parsed ??= new X509Certificate(der))
  return Object.freeze({
    thumbprint,
    get der () { return Buffer.from(der) },
    get subject () { return x509().subject },
    get issuer () { return x509().issuer },
    get serialNumber () { return x509().serialNumber },
    get validFrom () { return new Date(x509().validFrom) },
    get validTo () { return new Date(x509().validTo) },
    get subjectAltName () { return x509().subjectAltName },
    get x509 () { return x509() }
  })
}
