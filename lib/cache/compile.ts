import type { FeedStats } from '../../types/bound-token.ts'
import type { EvictionChannel, TokenStore } from '../../types/token-store.ts'
import { channelOf } from '../channels.ts'
import { OptionsError } from '../errors.ts'
import { CacheSchema, defaultOf, FeedsSchema, StoreSchema, type CacheOptions, type FeedsOptions, type Secret, type StoreOptions } from '../options.ts'
import { resolveSecret } from '../secret.ts'
import { tokenCache, type TokenCache } from './cached.ts'
import { evicting, type Evicting } from './evicting.ts'
import { evictions } from './evictions.ts'
import { sealing, type Sealing, type SharedSecret } from './sealed-value.ts'
import { sharedTokens, type SharedTokens } from './shared-tokens.ts'
import type { FactsOf } from './asking.ts'

export interface CompiledCache {
  readonly tokens: TokenCache
  readonly evicting: Evicting
  feeds (): readonly FeedStats[]
  close (): Promise<void>
}

interface Sharing {
  readonly tokens: SharedTokens
  readonly channel: EvictionChannel | null
  readonly sealing: Sealing
  /** For the keys of all. */
  readonly secret: string
}

const schemas = CacheSchema.properties
const leastSecret = 32

const feedChannel = channelOf('feed')

/** Options of the cache to what remembers tokens and forgets them. @throws OptionsError */
export async function compileCache (cache: CacheOptions, feeds: FeedsOptions, factsOf: FactsOf, onTrouble: (detail: string) => void): Promise<CompiledCache> {
  const maxTtl = cache.maxTtl ?? defaultOf<number>(schemas.maxTtl)
  const staleIfError = cache.staleIfError ?? defaultOf<number>(schemas.staleIfError)
  const horizon = Math.max(feeds.remember ?? defaultOf<number>(FeedsSchema.properties.remember), maxTtl + staleIfError)
  const onDisconnect = feeds.onDisconnect ?? defaultOf<string>(FeedsSchema.properties.onDisconnect)
  const known = evictions(horizon)
  const sharing = await compileSharing(cache, onTrouble)
  const tokens = tokenCache({
    enabled: cache.enabled ?? defaultOf<boolean>(schemas.enabled),
    maxEntries: cache.maxEntries ?? defaultOf<number>(schemas.maxEntries),
    defaultTtl: cache.defaultTtl ?? defaultOf<number>(schemas.defaultTtl),
    maxTtl,
    negativeTtl: cache.negativeTtl ?? defaultOf<number>(schemas.negativeTtl),
    staleIfError,
    evictions: known,
    shared: sharing?.tokens ?? null,
    secret: sharing?.secret ?? null,
    factsOf
  })
  let isUp: boolean | null = null
  const onState = feedState(tokens, onDisconnect, () => known.add({ evicted: { all: true }, at: Date.now(), revokedAt: null }), onTrouble)
  const forgetting = evicting({
    cache: tokens,
    evictions: known,
    grantIdClaim: feeds.grantIdClaim ?? 'grant_id',
    others: sharing === null || sharing.channel === null ? null : { channel: sharing.channel, sealing: sharing.sealing },
    horizon,
    onChannel (isUpNow) {
      if (isUpNow !== isUp && feedChannel.hasSubscribers) feedChannel.publish(Object.freeze({ feed: 'store', isUp: isUpNow }))
      isUp = isUpNow
      onState(isUpNow)
    }
  })
  return {
    tokens,
    evicting: forgetting,
    feeds: () => sharing === null || sharing.channel === null ? [] : [{ feed: 'store', isUp }],
    async close () {
      await forgetting.close()
      await sharing?.tokens.close()
    }
  }
}

/** What is known while revocations may be missed. */
function feedState (tokens: TokenCache, onDisconnect: string, clear: () => void, onTrouble: (detail: string) => void): (isUp: boolean) => void {
  let wasUp: boolean | null = null
  return (isUp) => {
    if (isUp === wasUp) return
    if (!isUp) onTrouble(`a feed of evictions is down: ${onDisconnect}`)
    else if (wasUp === false) onTrouble('the feed of evictions is up again')
    if (onDisconnect === 'bypass') tokens.bypass(!isUp)
    if (onDisconnect === 'clear' && wasUp !== null) clear()
    wasUp = isUp
  }
}

async function compileSharing ({ store, secret, enabled }: CacheOptions, onTrouble: (detail: string) => void): Promise<Sharing | null> {
  const path = 'options.cache'
  if (store === undefined) {
    if (secret !== undefined) throw new OptionsError(`${path}.secret: has no meaning without store; allowed: no secret`)
    return null
  }
  if (enabled === false) throw new OptionsError(`${path}.store: found beside enabled: false; allowed: with a cache`)
  if (secret === undefined) throw new OptionsError(`${path}.secret: missing; a shared store needs it`)
  const secrets = await readSecrets(secret, `${path}.secret`)
  const { tokens, channel } = await openStore(store, `${path}.store`)
  const seals = sealing(secrets)
  const timeout = store.timeout ?? defaultOf<number>(StoreSchema.properties.timeout)
  return { tokens: sharedTokens({ store: tokens, sealing: seals, timeout, onTrouble }), channel, sealing: seals, secret: (secrets[0] as SharedSecret).secret }
}

async function openStore ({ redis, tokens, channel }: StoreOptions, path: string): Promise<{ tokens: TokenStore, channel: EvictionChannel | null }> {
  if ((redis === undefined) === (tokens === undefined)) throw new OptionsError(`${path}: found ${redis === undefined ? 'neither redis nor' : 'redis beside'} tokens; allowed: one of them`)
  if (tokens !== undefined) return { tokens: tokens(), channel: channel?.() ?? null }
  throw new OptionsError(`${path}.redis: not there yet`)
}

async function readSecrets (secret: NonNullable<CacheOptions['secret']>, path: string): Promise<SharedSecret[]> {
  const list = Array.isArray(secret) ? secret as ReadonlyArray<{ id: string, secret: Secret }> : [{ id: '', secret: secret as Secret }]
  if (new Set(list.map(({ id }) => id)).size !== list.length) throw new OptionsError(`${path}: found one id twice; allowed: each once`)
  return await Promise.all(list.map(async ({ id, secret }, index) => {
    const at = Array.isArray(list) && list.length > 1 ? `${path}[${index}].secret` : path
    const value = await resolveSecret(secret, at)
    if (value.length < leastSecret) throw new OptionsError(`${at}: found a string of ${value.length} characters; allowed: at least ${leastSecret}`)
    return { id, secret: value }
  }))
}
