import { randomBytes } from 'node:crypto'
import type { TokenStats } from '../../types/bound-token.ts'
import type { TokenResolver } from '../token/resolver.ts'
import { refuse } from '../errors.ts'
import { askingOf, type FactsOf, type Place } from './asking.ts'
import { origin, type CachedToken } from './cached-token.ts'
import type { Evictions } from './evictions.ts'
import { evictionKeyOf, keyOf, keyPrefix } from './keys.ts'
import { memoryStore, type MemoryStore, type Room } from './memory-store.ts'
import type { SharedTokens } from './shared-tokens.ts'
import { staleOf } from './stale.ts'

export interface CacheOptions {
  readonly enabled: boolean
  readonly maxEntries: number
  /** Milliseconds, for a token without `exp`. */
  readonly defaultTtl: number
  /** Milliseconds; no entry lives longer, whatever its `exp`. */
  readonly maxTtl: number
  /** Milliseconds to believe "not active"; 0 for not at all. */
  readonly negativeTtl: number
  /** Milliseconds beyond its life for which an entry counts while nobody can be asked; 0 for none. */
  readonly staleIfError: number
  readonly evictions: Evictions
  /** Null where nobody else shares tokens. */
  readonly shared: SharedTokens | null
  /** For the keys of all who share; null for one of this process alone. */
  readonly secret: string | null
  /** Those that it replaces: what was kept or evicted by them is found as well. */
  readonly formerSecrets: readonly string[]
  readonly factsOf: FactsOf
}

export interface CachedTokens {
  /** Where a token lives in the cache. Tells tokens apart without holding them. */
  keyOf (token: string): string
  /** What is known of a token and no older than `maxAge` milliseconds; undefined when it must be asked. */
  recall (key: string, token: string, now: number, maxAge: number): CachedToken | undefined
  /** Asks; all that ask for one token at a time share one call. With a `maxAge` of 0 it shares with nobody. */
  ask (key: string, token: string, maxAge: number): Promise<CachedToken>
}

export interface TokenCache {
  /** The tokens of one resolver, in the room that all share. */
  of (resolver: TokenResolver): CachedTokens
  /** Where a token lives, of whichever resolver, and where evictions of it are looked for. */
  keysOf (token: string): readonly string[]
  readonly store: MemoryStore<CachedToken>
  /** While nothing that was remembered may count: a feed of evictions is down, and the operator wants it so. */
  bypass (isBypassed: boolean): void
  /** Whether what other processes know counts: not while one of their evictions may have been missed. */
  believeOthers (areBelieved: boolean): void
  stats (): TokenStats
}

/** What all wait for who ask for one token. */
interface Call {
  readonly begunIn: number
  readonly answer: Promise<CachedToken>
}

/** Answers that an eviction overtakes are asked for again, so often. */
const mostAttempts = 4

