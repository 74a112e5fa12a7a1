import type { EvictionChannel, TokenStore } from '../../types/token-store.ts'
import { OptionsError } from '../errors.ts'
import { CacheSchema, defaultOf, FeedsSchema, RedisSchema, StoreSchema, type CacheOptions, type FeedsOptions, type Secret, type StoreOptions } from '../options.ts'
import { resolveSecret } from '../secret.ts'
import { tokenCache, type TokenCache } from './cached.ts'
import { evicting, type Evicting } from './evicting.ts'
import { evictions } from './evictions.ts'
import { redisChannel } from './redis-channel.ts'
import { redisConnection } from './redis-connection.ts'
import { redisStore } from './redis-store.ts'
import { feedStates, type FeedStates } from './feed-states.ts'
import { sealing, type Sealing, type SharedSecret } from './sealed-value.ts'
import { sharedTokens, type SharedTokens } from './shared-tokens.ts'
import type { FactsOf } from './asking.ts'
import type { tlsMaterial } from '../tls-material.ts'

export interface CompiledCache {
  readonly tokens: TokenCache
  readonly evicting: Evicting
  readonly feeds: FeedStates
  close (): Promise<void>
}

interface Sharing {
  readonly tokens: SharedTokens
  readonly channel: EvictionChannel | null
  readonly sealing: Sealing
  /** For the keys of all: the first one, and those that it replaces. */
  readonly secrets: readonly string[]
}

const schemas = CacheSchema.properties
const leastSecret = 32

/** Options of the cache to what remembers tokens and forgets them. @throws OptionsError */
export async function compileCache (cache: CacheOptions, feeds: FeedsOptions, factsOf: FactsOf, tls: typeof tlsMaterial, onTrouble: (detail: string) => void): Promise<CompiledCache> {
  const maxTtl = cache.maxTtl ?? defaultOf<number>(schemas.maxTtl)
  const staleIfError = cache.staleIfError ?? defaultOf<number>(schemas.staleIfError)
  const horizon = Math.max(feeds.remember ?? defaultOf<number>(FeedsSchema.properties.remember), maxTtl + staleIfError)
  const onDisconnect = feeds.onDisconnect ?? defaultOf<string>(FeedsSchema.properties.onDisconnect)
  const known = evictions(horizon)
  const sharing = await compileSharing(cache, tls, onTrouble)
  const tokens = tokenCache({
    enabled: cache.enabled ?? defaultOf<boolean>(schemas.enabled),
    maxEntries: cache.maxEntries ?? defaultOf<number>(schemas.maxEntries),
    defaultTtl: cache.defaultTtl ?? defaultOf<number>(schemas.defaultTtl),
    maxTtl,
    negativeTtl: cache.negativeTtl ?? defaultOf<number>(schemas.negativeTtl),
    staleIfError,
    evictions: known,
    shared: sharing?.tokens ?? null,
    secret: sharing?.secrets[0] ?? null,
    formerSecrets: sharing?.secrets.slice(1) ?? [],
    factsOf
  })
  // Before all is heard that was evicted lately, what others have kept may be evicted already.
  if (sharing !== null && sharing.channel !== null) tokens.believeOthers(false)
  const states = feedStates({ onDisconnect, bypass: tokens.bypass, clear: () => known.add({ evicted: { all: true }, at: Date.now(), revokedAt: null }), onTrouble })
  const forgetting = evicting({
    cache: tokens,
    evictions: known,
    grantIdClaim: feeds.grantIdClaim ?? 'grant_id',
    others: sharing === null || sharing.channel === null ? null : { channel: sharing.channel, sealing: sharing.sealing },
    unshare: sharing?.tokens.delete ?? null,
    horizon,
    onChannel: sharing === null || sharing.channel === null ? () => {} : channelState(tokens, onDisconnect, states)
  })
  return {
    tokens,
    evicting: forgetting,
    feeds: states,
    async close () {
      await forgetting.close()
      await sharing?.tokens.close()
    }
  }
}

/** What others know is believed again only when all is heard that was evicted meanwhile. */
function channelState (tokens: TokenCache, onDisconnect: string, states: FeedStates): (isUp: boolean) => void {
  const tell = states.watch('store', true)
  return (isUp) => {
    tell(isUp)
    if (isUp || onDisconnect !== 'keep') tokens.believeOthers(isUp)
  }
}

async function compileSharing ({ store, secret, enabled }: CacheOptions, tls: typeof tlsMaterial, onTrouble: (detail: string) => void): Promise<Sharing | null> {
  const path = 'options.cache'
  if (store === undefined) {
    if (secret !== undefined) throw new OptionsError(`${path}.secret: has no meaning without store; allowed: no secret`)
    return null
  }
  if (enabled === false) throw new OptionsError(`${path}.store: found beside enabled: false; allowed: with a cache`)
  if (secret === undefined) throw new OptionsError(`${path}.secret: missing; a shared store needs it`)
  const secrets = await readSecrets(secret, `${path}.secret`)
  const { tokens, takesSignals, channel } = await openStore(store, `${path}.store`, tls, onTrouble)
  const seals = sealing(secrets)
  const timeout = store.timeout ?? defaultOf<number>(StoreSchema.properties.timeout)
  return { tokens: sharedTokens({ store: tokens, sealing: seals, timeout, takesSignals, onTrouble }), channel, sealing: seals, secrets: secrets.map(({ secret }) => secret) }
}

type Opened = { readonly tokens: TokenStore, readonly takesSignals: boolean, readonly channel: EvictionChannel | null }

async function openStore ({ redis, tokens, channel }: StoreOptions, path: string, tls: typeof tlsMaterial, onTrouble: (detail: string) => void): Promise<Opened> {
  if ((redis === undefined) === (tokens === undefined)) throw new OptionsError(`${path}: found ${redis === undefined ? 'neither redis nor' : 'redis beside'} tokens; allowed: one of them`)
  if (redis === undefined) return { tokens: (tokens as () => TokenStore)(), takesSignals: true, channel: channel?.() ?? null }
  const prefix = redis.prefix ?? defaultOf<string>(RedisSchema.properties.prefix)
  const own = channel?.() ?? null
  const connection = await redisConnection(redis, `${path}.redis`, tls, onTrouble)
  // What was sent to Redis cannot be called back.
  return { tokens: redisStore(connection, prefix), takesSignals: false, channel: own ?? redisChannel(connection, prefix, onTrouble) }
}

async function readSecrets (secret: NonNullable<CacheOptions['secret']>, path: string): Promise<SharedSecret[]> {
  const list = Array.isArray(secret) ? secret as ReadonlyArray<{ id: string, secret: Secret }> : [{ id: '', secret: secret as Secret }]
  if (new Set(list.map(({ id }) => id)).size !== list.length) throw new OptionsError(`${path}: found one id twice; allowed: each once`)
  return await Promise.all(list.map(async ({ id, secret }, index) => {
    const at = id === '' ? path : `${path}[${index}].secret`
    const value = await resolveSecret(secret, at)
    if (value.length < leastSecret) throw new OptionsError(`${at}: found a string of ${value.length} characters; allowed: at least ${leastSecret}`)
    return { id, secret: value }
  }))
}
