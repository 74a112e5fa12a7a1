import type { TokenRecord } from '../access-token.ts'
import { isRefusal } from '../errors.ts'
import type { Facts, Resolved, TokenResolver } from '../token/resolver.ts'
import { cachedToken, type CachedToken } from './cached-token.ts'
import type { CacheOptions } from './cached.ts'
import { clockDifference, type KeyOf } from './evictions.ts'
import type { Room } from './memory-store.ts'
import type { SharedToken } from './shared-tokens.ts'

/** What is kept of a record for other processes. */
export type FactsOf = (record: TokenRecord, token: string) => Facts

/** What was found out about a token, and where to keep it; null for nowhere. */
interface Found {
  readonly entry: CachedToken
  readonly room: Room | null
}

/** Where a token is kept. */
export interface Place {
  readonly key: string
  /** By secrets that have been replaced. */
  readonly former: readonly string[]
  readonly evictionKey: KeyOf
}

interface Asking {
  /**
   * Finds out about a token from others who share what they know, or from the one who issued it.
   *
   * @param maxAge - milliseconds, for what others know; 0 asks none of them
   * @param known - what was known here before
   * @throws what the resolver throws
   */
  find (resolver: TokenResolver, place: Place, token: string, maxAge: number, known: CachedToken | undefined): Promise<Found>
  /** Whether what others know counts: not while one of their evictions may have been missed. */
  believeOthers (areBelieved: boolean): void
  /** Calls that gave no usable answer. */
  failures (): number
}

export function askingOf ({ defaultTtl, maxTtl, negativeTtl, evictions, shared, factsOf }: CacheOptions): Asking {
  let failures = 0
  let areOthersBelieved = true

  return {
    async find (resolver, place, token, maxAge, known) {
      if (shared !== null && areOthersBelieved && maxAge > 0) {
        const entry = await recallShared(resolver, place, token, maxAge)
        if (entry !== null && !isOutdated(entry, known)) return { entry, room: 'active' }
      }
      try {
        return await call(resolver, place, token)
      } catch (error) {
        if (!isRefusal(error) || error.reason.startsWith('issuer_')) failures++
        throw error
      }
    },

    believeOthers (areBelieved) { areOthersBelieved = areBelieved },
    failures: () => failures
  }

  async function call (resolver: TokenResolver, { key, former, evictionKey }: Place, token: string): Promise<Found> {
    const comparedIn = evictions.generation()
    // What the server says was true when it was asked, not when its answer came.
    const askedAt = Date.now()
    const resolved = await resolver.resolve(token)
    const { key: provenBy, canBeMultiplied, isAsked } = resolved
    const record = resolved.record !== null && !isAsked && evictions.revokes(evictionKey, resolved.record) ? null : resolved.record
    const expiresAt = askedAt + timeToLive({ ...resolved, record }, askedAt)
    const entry = cachedToken({ record, askedAt, expiresAt, key: provenBy, comparedIn })
    if (record === null && isAsked) shared?.delete([key, ...former]).catch(() => {}) // It never rejects.
    if (record !== null && isAsked && expiresAt > askedAt) shared?.set(key, token, { askedAt, expiresAt, facts: factsOf(record, token) })
    return { entry, room: record === null ? 'inactive' : canBeMultiplied ? 'multiplied' : 'active' }
  }

  /** This process has learnt since that the token is not active; another clock may be a little ahead. */
  function isOutdated ({ asked }: CachedToken, known: CachedToken | undefined): boolean {
    return known?.record === null && asked <= known.asked + clockDifference
  }

  async function recallShared (resolver: TokenResolver, { key, former, evictionKey }: Place, token: string, maxAge: number): Promise<CachedToken | null> {
    const comparedIn = evictions.generation()
    const known = await shared?.get([key, ...former], token) ?? null
    const record = known === null ? null : resolver.restore?.(known.facts, token) ?? null
    if (known === null || record === null || !counts(known, Date.now(), maxAge) || evictions.coversAnothers(evictionKey, record, known.askedAt)) return null
    const now = Date.now()
    return cachedToken({ record, askedAt: Math.min(known.askedAt, now), expiresAt: Math.min(known.expiresAt, now + maxTtl), key: null, comparedIn })
  }

  /** Whatever life another process gave it, it has none that this one would not have given. */
  function counts ({ askedAt, expiresAt }: SharedToken, now: number, maxAge: number): boolean {
    return now < expiresAt && askedAt <= now + clockDifference && now - askedAt < maxAge && now - askedAt < maxTtl && expiresAt - askedAt <= maxTtl
  }

  /** Asking again may tell of a revocation; verifying the same JWT with the same key tells nothing new. */
  function timeToLive ({ record, maxAge, isAsked }: Pick<Resolved, 'maxAge' | 'isAsked'> & { record: TokenRecord | null }, now: number): number {
    if (record === null) return Math.min(negativeTtl, maxTtl, maxAge)
    const most = Math.min(isAsked ? maxTtl : Infinity, maxAge)
    const { exp } = record.claims
    return Math.min(exp === undefined ? defaultTtl : exp * 1000 - now, most)
  }
}
