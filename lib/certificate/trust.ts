import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Certificate, PathFault, PathValidator } from '../certification-path/index.ts'
import { isRefusal, refuse, type Refusal } from '../errors.ts'
import type { RevocationStats } from '../../types/bound-token.ts'
import type { Reason } from '../../types/decision.ts'
import type { PresentedCertificate } from './client-certificate.ts'

/** What is known of a certificate: until when it is trusted. */
export interface Standing {
  /** Milliseconds since the epoch. */
  goodFrom: number
  /** 0 where nothing is known. */
  goodUntil: number
  /** The trust configuration by which it was judged. */
  judgedBy: object | null
}

/** Whether certificates were issued by somebody whom the operator trusts, and are not revoked. */
export interface Trust {
  /** Whether a standing still counts: no work, on every request. */
  counts (standing: Standing, now: number): boolean
  /**
   * Judges a certificate, and notes it in its standing.
   *
   * @returns a rejection with a refusal where it is not trusted
   */
  judge (presented: PresentedCertificate, standing: Standing): Promise<void>
  /** Null where nobody asks whether certificates are revoked. */
  stats (): RevocationStats | null
  ready (): Promise<void>
  close (): Promise<void>
}

/** Who is revoked, and who may be. */
export interface RevocationCheck {
  /**
   * @param path - the client's certificate first, the trust anchor last
   * @returns until when that counts
   * @throws Refusal
   */
  check (path: readonly Certificate[], at: Date): Promise<Date>
  stats (): RevocationStats
  close (): Promise<void>
}

export interface TrustOptions {
  /**
   * @returns what judges now: a new one where the operator's files have changed
   * @throws OptionsError
   */
  load (): Promise<() => PathValidator>
  /** Null: nobody asks whether certificates are revoked. @throws OptionsError */
  readonly loadRevocation: (() => Promise<RevocationCheck>) | null
}

/** Certificates that are trusted, and strangers, in rooms of their own: nobody is pushed out by certificates that anybody can make. */
const mostTrusted = 10_000
const mostStrangers = 1000
/** Milliseconds. */
const longestTrust = 3_600_000
/** Where revocation is checked: that keeps what it knows, and is told of new lists. */
const longestUnrevoked = 60_000
const longestDistrust = 10_000

interface Trusted {
  /** A clock may be set back: then nothing is known. */
  readonly from: number
  readonly until: number
  readonly by: object
}

interface Distrusted {
  readonly until: number
  readonly by: object
  readonly refusal: () => Refusal
}

/** The verdict of RFC 5280 section 6.1, remembered by thumbprint until the earliest date in it. */
export function pathTrust ({ load, loadRevocation }: TrustOptions): Trust {
  const trusted = new LRUCache<string, Trusted>({ max: mostTrusted })
  const strangers = new LRUCache<string, Distrusted>({ max: mostStrangers })
  /** Under way, by what they judge by: who comes after a reload is judged by the new authorities. */
  const judging = new WeakMap<object, Map<string, Promise<void>>>()
  let validator: (() => PathValidator) | null = null
  let revocation: RevocationCheck | null = null
  let loading: Promise<void> | null = null

  return {
    counts: (standing, now) => standing.goodUntil > now && standing.goodFrom <= now && standing.judgedBy === validator?.(),

    async judge (presented, standing) {
      const by = validator?.()
      if (by === undefined) throw new Error('certificate.trust is not ready')
      const { thumbprint } = presented.certificate
      const known = trusted.get(thumbprint)
      if (known === undefined || known.by !== by || known.until <= Date.now() || known.from > Date.now()) {
        // Another chain may lead somewhere; a good verdict counts whatever chain brought it.
        const key = [thumbprint, ...presented.chain.map((der) => hash('sha256', der, 'base64url'))].join(' ')
        await single(key, by, async () => { await judgeAnew(key, presented, by) })
      }
      const now = trusted.get(thumbprint)
      if (now === undefined) return
      standing.goodFrom = now.from
      standing.goodUntil = now.until
      standing.judgedBy = now.by
    },

    ready () {
      loading ??= prepare().finally(() => { if (validator === null) loading = null })
      return loading
    },

    stats: () => revocation?.stats() ?? null,

    async close () {
      await loading?.catch(() => {})
      await revocation?.close()
    }
  }

  async function prepare (): Promise<void> {
    const loaded = await load()
    if (loadRevocation !== null) revocation = await loadRevocation()
    validator = loaded
  }

  /** One judgement for all who wait for the same. */
  async function single (key: string, by: object, judgement: () => Promise<void>): Promise<void> {
    const ours = judging.get(by) ?? new Map<string, Promise<void>>()
    judging.set(by, ours)
    const under = ours.get(key)
    if (under !== undefined) return await under
    const begun = judgement().finally(() => ours.delete(key))
    ours.set(key, begun)
    await begun
  }

  async function judgeAnew (key: string, presented: PresentedCertificate, by: PathValidator): Promise<void> {
    const at = new Date()
    const known = strangers.get(key)
    if (known !== undefined && known.by === by && known.until > at.getTime()) throw known.refusal()
    try {
      trusted.set(presented.certificate.thumbprint, { from: at.getTime(), until: await trustedUntil(by, presented, at), by })
    } catch (error) {
      // What could not be told may be told in a moment, and who keeps answers keeps that, too.
      if (isRefusal(error) && error.reason !== 'certificate_revocation_unknown') strangers.set(key, { until: at.getTime() + longestDistrust, by, refusal: () => refuse(error.reason, error.detail) })
      throw error
    }
  }

  async function trustedUntil (validator: PathValidator, presented: PresentedCertificate, at: Date): Promise<number> {
    const verdict = validator.validate(presented.certificate.der, presented.chain, at)
    if (!verdict.valid) throw refuse(reasonOf(verdict.reason), verdict.detail)
    // The last second of `notAfter` belongs to the validity (RFC 5280 section 4.1.2.5).
    const isValidUntil = Math.min(verdict.goodUntil.getTime() + 1000, at.getTime() + longestTrust)
    if (revocation === null) return isValidUntil
    const isUnrevokedUntil = await revocation.check(verdict.path, at)
    return Math.min(isValidUntil, isUnrevokedUntil.getTime(), at.getTime() + longestUnrevoked)
  }
}

const reasonsOf: Partial<Record<PathFault, Reason>> = {
  leaf_malformed: 'certificate_malformed',
  leaf_expired: 'certificate_expired',
  leaf_not_yet_valid: 'certificate_not_yet_valid',
  no_path: 'certificate_untrusted'
}

/** Each fault has a reason of its own. */
export function reasonOf (fault: PathFault): Reason {
  return reasonsOf[fault] ?? `certificate_${fault as Exclude<PathFault, keyof typeof reasonsOf>}` as Reason
}