/** Remembers what resolvers found out: in process, and where it is told so, together with others. */
export function tokenCache (options: CacheOptions): TokenCache {
  const { evictions } = options
  const store = memoryStore<CachedToken>(options.maxEntries)
  const calls = new Map<string, Call>()
  const secret = options.secret ?? randomBytes(32).toString('base64')
  const secrets = [secret, ...options.formerSecrets]
  const prefixes = new Set<string>()
  // Of no resolver: other processes may have others.
  const evictionPrefixes = secrets.map((each) => keyPrefix(each, []))
  const isUsed = options.enabled && options.maxTtl > 0
  const asking = askingOf(options)
  let isBypassed = false
  let hits = 0
  let misses = 0
  let stale = 0

  return {
    of (resolver) {
      const [prefix, ...former] = secrets.map((each) => keyPrefix(each, resolver.identity)) as [string, ...string[]]
      for (const each of [prefix, ...former]) prefixes.add(each)
      return {
        keyOf: (token) => keyOf(prefix, token),
        recall,
        ask: async (key, token, maxAge) => await ask(resolver, { key, former: former.map((each) => keyOf(each, token)), evictionKey: evictionKeyOfToken(token) }, token, maxAge)
          .catch((error: unknown) => orStale(error, key, token, maxAge))
      }
    },
    keysOf: (token) => [...[...prefixes].map((prefix) => keyOf(prefix, token)), ...evictionPrefixes.map((prefix) => evictionKeyOf(prefix, token))],
    store,
    bypass (bypassed) { isBypassed = bypassed },
    believeOthers: asking.believeOthers,
    stats: () => ({
      hits,
      misses,
      failures: asking.failures(),
      stale,
      ...store.sizes(),
      inFlight: calls.size,
      evictions: evictions.generation(),
      shared: options.shared?.stats() ?? null
    })
  }

  /** Where evictions of it are looked for; not kept, since few are ever looked for. */
  function evictionKeyOfToken (token: string): () => string {
    return () => evictionKeyOf(evictionPrefixes[0] as string, token)
  }

  function recall (key: string, token: string, now: number, maxAge: number): CachedToken | undefined {
    const entry = store.get(key)
    if (entry === undefined || entry.key?.isRetired === true) return undefined
    const at = now - origin
    // A clock that was set back must not lengthen a life: an entry from the future is none.
    if (at >= entry.expires || at < entry.asked || at - entry.asked >= maxAge) return undefined
    if (isBypassed || (entry.comparedIn !== evictions.generation() && isEvicted(key, entry, token))) return undefined
    hits++
    return entry
  }

  function isEvicted (key: string, entry: CachedToken, token: string): boolean {
    const isCovered = evictions.covers(evictionKeyOfToken(token), entry.record, entry.comparedIn)
    if (isCovered) store.delete(key)
    else entry.comparedIn = evictions.generation()
    return isCovered
  }

  async function ask (resolver: TokenResolver, place: Place, token: string, maxAge: number): Promise<CachedToken> {
    misses++
    if (maxAge === 0 || !isUsed) return await unevicted(resolver, place, token, 0)
    const underWay = calls.get(place.key)
    // One that an eviction has overtaken may have to ask again; who comes later need not wait for that.
    const { answer } = underWay?.begunIn === evictions.generation() ? underWay : start(resolver, place, token, maxAge)
    const entry = await answer
    // Whoever began it may have been content with an older one.
    return Date.now() - origin - entry.asked < maxAge ? entry : await unevicted(resolver, place, token, 0)
  }

  /** Each request for itself: who shares a call may want another age. */
  function orStale (error: unknown, key: string, token: string, maxAge: number): CachedToken {
    const known = isBypassed ? null : staleOf(error, store.get(key), evictionKeyOfToken(token), maxAge, options)
    if (known === null) throw error
    stale++
    return known
  }

  function start (resolver: TokenResolver, place: Place, token: string, maxAge: number): Call {
    const { key } = place
    const begunIn = evictions.generation()
    const answer = unevicted(resolver, place, token, maxAge).finally(() => {
      if (calls.get(key) === call) calls.delete(key)
    })
    const call: Call = { begunIn, answer }
    calls.set(key, call)
    return call
  }

  /** An answer that was given before an eviction may be the one that the eviction was meant for: once more. */
  async function unevicted (resolver: TokenResolver, place: Place, token: string, maxAge: number): Promise<CachedToken> {
    const { key } = place
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const known = isBypassed ? undefined : store.get(key)
      const { entry, room } = await asking.find(resolver, place, token, attempt === 0 && !isBypassed ? maxAge : 0, known)
      if (entry.comparedIn === evictions.generation() || !evictions.covers(place.evictionKey, entry.record, entry.comparedIn)) {
        if (room !== null) keep(key, entry, room)
        return entry
      }
    }
    throw refuse('issuer_unavailable', 'evictions came faster than answers')
  }

  function keep (key: string, entry: CachedToken, room: Room): void {
    // An older answer than what is known tells nothing new.
    const other = store.get(key)
    if (other !== undefined && other.asked > entry.asked && other.asked <= Date.now() - origin) return
    // "Not active" is kept also when it is not believed again: an older "active" that is still on its way must find it.
    if (isUsed && (entry.record === null || entry.expires > Date.now() - origin)) store.set(key, entry, room)
    else store.delete(key)
  }
}
