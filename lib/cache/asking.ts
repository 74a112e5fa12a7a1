import type { TokenRecord } from '../access-token.ts'
import { isRefusal } from '../errors.ts'
import type { Facts, Resolved, TokenResolver } from '../token/resolver.ts'
import type { CachedToken, CacheOptions } from './cached.ts'
import { clockDifference } from './evictions.ts'
import type { Room } from './memory-store.ts'
import type { SharedToken } from './shared-tokens.ts'

/** What is kept of a record for other processes. */
export type FactsOf = (record: TokenRecord, token: string) => Facts

/** What was found out about a token, and where to keep it; null for nowhere. */
interface Found {
  readonly entry: CachedToken
  readonly room: Room | null
}

interface Asking {
  /**
   * Finds out about a token from others who share what they know, or from the one who issued it.
   *
   * @param maxAge - milliseconds, for what others know; 0 asks none of them
   * @throws what the resolver throws
   */
  find (resolver: TokenResolver, key: string, token: string, maxAge: number): Promise<Found>
  /** Calls that gave no usable answer. */
  failures (): number
}

export function askingOf ({ defaultTtl, maxTtl, negativeTtl, evictions, shared, factsOf }: CacheOptions): Asking {
  let failures = 0

  return {
    async find (resolver, key, token, maxAge) {
      if (shared !== null && maxAge > 0) {
        const entry = await recallShared(resolver, key, token, maxAge)
        if (entry !== null) return { entry, room: 'active' }
      }
      try {
        return await call(resolver, key, token)
      } catch (error) {
        if (!isRefusal(error) || error.reason.startsWith('issuer_')) failures++
        throw error
      }
    },

    failures: () => failures
  }

  async function call (resolver: TokenResolver, key: string, token: string): Promise<Found> {
    const comparedIn = evictions.generation()
    // What the server says was true when it was asked, not when its answer came.
    const askedAt = Date.now()
    const resolved = await resolver.resolve(token)
    const { key: provenBy, canBeMultiplied, isAsked } = resolved
    const record = resolved.record !== null && !isAsked && evictions.revokes(key, resolved.record) ? null : resolved.record
    const entry: CachedToken = { record, askedAt, expiresAt: askedAt + timeToLive({ ...resolved, record }, askedAt), key: provenBy, comparedIn, certificate: undefined }
    if (record !== null && isAsked && entry.expiresAt > askedAt) shared?.set(key, token, { askedAt, expiresAt: entry.expiresAt, facts: factsOf(record, token) })
    return { entry, room: record === null ? 'inactive' : canBeMultiplied ? 'multiplied' : 'active' }
  }

  async function recallShared (resolver: TokenResolver, key: string, token: string, maxAge: number): Promise<CachedToken | null> {
    const comparedIn = evictions.generation()
    const known = await shared?.get(key, token) ?? null
    const record = known === null ? null : resolver.restore?.(known.facts, token) ?? null
    if (known === null || record === null || !counts(known, Date.now(), maxAge) || evictions.coversAnothers(key, record, known.askedAt)) return null
    const now = Date.now()
    return { record, askedAt: Math.min(known.askedAt, now), expiresAt: Math.min(known.expiresAt, now + maxTtl), key: null, comparedIn, certificate: undefined }
  }

  /** Whatever life another process gave it, it has none that this one would not have given. */
  function counts ({ askedAt, expiresAt }: SharedToken, now: number, maxAge: number): boolean {
    return now < expiresAt && askedAt <= now + clockDifference && now - askedAt < maxAge && now - askedAt < maxTtl && expiresAt - askedAt <= maxTtl
  }

  /** Asking again may tell of a revocation; verifying the same JWT with the same key tells nothing new. */
  function timeToLive ({ record, maxAge, isAsked }: Pick<Resolved, 'maxAge' | 'isAsked'> & { record: TokenRecord | null }, now: number): number {
    if (record === null) return Math.min(negativeTtl, maxTtl, maxAge)
    const most = Math.min(isAsked ? maxTtl : Infinity, maxAge)
    return Math.min(record.expiresAt === null ? defaultTtl : record.expiresAt * 1000 - now, most)
  }
}
