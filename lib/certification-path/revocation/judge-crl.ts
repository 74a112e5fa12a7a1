import type { Certificate } from '../certificate.ts'
import { contentOf, expectTag, readDer, tags } from '../der.ts'
import { oids, readKeyUsage, usages } from '../extensions.ts'
import { isSameName } from '../name.ts'
import { isSameAlgorithm, verifySignature, type Signed, type SignatureVerdict } from '../signature.ts'
import { parseCrl, type Crl } from './crl.ts'
import { issuingDistributionPoint, scopeFor } from './crl-scope.ts'
import type { RevocationReason } from './reason.ts'
import type { RevokedEntry } from './revoked-entries.ts'

export type CrlVerdict =
  | { readonly status: 'good', readonly nextUpdate: Date }
  | { readonly status: 'revoked', readonly reason: RevocationReason, readonly date: Date | null, readonly nextUpdate: Date }
  /** It says nothing about the certificate that may be believed. */
  | { readonly status: 'unusable', readonly why: string }

/** Verifies a signature with the key of a SubjectPublicKeyInfo (DER). Never throws. */
export type SignatureCheck = (signed: Signed, spki: Uint8Array) => SignatureVerdict

export interface CrlContext {
  /** Changes since the CRL (RFC 5280 section 5.2.4): the newest that may be used is; without one the CRL stands as it is. */
  readonly deltas?: readonly Crl[]
  readonly verify?: SignatureCheck
}

const cRLNumber = '2.5.29.20'
const deltaCRLIndicator = '2.5.29.27'
const processed = new Set([issuingDistributionPoint, deltaCRLIndicator])

/**
 * Judges a certificate by a CRL of its issuer (RFC 5280 section 6.3.3). Only a CRL that is signed with the key which also signed the
 * certificate is believed, so its path ends at the same trust anchor. Indirect CRLs are refused. Never throws.
 *
 * @param issuer - the next certificate in a path that is valid
 */
export function judgeCrl (list: Crl | Uint8Array, target: Certificate, issuer: Certificate, at: Date, { deltas = [], verify = verifySignature }: CrlContext = {}): CrlVerdict {
  try {
    const crl = list instanceof Uint8Array ? parseCrl(list) : list
    const wrong = faultBeforeSignature(crl, issuer, at) ?? faultOfSignature(crl, issuer, verify)
    if (wrong !== null) return unusable(wrong)
    if (isDelta(crl)) return unusable('a delta CRL without the CRL that it is about')
    if (!isSameName(target.issuer, crl.issuer)) return unusable('a CRL of another issuer')
    const scope = scopeFor(crl, target)
    if (typeof scope === 'object') return unusable(scope.why)
    const usable = deltas.filter((one) => isAbout(one, crl) && faultOfCrl(one, issuer, at, verify) === null)
    const delta = usable.toSorted((one, other) => other.thisUpdate - one.thisUpdate)[0] ?? null
    const entry = entryFor(target, crl, delta)
    const nextUpdate = new Date(Math.min(crl.nextUpdate as number, delta?.nextUpdate ?? Infinity))
    // Who has been revoked stays so, however old the list is that says it; but not who was only held (section 5.3.1).
    if (isLapsed(crl, at) && (entry === null || entry.reason === 'certificateHold')) return unusable(lapsed)
    if (entry !== null) return Object.freeze({ status: 'revoked', ...entry, nextUpdate })
    return scope === 'complete' ? Object.freeze({ status: 'good', nextUpdate }) : unusable('a CRL for some reasons of revocation only')
  } catch (error) {
    return unusable(`not a CRL: ${(error as Error).message}`)
  }
}

/** Why a CRL may not be used for any certificate of this issuer; null where it may. */
export function faultOfCrl (crl: Crl, issuer: Certificate, at: Date, verify: SignatureCheck = verifySignature): string | null {
  try {
    return faultBeforeSignature(crl, issuer, at) ?? (isLapsed(crl, at) ? lapsed : null) ?? faultOfSignature(crl, issuer, verify)
  } catch (error) {
    return (error as SyntaxError).message
  }
}

