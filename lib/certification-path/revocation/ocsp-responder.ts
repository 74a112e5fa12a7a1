import { parseCertificate, type Certificate } from '../certificate.ts'
import { readDer } from '../der.ts'
import { oids, purposes, readExtendedKeyUsage, readKeyUsage, usages } from '../extensions.ts'
import { isSameName } from '../name.ts'
import { faultOfValidity } from '../rules.ts'
import { isSameAlgorithm } from '../signature.ts'
import type { SignatureCheck } from './judge-crl.ts'
import { keyHashOf } from './ocsp-request.ts'
import type { OcspResponse } from './ocsp-response.ts'

/** Who signed a response, or why it is nobody who may. */
export type Responder = { readonly certificate: Certificate } | { readonly why: string }

/**
 * RFC 6960 section 4.2.2.2: the issuer of the certificate itself, or somebody to whom that very issuer gave a certificate for it.
 * The third kind, a responder that is only configured here, does not exist. Never throws.
 */
export function responderOf (response: OcspResponse, issuer: Certificate, at: Date, verify: SignatureCheck): Responder {
  const { signatureAlgorithm: algorithm, tbs, signature } = response
  const candidates = [issuer, ...response.certs.map(readOrNull)].filter((one) => one !== null && isNamed(one, response))
  let why = 'no certificate of the responder that is named'
  for (const candidate of candidates as Certificate[]) {
    const wrong = candidate === issuer ? null : faultOfDelegate(candidate, issuer, at, verify)
    const verdict = wrong === null ? verify({ algorithm, tbs, signature }, candidate.subjectPublicKeyInfo) : null
    if (verdict === 'valid') return { certificate: candidate }
    why = wrong ?? `the signature is not usable: ${verdict}`
  }
  return { why }
}

function readOrNull (der: Uint8Array): Certificate | null {
  try {
    return parseCertificate(der)
  } catch {
    return null
  }
}

// The hash of the key is always one by SHA-1 (section 4.2.1).
function isNamed (certificate: Certificate, { responderId }: OcspResponse): boolean {
  if ('name' in responderId) return isSameName(certificate.subject, responderId.name)
  try {
    return keyHashOf(certificate, 'sha1').equals(responderId.keyHash)
  } catch {
    return false
  }
}

// What it is called and by which policy it was issued says nothing about what it may answer.
const processed = new Set<string>([oids.keyUsage, oids.extendedKeyUsage, oids.basicConstraints, oids.subjectAltName, oids.certificatePolicies])

function faultOfDelegate (delegate: Certificate, issuer: Certificate, at: Date, verify: SignatureCheck): string | null {
  const { extensions, signatureAlgorithm: algorithm, tbsSignatureAlgorithm, tbs, signature } = delegate
  if (!isSameName(delegate.issuer, issuer.subject)) return 'the responder has its certificate from another issuer'
  if (faultOfValidity(delegate, at, false) !== null) return 'the certificate of the responder is not valid now'
  if (delegate.repeatsExtension || [...extensions.values()].some(({ oid, critical }) => critical && !processed.has(oid))) {
    return 'the certificate of the responder has an extension twice, or a critical one that is not known'
  }
  const extendedKeyUsage = extensions.get(oids.extendedKeyUsage)
  const keyUsage = extensions.get(oids.keyUsage)
  try {
    const isForOcsp = extendedKeyUsage !== undefined && readExtendedKeyUsage(readDer(extendedKeyUsage.value)).has(purposes.ocspSigning)
    if (!isForOcsp) return 'the certificate of the responder is not meant for OCSP'
    if (keyUsage !== undefined && !readKeyUsage(readDer(keyUsage.value)).has(usages.digitalSignature)) return 'the certificate of the responder has no digitalSignature'
  } catch {
    return 'the certificate of the responder has an extension that cannot be read'
  }
  const verdict = isSameAlgorithm(algorithm, tbsSignatureAlgorithm) ? verify({ algorithm, tbs, signature }, issuer.subjectPublicKeyInfo) : 'invalid'
  return verdict === 'valid' ? null : `the certificate of the responder is not signed by the issuer: ${verdict}`
}
