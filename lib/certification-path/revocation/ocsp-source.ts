import { hash, randomBytes } from 'node:crypto'
import type { Certificate } from '../certificate.ts'
import { hostIn, type RevocationSource } from './crl-source.ts'
import { respondersOf } from './distribution-point.ts'
import type { Downloader } from './download.ts'
import { judgeOcspResponse } from './judge-ocsp.ts'
import { keptAnswers, type Fetched } from './kept-answers.ts'
import { nonceLength, ocspRequest } from './ocsp-request.ts'
import { permittedUrl } from './permitted-url.ts'
import { undetermined } from './source-status.ts'

export interface OcspSourceOptions {
  readonly downloader: Downloader
  /** The operator's responder for an issuer. */
  configured (issuer: Certificate): URL | null
  readonly isFromCertificates: boolean
  readonly allowedHosts: ReadonlySet<string>
  readonly requireNonce: boolean
  readonly clockTolerance: number
  readonly mostBytes: number
  readonly mostEntries: number
  readonly longestLife: number
  /** Whether the certificate of a responder is known to be revoked. */
  isRevoked (responder: Certificate, issuer: Certificate, at: Date): boolean
  onTrouble (host: string, why: string): void
}

interface Known {
  readonly status: 'good' | 'revoked'
  readonly thisUpdate: number
}

const mostUnderWay = 64
const nocheck = '1.3.6.1.5.5.7.48.1.5'

/** What responders answer: the operator's, or those that certificates name (RFC 5280 section 4.2.2.1). */
export function ocspSource (options: OcspSourceOptions): RevocationSource {
  const { downloader, configured, isFromCertificates, allowedHosts, requireNonce, clockTolerance, mostBytes, mostEntries, longestLife, isRevoked, onTrouble } = options
  const kept = keptAnswers<Known>({ mostEntries, longestLife, mostUnderWay, onTrouble: (key, why) => onTrouble(hostIn(key), why) })

  return {
    async status (target, issuer, at) {
      const own = configured(issuer)
      const url = own ?? responderIn(target)
      if (url === null) return undetermined('no responder that may be asked')
      const answer = await kept.get(keyFor(url, target, issuer), (previous) => fetch(url, own !== null, target, issuer, previous))
      if ('why' in answer) return undetermined(answer.why, answer.retryAt)
      if (answer.value.status === 'revoked') return { status: 'revoked', by: 'ocsp' }
      return at.getTime() <= answer.goodUntil ? { status: 'good', goodUntil: answer.goodUntil } : undetermined('the answer is out of date')
    },
    close: () => kept.clear()
  }

  function responderIn (target: Certificate): URL | null {
    if (!isFromCertificates) return null
    try {
      return respondersOf(target).map((uri) => permittedUrl(uri, allowedHosts)).find((url) => url !== null) ?? null
    } catch {
      return null
    }
  }

  async function fetch (url: URL, isConfigured: boolean, target: Certificate, issuer: Certificate, previous: Known | null): Promise<Fetched<Known>> {
    // A nonce keeps responders from answering out of a cache, as RFC 5019 wants them to: it is only sent where it is asked for.
    const nonce = requireNonce ? randomBytes(nonceLength) : null
    const downloaded = await downloader.download(url, { body: ocspRequest(target, issuer, nonce), mostBytes, isConfigured })
    if ('why' in downloaded) return downloaded
    const at = new Date()
    const verdict = judgeOcspResponse(downloaded.body, { target, issuer, at, nonce, requireNonce, clockTolerance })
    if (verdict.status === 'unknown') return { why: 'the responder does not know the certificate' }
    if (verdict.status === 'unusable') return { why: verdict.why }
    const { status, responder } = verdict
    // RFC 6960 section 4.2.2.2.1: without this extension the responder's own certificate may have been revoked.
    if (responder !== issuer && !responder.extensions.has(nocheck) && isRevoked(responder, issuer, at)) return { why: 'the certificate of the responder is revoked' }
    const thisUpdate = verdict.thisUpdate.getTime()
    if (previous !== null && thisUpdate < previous.thisUpdate) return { why: 'an older answer than the one at hand' }
    // What is revoked stays so, unless it is on hold: that the responder is out of reach later does not bring it back.
    const isFinal = status === 'revoked' && verdict.reason !== 'certificateHold'
    return { value: { status, thisUpdate }, goodUntil: isFinal ? Infinity : verdict.nextUpdate.getTime() + clockTolerance }
  }
}

function keyFor (url: URL, { serialNumber }: Certificate, { subject, subjectPublicKeyInfo }: Certificate): string {
  return `${url.href} ${hash('sha256', Buffer.concat([subjectPublicKeyInfo, subject.der, serialNumber]), 'hex')}`
}