function faultBeforeSignature (crl: Crl, issuer: Certificate, at: Date): string | null {
  if (!isSameName(crl.issuer, issuer.subject)) return 'a CRL of another issuer'
  const unknown = [...crl.extensions.values()].find(({ oid, critical }) => critical && !processed.has(oid))
  // A critical CRL number too: section 5.2.3 forbids it.
  if (unknown !== undefined) return `the critical extension ${unknown.oid} is not known`
  const keyUsage = issuer.extensions.get(oids.keyUsage)
  if (keyUsage !== undefined && !readKeyUsage(readDer(keyUsage.value)).has(usages.cRLSign)) return 'the issuer has no cRLSign'
  const now = Math.floor(at.getTime() / 1000) * 1000
  if (!(crl.thisUpdate <= now)) return 'before thisUpdate'
  // Section 5.1.2.5: it has to be there.
  if (crl.nextUpdate === null) return 'no nextUpdate'
  return isSameAlgorithm(crl.signatureAlgorithm, crl.tbsSignatureAlgorithm) ? null : 'the signature algorithms inside and outside differ'
}

const lapsed = 'after nextUpdate'

function isLapsed ({ nextUpdate }: Crl, at: Date): boolean {
  return !(Math.floor(at.getTime() / 1000) * 1000 <= (nextUpdate as number))
}

/** The last key that a CRL was verified with: a hash over megabytes is not made for each certificate. */
const verdicts = new WeakMap<Crl, { readonly spki: Uint8Array, readonly verify: SignatureCheck, readonly verdict: SignatureVerdict }>()

function faultOfSignature (crl: Crl, { subjectPublicKeyInfo: spki }: Certificate, verify: SignatureCheck): string | null {
  const before = verdicts.get(crl)
  const isKnown = before !== undefined && before.verify === verify && Buffer.from(before.spki).equals(spki)
  const verdict = isKnown ? before.verdict : verify({ algorithm: crl.signatureAlgorithm, tbs: crl.tbs, signature: crl.signature }, spki)
  if (!isKnown) verdicts.set(crl, { spki, verify, verdict })
  return verdict === 'valid' ? null : `the signature is not usable: ${verdict}`
}

export function isDelta ({ extensions }: Crl): boolean {
  return extensions.has(deltaCRLIndicator)
}

/** Section 5.2.4, the conditions under which a complete CRL and a delta are combined. */
function isAbout (delta: Crl, base: Crl): boolean {
  const number = numberIn(base, cRLNumber)
  const from = numberIn(delta, deltaCRLIndicator)
  const to = numberIn(delta, cRLNumber)
  if (number === null || from === null || to === null) return false
  const hasSameScope = Buffer.from(base.extensions.get(issuingDistributionPoint)?.value ?? []).equals(delta.extensions.get(issuingDistributionPoint)?.value ?? Buffer.of())
  return hasSameScope && from <= number && number < to
}

function numberIn ({ extensions }: Crl, oid: string): bigint | null {
  const extension = extensions.get(oid)
  if (extension === undefined) return null
  try {
    const content = contentOf(expectTag(readDer(extension.value), tags.integer))
    return (content[0] as number) < 0x80 && content.length <= 21 ? BigInt(`0x${Buffer.from(content).toString('hex')}`) : null
  } catch {
    return null
  }
}

function entryFor ({ serialNumber }: Certificate, crl: Crl, delta: Crl | null): RevokedEntry | null {
  const entry = crl.entries.find(serialNumber)
  // Section 5.3.1: only in a delta.
  if (entry?.reason === 'removeFromCRL') throw new SyntaxError('removeFromCRL outside a delta CRL')
  const change = delta?.entries.find(serialNumber) ?? null
  if (change?.reason !== 'removeFromCRL') return change ?? entry
  // What is taken off the list was on hold, or has expired, which is judged elsewhere.
  return entry === null || entry.reason === 'certificateHold' ? null : entry
}

function unusable (why: string): CrlVerdict {
  return Object.freeze({ status: 'unusable', why })
}
