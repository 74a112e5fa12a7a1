import { hash, X509Certificate } from 'node:crypto'
import { keyForm } from '../certification-path/key-form.ts'
import { refuse } from '../errors.ts'
import type { ClientCertificate } from '../../types/client-certificate.ts'

/** A certificate as the guard needs it: the digest to compare, and the view that the application gets. */
export interface PresentedCertificate {
  /** SHA-256 of the DER, 32 bytes. */
  readonly digest: Buffer
  readonly certificate: ClientCertificate
  /** False where only the thumbprint is known. */
  readonly isWhole: boolean
  /** The other certificates that came with it. */
  readonly chain: readonly Buffer[]
}

/** @param chain - what the proxy passed on beside it */
export function presentCertificate (der: Buffer, chain: readonly Buffer[] = []): PresentedCertificate {
  const digest = hash('sha256', der, 'buffer')
  return Object.freeze({ digest, certificate: viewOf(der, digest.toString('base64url'), chain), isWhole: true, chain })
}

// What Caddy makes of an absent certificate, in whatever spelling.
const digestOfNothing = hash('sha256', '', 'buffer')

/** A certificate of which the proxy says only the thumbprint. */
export function presentThumbprint (digest: Buffer): PresentedCertificate {
  if (digest.equals(digestOfNothing)) throw refuse('certificate_placeholder', 'the thumbprint of nothing')
  const unknown = { get: () => { throw new TypeError('the proxy sends only the thumbprint of the certificate') } }
  // Not enumerable: who copies or prints the certificate gets what there is.
  const view = Object.defineProperties({ thumbprint: digest.toString('base64url') }, Object.fromEntries(certificateMembers.map((name) => [name, unknown])))
  // A copy: bytes that were cut from a larger buffer would keep all of it.
  return Object.freeze({ digest: Buffer.from(Uint8Array.from(digest).buffer), certificate: Object.freeze(view) as ClientCertificate, isWhole: false, chain: [] })
}

const certificateMembers = ['der', 'chain', 'subject', 'issuer', 'serialNumber', 'validFrom', 'validTo', 'subjectAltName', 'x509'] as const satisfies Array<keyof ClientCertificate>

/**
 * Node's parser takes bytes after the certificate, two certificates in a row, and BER around it: then the hash of what was
 * sent is not the hash of what was read. `raw` is what was read; nothing but exactly that is taken.
 */
export function refuseUnlessOneCertificate (der: Uint8Array): void {
  if (keyForm(der) !== 'fit') throw refuse('certificate_malformed', 'not the outline of a certificate, or a curve that is written out')
  let raw: Buffer
  try {
    raw = new X509Certificate(der).raw
  } catch {
    throw refuse('certificate_malformed', 'not an X.509 certificate')
  }
  if (!raw.equals(der)) throw refuse('certificate_malformed', 'not exactly one certificate in DER')
}

function viewOf (der: Buffer, thumbprint: string, chain: readonly Buffer[]): ClientCertificate {
  let parsed: X509Certificate | undefined
  const x509 = (): X509Certificate => (parsed ??= new X509Certificate(der))
  return Object.freeze({
    thumbprint,
    get der () { return Buffer.from(der) },
    get chain () { return chain.map((each) => Buffer.from(each)) },
    // Node gives undefined for an empty name, and null for alternative names that it cannot read; its types know of neither.
    get subject () { return (x509().subject as string | undefined) ?? '' },
    get issuer () { return (x509().issuer as string | undefined) ?? '' },
    get serialNumber () { return x509().serialNumber },
    get validFrom () { return new Date(x509().validFrom) },
    get validTo () { return new Date(x509().validTo) },
    get subjectAltName () { return x509().subjectAltName ?? undefined },
    get x509 () { return x509() }
  })
}
