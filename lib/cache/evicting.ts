import type { EvictionMessage } from '../../types/channels.ts'
import type { EvictionChannel } from '../../types/token-store.ts'
import { channelOf } from '../channels.ts'
import type { TokenCache } from './cached.ts'
import { evictedBy } from './eviction.ts'
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
  /** Null where there is no other process. */
  readonly others: { readonly channel: EvictionChannel, readonly sealing: Sealing } | null
  /** Milliseconds for which an eviction can be about something. */
  readonly horizon: number
  /** Told when the channel breaks, and when it is back. */
  onChannel (isUp: boolean): void
}

/** What a message is sealed for; none is for a token. */
const place = 'eviction'

const published = channelOf('cache')

export function evicting ({ cache, evictions, grantIdClaim, others, horizon, onChannel }: EvictingOptions): Evicting {
  const end = others?.channel.listen({
    message (sealed) {
      const text = others.sealing.open(sealed, place, '')
      if (text !== null) apply(JSON.parse(text) as Eviction, 'elsewhere')
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
    const dropping = apply(eviction, 'here')
    await others?.channel.publish(others.sealing.seal(JSON.stringify(eviction), place, ''))
    return await dropping
  }

  /** It counts as soon as it is remembered; dropping what it is about only makes room. */
  function apply (eviction: Eviction, from: EvictionMessage['from']): number | Promise<number> {
    evictions.add(eviction)
    const dropping = drop(eviction.evicted)
    if (published.hasSubscribers) tell(eviction, from, dropping)
    return dropping
  }

  function drop (evicted: Evicted): number | Promise<number> {
    if ('all' in evicted) return cache.store.clear()
    if ('keys' in evicted) return evicted.keys.filter((key) => cache.store.delete(key)).length
    return cache.store.deleteWhere((_key, { record }) => record !== null && matches(evicted, record))
  }
}

/** Neither the claims nor the keys: they may name people. */
function tell ({ evicted, revokedAt }: Eviction, from: EvictionMessage['from'], dropping: number | Promise<number>): void {
  const by = 'all' in evicted ? 'all' : 'keys' in evicted ? 'token' : 'claims'
  Promise.resolve(dropping).then((entries) => published.publish(Object.freeze({ by, isRevocation: revokedAt !== null, from, entries })), () => {})
}
