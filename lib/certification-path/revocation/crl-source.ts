import { hash } from 'node:crypto'
import type { Certificate } from '../certificate.ts'
import { parseCrlInSlices, type Crl } from './crl.ts'
import { distributionPointsOf, urisOf } from './distribution-point.ts'
import type { Downloader } from './download.ts'
import { faultOfCrl, isDelta, judgeCrl } from './judge-crl.ts'
import { keptAnswers, type Fetched } from './kept-answers.ts'
import { permittedUrl } from './permitted-url.ts'
import { undetermined, type SourceStatus } from './source-status.ts'

/** A source that may ask the network. Never throws. */
export interface RevocationSource {
  status (target: Certificate, issuer: Certificate, at: Date): Promise<SourceStatus>
  close (): void
}

export interface CrlSourceOptions {
  readonly downloader: Downloader
  readonly allowedHosts: ReadonlySet<string>
  readonly mostBytes: number
  readonly mostEntries: number
  readonly longestLife: number
  deltas (): readonly Crl[]
  onTrouble (host: string, why: string): void
}

// Bytes of all CRLs that are kept: with what is known about their entries a process holds about three times as much.
const mostWeight = 67_108_864
const mostUnderWay = 8
const mostPlaces = 4

/** The CRLs at the distribution points that certificates name (RFC 5280 section 4.2.1.13). */
export function crlSource ({ downloader, allowedHosts, mostBytes, mostEntries, longestLife, deltas, onTrouble }: CrlSourceOptions): RevocationSource {
  const kept = keptAnswers<Crl>({ mostEntries, mostWeight, longestLife, mostUnderWay, onTrouble: (key, why) => onTrouble(hostIn(key), why) })

  return {
    async status (target, issuer, at) {
      let found = undetermined('no distribution point that may be asked')
      for (const url of placesOf(target)) {
        const answer = await kept.get(keyFor(url, issuer), (previous) => fetch(url, issuer, previous))
        if ('why' in answer) {
          found = undetermined(answer.why, answer.retryAt)
          continue
        }
        const verdict = judgeCrl(answer.value, target, issuer, at, { deltas: deltas() })
        if (verdict.status === 'revoked') return { status: 'revoked', by: 'crl' }
        if (verdict.status === 'good') return { status: 'good', goodUntil: verdict.nextUpdate.getTime() }
        found = undetermined(verdict.why)
      }
      return found
    },
    close: () => kept.clear()
  }

  function placesOf (target: Certificate): readonly URL[] {
    try {
      const uris = distributionPointsOf(target).flatMap(({ names }) => urisOf(names ?? []))
      return uris.map((uri) => permittedUrl(uri, allowedHosts)).filter((url) => url !== null).slice(0, mostPlaces)
    } catch {
      return []
    }
  }

  // What is not signed by the issuer is not kept: anybody on the way could else put a list of the wrong key there for years.
  async function fetch (url: URL, issuer: Certificate, previous: Crl | null): Promise<Fetched<Crl>> {
    const downloaded = await downloader.download(url, { mostBytes, isConfigured: false })
    if ('why' in downloaded) return downloaded
    try {
      const crl = await parseCrlInSlices(downloaded.body, mostBytes)
      const why = faultOfCrl(crl, issuer, new Date()) ?? (isDelta(crl) ? 'a delta CRL without the CRL that it is about' : null)
      if (why !== null) return { why }
      // An old list that is still in date may be played back.
      if (previous !== null && crl.thisUpdate < previous.thisUpdate) return { why: 'an older CRL than the one at hand' }
      return { value: crl, goodUntil: crl.nextUpdate as number, weight: crl.length }
    } catch (error) {
      return { why: `not a CRL: ${(error as SyntaxError).message}` }
    }
  }
}

/** The URL, and by whom what is there has to be signed. */
function keyFor (url: URL, { subject, subjectPublicKeyInfo }: Certificate): string {
  return `${url.href} ${hash('sha256', Buffer.concat([subjectPublicKeyInfo, subject.der]), 'hex')}`
}

export function hostIn (key: string): string {
  return new URL(key.slice(0, key.indexOf(' '))).host
}
