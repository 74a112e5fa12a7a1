import assert from 'node:assert/strict'
import { readClaims, type TokenRecord } from '../../lib/access-token.ts'
import { sharedLists } from '../../lib/shared-lists.ts'
import { tokenCache, type CachedTokens, type CacheOptions, type TokenCache } from '../../lib/cache/cached.ts'
import { evicting } from '../../lib/cache/evicting.ts'
import { evictions } from '../../lib/cache/evictions.ts'
import { factsOf } from '../../lib/token/facts.ts'
import type { EvictionSelector } from '../../types/bound-token.ts'
import type { TokenResolver } from '../../lib/token/resolver.ts'

export type OwnCacheOptions = Omit<CacheOptions, 'evictions' | 'factsOf'>

export const cacheOptions: OwnCacheOptions = {
  enabled: true, maxEntries: 1000, defaultTtl: 30_000, maxTtl: 60_000, negativeTtl: 2000, staleIfError: 0, shared: null, secret: null, formerSecrets: []
}

/** The record of an active token. */
export function recordOf (claims: Record<string, unknown> = {}): TokenRecord {
  const record = readClaims({ active: true, ...claims }, { name: 'https://login.example.com', audience: null }, sharedLists())
  assert.ok(typeof record === 'object', `a bad claim: ${String(record)}`)
  return record
}

export interface ScriptedResolver extends TokenResolver {
  /** Tokens that were asked for, oldest first. */
  readonly asked: string[]
  readonly isClosed: boolean
}

/** A resolver that answers as it is told; asynchronously in any case, as a network does. */
export function scriptedResolver (answer: (token: string) => TokenRecord | null | Promise<TokenRecord | null>, identity: readonly string[] = ['i', 'e', 'c']): ScriptedResolver {
  const asked: string[] = []
  let isClosed = false
  return {
    identity,
    asked,
    get isClosed () { return isClosed },
    async resolve (token) {
      asked.push(token)
      await new Promise((resolve) => setImmediate(resolve))
      return { record: await answer(token), maxAge: Infinity, key: null, canBeMultiplied: false, isAsked: true }
    },
    async close () { isClosed = true }
  }
}

/** Answers that are given when the test says so, oldest call first. */
export function heldAnswers () {
  const held: Array<{ give: (record: TokenRecord | null) => void, fail: (error: Error) => void }> = []
  return {
    answer: () => new Promise<TokenRecord | null>((resolve, reject) => { held.push({ give: resolve, fail: reject }) }),
    /** The oldest call that has no answer yet, once it was made. */
    async next () {
      for (let i = 0; i < 1000 && held.length === 0; i++) await new Promise((resolve) => setImmediate(resolve))
      const [oldest] = held.splice(0, 1)
      assert.ok(oldest, 'no call was made')
      return oldest
    }
  }
}

export interface ResolverCache extends CachedTokens, Pick<TokenCache, 'stats'> {
  evict (selector: EvictionSelector): Promise<number>
  close (): Promise<void>
}

/** A cache with what evicts from it. */
export function evictableCache (options: OwnCacheOptions): Pick<TokenCache, 'of' | 'stats'> & Pick<ResolverCache, 'evict'> {
  const known = evictions(86_400_000)
  const cache = tokenCache({ ...options, evictions: known, factsOf })
  const { evict } = evicting({ cache, evictions: known, grantIdClaim: 'grant_id', others: null, unshare: null, horizon: 86_400_000, onChannel () {} })
  return { of: cache.of, stats: cache.stats, evict }
}

/** A cache that one resolver has for itself. */
export function cachedTokens (resolver: TokenResolver, options: OwnCacheOptions): ResolverCache {
  const cache = evictableCache(options)
  return { ...cache.of(resolver), evict: cache.evict, stats: cache.stats, close: () => resolver.close() }
}
