import { LRUCache } from 'lru-cache'
import type { Certificate, PathFault, PathValidator } from '../certification-path/index.ts'
import { isRefusal, refuse, type Refusal } from '../errors.ts'
import type { RevocationStats } from '../../types/bound-token.ts'
import type { Reason } from '../../types/decision.ts'
import type { PresentedCertificate } from './client-certificate.ts'

/** What is known of a certificate: until when it is trusted. */
export interface Standing {
  /** Milliseconds since the epoch; 0 where nothing is known. */
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
   * @returns until when that counts; null where it can't be told and that is no reason to refuse
   * @throws Refusal
   */
  check (path: readonly Certificate[], at: Date): Promise<Date | null>
  stats (): RevocationStats
  close (): Promise<void>
}

/** What the validator is made of; a new object where the operator's files have changed. */
export interface TrustMaterial {
  readonly validator: PathValidator
}

export interface TrustOptions {
  /** @throws OptionsError */
  load (): Promise<() => TrustMaterial>
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
/** While revocation can't be told and that is let pass: asked again soon. */
const doubtful = 10_000

interface Trusted {
  readonly until: number
  readonly by: object
}

interface Distrusted extends Trusted {
  readonly refusal: () => Refusal
}

/** The verdict of RFC 5280 section 6.1, remembered by thumbprint until the earliest date in it. */
export function pathTrust ({ load, loadRevocation }: TrustOptions): Trust {
  const trusted = new LRUCache<string, Trusted>({ max: mostTrusted })
  const strangers = new LRUCache<string, Distrusted>({ max: mostStrangers })
  const judging = new Map<string, Promise<void>>()
  let material: (() => TrustMaterial) | null = null
  let revocation: RevocationCheck | null = null

  return {
    counts: (standing, now) => standing.goodUntil > now && standing.judgedBy === material?.(),

    async judge (presented, standing) {
      const by = material?.()
      if (by === undefined) throw new Error('certificate.trust is not ready')
      const { thumbprint } = presented.certificate
      const known = trusted.get(thumbprint)
      if (known === undefined || known.by !== by || known.until <= Date.now()) {
        // Another chain may lead somewhere; a good verdict counts whatever chain brought it.
        const key = [thumbprint, ...presented.chain.map((der) => der.toString('base64'))].join(' ')
        await single(key, async () => { await judgeAnew(key, presented, by) })
      }
      const now = trusted.get(thumbprint)
      if (now === undefined) return
      standing.goodUntil = now.until
      standing.judgedBy = now.by
    },

    async ready () {
      material ??= await load()
      if (loadRevocation !== null) revocation ??= await loadRevocation()
    },

    stats: () => revocation?.stats() ?? null,

    async close () {
      await revocation?.close()
    }
  }

  /** One judgement for all who wait for the same. */
  async function single (key: string, judgement: () => Promise<void>): Promise<void> {
    const under = judging.get(key)
    if (under !== undefined) return await under
    const begun = judgement().finally(() => judging.delete(key))
    judging.set(key, begun)
    await begun
  }

  async function judgeAnew (key: string, presented: PresentedCertificate, by: TrustMaterial): Promise<void> {
    const at = new Date()
    const known = strangers.get(key)
    if (known !== undefined && known.by === by && known.until > at.getTime()) throw known.refusal()
    try {
      trusted.set(presented.certificate.thumbprint, { until: await trustedUntil(by.validator, presented, at), by })
    } catch (error) {
      if (isRefusal(error)) strangers.set(key, { until: at.getTime() + longestDistrust, by, refusal: () => refuse(error.reason, error.detail) })
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
    return Math.min(isValidUntil, isUnrevokedUntil?.getTime() ?? Infinity, at.getTime() + (isUnrevokedUntil === null ? doubtful : longestUnrevoked))
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
