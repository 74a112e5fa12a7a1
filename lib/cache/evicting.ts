import type { EvictionSelector } from '../../types/bound-token.ts'
import type { EvictionMessage } from '../../types/channels.ts'
import type { EvictionChannel } from '../../types/token-store.ts'
import { channelOf } from '../channels.ts'
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
  /**
   * The same for what a feed tells, at any rate: it counts here when this returns, and nobody waits for the room that it makes.
   *
   * @returns when all others have been told
   */
  hear (selector: EvictionSelector, revokedAt?: number): Promise<void>
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

const published = channelOf('cache')

export function evicting ({ cache, evictions, grantIdClaim, others, unshare, horizon, onChannel }: EvictingOptions): Evicting {
  const end = others?.channel.listen({
    message (sealed) {
      const text = others.sealing.open(sealed, place, '')
      const eviction: unknown = text === null ? null : JSON.parse(text)
      // Sealed by us, but perhaps by a later version.
      if (isEviction(eviction)) hearOf(eviction, 'elsewhere')
    },
    connected: () => onChannel(true),
    disconnected: () => onChannel(false)
  }, horizon)

  return {
    evict: (selector) => tellAll({ evicted: meant(selector), at: Date.now(), revokedAt: null }),

    revoke: (selector, revokedAt) => tellAll(revocation(selector, revokedAt)),

    async hear (selector, revokedAt) {
      const eviction = revocation(selector, revokedAt)
      hearOf(eviction, 'here')
      await tellOthers(eviction)
    },

    async close () {
      await end?.()
    }
  }

  function meant (selector: unknown): Evicted {
    return evictedBy(selector, cache.keysOf, grantIdClaim)
  }

  function revocation (selector: unknown, revokedAt = Date.now()): Eviction {
    const evicted = meant(selector)
    if ('all' in evicted) throw new TypeError('revoke: found { all: true }; allowed: a selector of some tokens')
    return { evicted, at: Date.now(), revokedAt }
  }

  async function tellAll (eviction: Eviction): Promise<number> {
    const dropping = drop(eviction)
    await tellOthers(eviction)
    return await dropping
  }

  async function tellOthers (eviction: Eviction): Promise<void> {
    const { evicted } = eviction
    await Promise.all([
      'keys' in evicted ? unshare?.(evicted.keys) : null,
      others?.channel.publish(others.sealing.seal(JSON.stringify(eviction), place, ''))
    ])
  }

  /** It counts as soon as it is remembered; dropping what it is about only makes room, and looks at all that there is. */
  function drop (eviction: Eviction): number | Promise<number> {
    const { evicted } = eviction
    const count = remember(eviction)
    const dropping = 'all' in evicted || 'keys' in evicted
      ? count
      : cache.store.deleteWhere((_key, { record }) => record !== null && matches(evicted, record))
    if (published.hasSubscribers) tell(eviction, 'here', dropping)
    return dropping
  }

  /** For what others tell, as often as they may: nothing is looked for. */
  function hearOf (eviction: Eviction, from: EvictionMessage['from']): void {
    const count = remember(eviction)
    if (published.hasSubscribers) tell(eviction, from, count)
  }

  /** @returns how many entries went without looking for them */
  function remember (eviction: Eviction): number {
    evictions.add(eviction)
    const { evicted } = eviction
    if ('all' in evicted) return cache.store.clear()
    return 'keys' in evicted ? evicted.keys.filter((key) => cache.store.delete(key)).length : 0
  }
}

/** Neither the claims nor the keys: they may name people. */
function tell ({ evicted, revokedAt }: Eviction, from: EvictionMessage['from'], dropping: number | Promise<number>): void {
  const by = 'all' in evicted ? 'all' : 'keys' in evicted ? 'token' : 'claims'
  Promise.resolve(dropping).then((entries) => published.publish(Object.freeze({ by, isRevocation: revokedAt !== null, from, entries })), () => {})
}
