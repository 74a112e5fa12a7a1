import { hash, randomBytes } from 'node:crypto'
import type { EvictionSelector, TokenStats } from '../../types/bound-token.ts'
import type { RememberedCertificate } from '../certificate/source.ts'
import type { TokenRecord } from '../access-token.ts'
import type { TokenResolver } from '../token/resolver.ts'
import { memoryStore } from './memory-store.ts'

export interface CacheOptions {
  readonly enabled: boolean
  readonly maxEntries: number
  /** Milliseconds, for a token without `exp`. */
  readonly defaultTtl: number
  /** Milliseconds; no entry lives longer, whatever its `exp`. */
  readonly maxTtl: number
  /** Milliseconds to believe "not active"; 0 for not at all. */
  readonly negativeTtl: number
}

/** A token that was resolved: facts only. Every decision is made again on each request. */
export interface CachedToken {
  /** Null when the authorization server says that the token is not active. */
  readonly record: TokenRecord | null
  /** Milliseconds since the epoch. */
  readonly askedAt: number
  readonly expiresAt: number
  /** The certificate that was last found to carry the token's thumbprint: spares decoding it again, never comparing it. */
  certificate: RememberedCertificate | undefined
}

export interface CachedTokens {
  /** Where a token lives in the cache. Tells tokens apart without holding them. */
  keyOf (token: string): string
  /** What is known of a token and no older than `maxAge` milliseconds; undefined when it must be asked. */
  recall (key: string, now: number, maxAge: number): CachedToken | undefined
  /** Asks; all that ask for one token at a time share one call. `fresh` shares with nobody. */
  ask (key: string, token: string, fresh: boolean): Promise<CachedToken>
  /** Forgets tokens, also those whose answer is on its way. */
  evict (selector: EvictionSelector): number
  stats (): TokenStats
  close (): Promise<void>
}

/** Remembers in process what a resolver found out. */
export function cachedTokens (resolver: TokenResolver, options: CacheOptions): CachedTokens {
  const { enabled, defaultTtl, maxTtl, negativeTtl } = options
  const store = memoryStore<CachedToken>(options.maxEntries)
  const calls = new Map<string, Promise<CachedToken>>()
  const prefix = keyPrefix(resolver.identity)
  const isUsed = enabled && maxTtl > 0
  let generation = 0
  let hits = 0
  let misses = 0
  let failures = 0

  return { keyOf, recall, ask, evict, stats, close: () => resolver.close() }

  function keyOf (token: string): string {
    return hash('sha256', prefix + token, 'base64url')
  }

  function recall (key: string, now: number, maxAge: number): CachedToken | undefined {
    const entry = store.get(key)
    // A clock that was set back must not lengthen a life: an entry from the future is none.
    if (entry === undefined || now >= entry.expiresAt || now < entry.askedAt || now - entry.askedAt >= maxAge) {
      misses++
      return undefined
    }
    hits++
    return entry
  }

  async function ask (key: string, token: string, fresh: boolean): Promise<CachedToken> {
    if (fresh || !isUsed) return await callUnevicted(key, token)
    const shared = calls.get(key)
    if (shared !== undefined) return await shared
    const started = callUnevicted(key, token).finally(() => {
      if (calls.get(key) === started) calls.delete(key)
    })
    calls.set(key, started)
    return await started
  }

  /** An answer that was given before an eviction may be the one that the eviction was meant for: once more. */
  async function callUnevicted (key: string, token: string): Promise<CachedToken> {
    const askedIn = generation
    const entry = await call(key, token)
    return askedIn === generation ? entry : await call(key, token)
  }

  async function call (key: string, token: string): Promise<CachedToken> {
    const askedIn = generation
    // What the server says was true when it was asked, not when its answer came.
    const askedAt = Date.now()
    let record: TokenRecord | null
    try {
      record = await resolver.resolve(token)
    } catch (error) {
      failures++
      throw error
    }
    const entry: CachedToken = { record, askedAt, expiresAt: askedAt + timeToLive(record, askedAt), certificate: undefined }
    keep(key, entry, askedIn)
    return entry
  }

  function keep (key: string, entry: CachedToken, askedIn: number): void {
    // Nor does an older answer than what is known tell anything new.
    if (askedIn !== generation) return
    const other = store.get(key)
    if (other !== undefined && other.askedAt > entry.askedAt && other.askedAt <= Date.now()) return
    // "Not active" is kept also when it is not believed again: an older "active" that is still on its way must find it.
    if (isUsed && (entry.record === null || entry.expiresAt > Date.now())) store.set(key, entry, entry.record !== null)
    else store.delete(key)
  }

  function timeToLive (record: TokenRecord | null, now: number): number {
    if (record === null) return Math.min(negativeTtl, maxTtl)
    if (record.expiresAt === null) return Math.min(defaultTtl, maxTtl)
    return Math.min(record.expiresAt * 1000 - now, maxTtl)
  }

  function evict (selector: EvictionSelector): number {
    generation++
    calls.clear()
    if ('token' in selector) return store.delete(keyOf(selector.token)) ? 1 : 0
    if ('all' in selector) return store.clear()
    const { subject, clientId, jwtId } = selector
    return store.deleteWhere(({ record }) => record !== null &&
      (subject === undefined || record.subject === subject) &&
      (clientId === undefined || record.clientId === clientId) &&
      (jwtId === undefined || record.jwtId === jwtId))
  }

  function stats (): TokenStats {
    return { hits, misses, failures, ...store.sizes(), inFlight: calls.size }
  }
}

/**
 * Keyed, so that nobody who knows tokens can recognise them in a dump, and injective: each part carries its length, the
 * prefix has always the same, and the token comes last. Two resolvers that could answer differently never share a key.
 */
function keyPrefix (identity: readonly string[]): string {
  const tuple = [randomBytes(32).toString('base64'), ...identity].map((part) => `${part.length}:${part}`).join('')
  return hash('sha256', tuple, 'base64url')
}
