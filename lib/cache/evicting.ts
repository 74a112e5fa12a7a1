import type { EvictionChannel } from '../../types/token-store.ts'
import type { TokenCache } from './cached.ts'
import { evictedBy } from './eviction.ts'
import { isEviction } from './eviction-message.ts'
import { matches, type Evicted, type Eviction, type Evictions } from './evictions.ts'
import type { Sealing } from './sealed-value.ts'

/** Makes evictions count, here and in all other processes. */
export interface Evicting {
  /** Counts here when it returns. @returns how many entries went here, when all others have been told. @throws TypeError */
  evict (selector: unknown): Promise<number>
  /** @param revokedAt - milliseconds since the epoch: JWTs issued until then are refused */
  revoke (selector: unknown, revokedAt?: number): Promise<number>
  close (): Promise<void>
}

export interface EvictingOptions {
  readonly cache: TokenCache
  readonly evictions: Evictions
  readonly grantIdClaim: string | readonly string[]
  /** Null where there is no other process, or none that can be told. */
  readonly others: { readonly channel: EvictionChannel, readonly sealing: Sealing } | null
  /** Takes out of what processes share; null where nothing is. */
  readonly unshare: ((keys: readonly string[]) => Promise<void>) | null
  /** Milliseconds for which an eviction can be about something. */
  readonly horizon: number
  /** Told when the channel breaks, and when it is back. */
  onChannel (isUp: boolean): void
}

/** What a message is sealed for; none is for a token. */
const place = 'eviction'

export function evicting ({ cache, evictions, grantIdClaim, others, unshare, horizon, onChannel }: EvictingOptions): Evicting {
  const end = others?.channel.listen({
    message (sealed) {
      const text = others.sealing.open(sealed, place, '')
      const eviction: unknown = text === null ? null : JSON.parse(text)
      // Sealed by us, but perhaps by a later version.
      if (isEviction(eviction)) apply(eviction)
    },
    connected: () => onChannel(true),
    disconnected: () => onChannel(false)
  }, horizon)

  return {
    evict: (selector) => tellAll({ evicted: meant(selector), at: Date.now(), revokedAt: null }),

    revoke (selector, revokedAt = Date.now()) {
      const evicted = meant(selector)
      if ('all' in evicted) throw new TypeError('revoke: found { all: true }; allowed: a selector of some tokens')
      return tellAll({ evicted, at: Date.now(), revokedAt })
    },

    async close () {
      await end?.()
    }
  }

  function meant (selector: unknown): Evicted {
    return evictedBy(selector, cache.keysOf, grantIdClaim)
  }

  async function tellAll (eviction: Eviction): Promise<number> {
    const dropping = apply(eviction)
    const { evicted } = eviction
    await Promise.all([
      'keys' in evicted ? unshare?.(evicted.keys) : null,
      others?.channel.publish(others.sealing.seal(JSON.stringify(eviction), place, ''))
    ])
    return await dropping
  }

  /** It counts as soon as it is remembered; dropping what it is about only makes room. */
  function apply (eviction: Eviction): number | Promise<number> {
    evictions.add(eviction)
    const { evicted } = eviction
    if ('all' in evicted) return cache.store.clear()
    if ('keys' in evicted) return evicted.keys.filter((key) => cache.store.delete(key)).length
    return cache.store.deleteWhere((_key, { record }) => record !== null && matches(evicted, record))
  }
}
