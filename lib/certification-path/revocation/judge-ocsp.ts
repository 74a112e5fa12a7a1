import type { Certificate } from '../certificate.ts'
import { contentOf, readDer, tags } from '../der.ts'
import { verifySignature } from '../signature.ts'
import type { SignatureCheck } from './judge-crl.ts'
import { keyHashOf, nameHashOf, nonceOid } from './ocsp-request.ts'
import { responderOf } from './ocsp-responder.ts'
import { parseOcspResponse, type CertId, type OcspResponse, type SingleResponse } from './ocsp-response.ts'
import type { RevocationReason } from './reason.ts'

export type OcspVerdict =
  | { readonly status: 'good', readonly nextUpdate: Date, readonly thisUpdate: Date, readonly responder: Certificate }
  | { readonly status: 'revoked', readonly reason: RevocationReason, readonly date: Date, readonly nextUpdate: Date, readonly thisUpdate: Date, readonly responder: Certificate }
  /** The responder does not know the certificate: no status at all. */
  | { readonly status: 'unknown' }
  /** It says nothing about the certificate that may be believed. */
  | { readonly status: 'unusable', readonly why: string }

export interface OcspQuestion {
  readonly target: Certificate
  /** The next certificate in a path that is valid. */
  readonly issuer: Certificate
  readonly at: Date
  /** The one that was sent, if any. */
  readonly nonce?: Uint8Array | null
  /** Whether an answer without the nonce is refused. */
  readonly requireNonce?: boolean
  /** Milliseconds by which the clocks of the responder and this machine may differ. */
  readonly clockTolerance?: number
  readonly verify?: SignatureCheck
}

export const defaultClockTolerance = 60_000
/** Milliseconds for which an answer is believed whose responder has newer ones at all times (RFC 6960 section 4.2.2.1). */
const lifeWithoutNextUpdate = 300_000

/** Judges a certificate by an OCSP response (RFC 6960 section 3.2). Never throws. */
export function judgeOcspResponse (bytes: Uint8Array, question: OcspQuestion): OcspVerdict {
  try {
    const response = parseOcspResponse(bytes)
    if ('error' in response) return unusable(`the responder answered ${response.error}`)
    return faultOfResponse(response, question) ?? judge(response, question)
  } catch (error) {
    return unusable(`not an OCSP response: ${(error as Error).message}`)
  }
}

function faultOfResponse ({ extensions, producedAt, responses }: OcspResponse, { nonce = null, requireNonce = false, at, clockTolerance = defaultClockTolerance }: OcspQuestion): OcspVerdict | null {
  // Section 4.1.2.
  const lists = [extensions, ...responses.map((single) => single.extensions)]
  const unknown = lists.flatMap((list) => [...list.values()]).find(({ oid, critical }) => critical && oid !== nonceOid)
  if (unknown !== undefined) return unusable(`the critical extension ${unknown.oid} is not known`)
  const answered = extensions.get(nonceOid)
  if (answered === undefined && requireNonce) return unusable('no nonce in the answer')
  if (answered !== undefined && nonce !== null && !isNonce(answered.value, nonce)) return unusable('another nonce in the answer')
  if (answered !== undefined && nonce === null && requireNonce) return unusable('no nonce was sent')
  return producedAt <= at.getTime() + clockTolerance ? null : unusable('producedAt is in the future')
}

// RFC 8954 section 2.1: an OCTET STRING in the OCTET STRING of every extension.
function isNonce (value: Uint8Array, nonce: Uint8Array): boolean {
  const element = readDer(value)
  return element.tag === tags.octetString && Buffer.from(contentOf(element)).equals(nonce)
}

function judge (response: OcspResponse, question: OcspQuestion): OcspVerdict {
  const { target, issuer, at, verify = verifySignature } = question
  const about = response.responses.filter(({ certId }) => isAbout(certId, target, issuer))
  if (about.length === 0) return unusable('an answer about another certificate')
  const current = about.filter((single) => isCurrent(single, question))
  if (current.length === 0) return unusable('outside of thisUpdate and nextUpdate')
  const responder = responderOf(response, issuer, at, verify)
  if ('why' in responder) return unusable(responder.why)
  // Of several answers the worst counts.
  const worst = current.toSorted((one, other) => rank(one) - rank(other))[0] as SingleResponse
  const { certStatus } = worst
  if (certStatus.status === 'unknown') return Object.freeze({ status: 'unknown' })
  const times = { nextUpdate: new Date(endOf(worst)), thisUpdate: new Date(worst.thisUpdate), responder: responder.certificate }
  return certStatus.status === 'revoked' ? Object.freeze({ ...certStatus, ...times }) : Object.freeze({ status: 'good', ...times })
}

function rank ({ certStatus }: SingleResponse): number {
  return ['revoked', 'unknown', 'good'].indexOf(certStatus.status)
}

function endOf ({ thisUpdate, nextUpdate }: SingleResponse): number {
  return nextUpdate ?? thisUpdate + lifeWithoutNextUpdate
}

function isCurrent (single: SingleResponse, { at, clockTolerance = defaultClockTolerance }: OcspQuestion): boolean {
  const now = at.getTime()
  const end = endOf(single)
  return single.thisUpdate <= end && single.thisUpdate <= now + clockTolerance && now - clockTolerance <= end
}

function isAbout ({ hash, issuerNameHash, issuerKeyHash, serialNumber }: CertId, target: Certificate, issuer: Certificate): boolean {
  if (hash === null || !Buffer.from(serialNumber).equals(target.serialNumber)) return false
  return nameHashOf(target, hash).equals(issuerNameHash) && keyHashOf(issuer, hash).equals(issuerKeyHash)
}

function unusable (why: string): OcspVerdict {
  return Object.freeze({ status: 'unusable', why })
}
