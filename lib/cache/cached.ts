import { hash, randomBytes } from 'node:crypto'
import type { EvictionSelector, TokenStats } from '../../types/bound-token.ts'
import type { RememberedCertificate } from '../certificate/source.ts'
import type { TokenRecord } from '../access-token.ts'
import type { Key } from '../token/keys/key.ts'
import type { Resolved, TokenResolver } from '../token/resolver.ts'
import { isRefusal } from '../errors.ts'
import { memoryStore, type Room } from './memory-store.ts'

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
  /** The key that proved it, or the answer about it. */
  readonly key: Key | null
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
}

export interface TokenCache {
  /** The tokens of one resolver, in the room that all share. */
  of (resolver: TokenResolver): CachedTokens
  /** Forgets tokens, also those whose answer is on its way. */
  evict (selector: EvictionSelector): number
  stats (): TokenStats
}

/** Remembers in process what resolvers found out. */
export function tokenCache (options: CacheOptions): TokenCache {
  const { enabled, defaultTtl, maxTtl, negativeTtl } = options
  const store = memoryStore<CachedToken>(options.maxEntries)
  const calls = new Map<string, Promise<CachedToken>>()
  const secret = randomBytes(32).toString('base64')
  const prefixes = new Set<string>()
  const isUsed = enabled && maxTtl > 0
  let generation = 0
  let hits = 0
  let misses = 0
  let failures = 0

  return { of, evict, stats }

  function of (resolver: TokenResolver): CachedTokens {
    const prefix = keyPrefix(secret, resolver.identity)
    prefixes.add(prefix)
    return {
      keyOf: (token) => keyOf(prefix, token),
      recall,
      ask: async (key, token, fresh) => await ask(resolver, key, token, fresh)
    }
  }

  function recall (key: string, now: number, maxAge: number): CachedToken | undefined {
    const entry = store.get(key)
    // A clock that was set back must not lengthen a life: an entry from the future is none.
    if (entry === undefined || now >= entry.expiresAt || now < entry.askedAt || now - entry.askedAt >= maxAge || entry.key?.isRetired === true) return undefined
    hits++
    return entry
  }

  async function ask (resolver: TokenResolver, key: string, token: string, fresh: boolean): Promise<CachedToken> {
    misses++
    if (fresh || !isUsed) return await callUnevicted(resolver, key, token)
    const shared = calls.get(key)
    if (shared !== undefined) return await shared
    const started = callUnevicted(resolver, key, token).finally(() => {
      if (calls.get(key) === started) calls.delete(key)
    })
    calls.set(key, started)
    return await started
  }

  /** An answer that was given before an eviction may be the one that the eviction was meant for: once more. */
  async function callUnevicted (resolver: TokenResolver, key: string, token: string): Promise<CachedToken> {
    const askedIn = generation
    const entry = await call(resolver, key, token)
    return askedIn === generation ? entry : await call(resolver, key, token)
  }

  async function call (resolver: TokenResolver, key: string, token: string): Promise<CachedToken> {
    const askedIn = generation
    // What the server says was true when it was asked, not when its answer came.
    const askedAt = Date.now()
    let resolved: Resolved
    try {
      resolved = await resolver.resolve(token)
    } catch (error) {
      if (!isRefusal(error) || error.reason.startsWith('issuer_')) failures++
      throw error
    }
    const { record, key: provenBy, canBeMultiplied } = resolved
    const entry: CachedToken = { record, askedAt, expiresAt: askedAt + timeToLive(resolved, askedAt), key: provenBy, certificate: undefined }
    keep(key, entry, record === null ? 'inactive' : canBeMultiplied ? 'multiplied' : 'active', askedIn)
    return entry
  }

  function keep (key: string, entry: CachedToken, room: Room, askedIn: number): void {
    // Nor does an older answer than what is known tell anything new.
    if (askedIn !== generation) return
    const other = store.get(key)
    if (other !== undefined && other.askedAt > entry.askedAt && other.askedAt <= Date.now()) return
    // "Not active" is kept also when it is not believed again: an older "active" that is still on its way must find it.
    if (isUsed && (entry.record === null || entry.expiresAt > Date.now())) store.set(key, entry, room)
    else store.delete(key)
  }

  /** Asking again may tell of a revocation; verifying the same JWT with the same key tells nothing new. */
  function timeToLive ({ record, maxAge, isAsked }: Resolved, now: number): number {
    if (record === null) return Math.min(negativeTtl, maxTtl, maxAge)
    const most = Math.min(isAsked ? maxTtl : Infinity, maxAge)
    return Math.min(record.expiresAt === null ? defaultTtl : record.expiresAt * 1000 - now, most)
  }

  function evict (selector: EvictionSelector): number {
    generation++
    calls.clear()
    if ('token' in selector) return [...prefixes].filter((prefix) => store.delete(keyOf(prefix, selector.token))).length
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
function keyPrefix (secret: string, identity: readonly string[]): string {
  const tuple = [secret, ...identity].map((part) => `${part.length}:${part}`).join('')
  return hash('sha256', tuple, 'base64url')
}

function keyOf (prefix: string, token: string): string {
  return hash('sha256', prefix + token, 'base64url')
}
