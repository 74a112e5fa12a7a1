import type { LookupFunction } from 'node:net'
import type { Certificate } from '../certificate.ts'
import { crlFiles } from './crl-files.ts'
import { crlSource } from './crl-source.ts'
import { downloader } from './download.ts'
import { ocspSource } from './ocsp-source.ts'
import { compileOptions, type RevocationOptions } from './options.ts'
import { undetermined, type SourceStatus } from './source-status.ts'

/** Which certificate of the path it is about: 0 is the client's. */
export type RevocationVerdict =
  /** No certificate of the path is revoked, as far as is known until then. */
  | { readonly status: 'good', readonly goodUntil: Date }
  | { readonly status: 'revoked', readonly certificate: number, readonly by: 'crl' | 'ocsp' }
  /** Nobody who may be believed says anything. Before `retryAt` asking again brings nothing else. */
  | { readonly status: 'undetermined', readonly certificate: number, readonly why: string, readonly retryAt: Date }

export type RevocationEvent =
  /** At most one in ten seconds, with the number of verdicts that it stands for. */
  | { readonly type: 'undetermined', readonly mode: 'soft' | 'hard', readonly certificate: number, readonly why: string, readonly times: number }
  /** A server fails; told once in a minute. */
  | { readonly type: 'source_failed', readonly by: 'crl' | 'ocsp', readonly host: string, readonly why: string }
  /** A file changed and cannot be used: what was read before serves on. */
  | { readonly type: 'file_unusable', readonly file: string, readonly why: string }

export interface Revocation {
  /**
   * Looks at every certificate of a valid path but the anchor. It only reports; what `undetermined` means is for the caller to
   * decide by the mode, with `isAdmitted`. Never throws.
   *
   * @param path - the client's certificate first, the trust anchor last
   */
  check (path: readonly Certificate[], at: Date): Promise<RevocationVerdict>
  /** How many verdicts of each kind there were. */
  stats (): Readonly<Record<RevocationVerdict['status'], number>>
  close (): Promise<void>
}

/** Whether a client with this verdict gets in: never if revoked, and only in `soft` mode if that cannot be told. */
export function isAdmitted (verdict: RevocationVerdict, mode: 'soft' | 'hard'): boolean {
  return verdict.status === 'good' || (verdict.status === 'undetermined' && mode === 'soft')
}

/** Milliseconds. */
const reportEvery = 10_000
const sourceReportEvery = 60_000
const mostSources = 1000
const latest = 8.64e15

/**
 * Compiles what an operator says of revocation. Files are read now.
 *
 * @param onEvent - told of trouble; what it throws is lost
 * @param lookup - resolves names in place of the system's resolver
 * @throws TypeError where an option is wrong, or a file cannot be used
 */
export function revocation (options: RevocationOptions, onEvent: (event: RevocationEvent) => void, lookup?: LookupFunction): Revocation {
  const { mode, ocsp, allowedHosts, timeout, allowPrivateAddresses, clockTolerance, maxLife: longestLife, ...compiled } = compileOptions(options)
  const counts = { good: 0, revoked: 0, undetermined: 0 }
  let unreported = 0
  let reportedAt = -Infinity
  let isClosed = false

  const tell = (event: RevocationEvent): void => {
    try {
      onEvent(Object.freeze(event))
    } catch {
      // Who listens must not decide on a client.
    }
  }
  // By server, not by what it was asked for: a dead one would fill the log with every certificate.
  const toldOf = new Map<string, number>()
  const onTroubleBy = (by: 'crl' | 'ocsp') => (host: string, why: string): void => {
    const key = `${by} ${host}`
    const since = Date.now() - (toldOf.get(key) ?? -Infinity)
    if (isClosed || (since >= 0 && since < sourceReportEvery)) return
    if (toldOf.size >= mostSources) toldOf.clear()
    toldOf.set(key, Date.now())
    tell({ type: 'source_failed', by, host, why })
  }
  const download = downloader({ timeout, allowPrivateAddresses, lookup })
  const files = crlFiles(compiled.crls, (file, why) => tell({ type: 'file_unusable', file, why }))
  const fetched = compiled.fetchCrls
    ? crlSource({ downloader: download, allowedHosts, mostBytes: compiled.maxCrlBytes, mostEntries: compiled.maxCrls, longestLife, deltas: files.deltas, onTrouble: onTroubleBy('crl') })
    : null
  const responders = ocsp === null
    ? null
    : ocspSource({
      ...ocsp,
      downloader: download,
      allowedHosts,
      clockTolerance,
      mostBytes: compiled.maxOcspBytes,
      mostEntries: compiled.maxOcspAnswers,
      longestLife,
      isRevoked: (responder, issuer, at) => files.status(responder, issuer, at).status === 'revoked',
      onTrouble: onTroubleBy('ocsp')
    })

  return {
    async check (path, at) {
      const verdict = await judge(path, at)
      counts[verdict.status]++
      if (verdict.status === 'undetermined') report(verdict)
      return Object.freeze(verdict)
    },
    stats: () => ({ ...counts }),
    async close () {
      isClosed = true
      files.close()
      fetched?.close()
      responders?.close()
      await download.close()
    }
  }

  async function judge (path: readonly Certificate[], at: Date): Promise<RevocationVerdict> {
    const statuses = await Promise.all(path.slice(0, -1).map((target, index) => statusOf(target, path[index + 1] as Certificate, index === 0, at)))
    const revoked = statuses.find((one) => one.status === 'revoked')
    if (revoked !== undefined) return { status: 'revoked', certificate: statuses.indexOf(revoked), by: revoked.by }
    const unclear = statuses.find((one) => one.status === 'undetermined')
    if (unclear !== undefined) return { status: 'undetermined', certificate: statuses.indexOf(unclear), why: unclear.why, retryAt: new Date(unclear.retryAt) }
    const ends = statuses.map((one) => one.status === 'good' ? one.goodUntil : latest)
    return { status: 'good', goodUntil: new Date(Math.min(latest, ...ends)) }
  }

  /** The files always, since they cost nothing; of the network first what is small: the answer about a client, the list for issuers. */
  async function statusOf (target: Certificate, issuer: Certificate, isLeaf: boolean, at: Date): Promise<SourceStatus> {
    if (isClosed) return undetermined('closed')
    const filed = files.status(target, issuer, at)
    if (filed.status === 'revoked') return filed
    const lists = { status: async () => filed.status === 'good' ? filed : await fetched?.status(target, issuer, at) ?? null }
    const answers = { status: async () => await responders?.status(target, issuer, at) ?? null }
    let unclear: SourceStatus | null = compiled.crls.length === 0 ? null : filed
    for (const source of isLeaf ? [answers, lists] : [lists, answers]) {
      const found = await source.status()
      if (found !== null && found.status !== 'undetermined') return found
      unclear = found ?? unclear
    }
    return unclear ?? undetermined('no source')
  }

  function report ({ certificate, why }: Extract<RevocationVerdict, { status: 'undetermined' }>): void {
    unreported++
    const now = Date.now()
    if (now - reportedAt < reportEvery && now >= reportedAt) return
    tell({ type: 'undetermined', mode, certificate, why, times: unreported })
    reportedAt = now
    unreported = 0
  }
}
