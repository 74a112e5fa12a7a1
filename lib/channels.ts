import { channel } from 'node:diagnostics_channel'
import type { Channels } from '../types/channels.ts'

type Name = keyof typeof channels

/** A channel of `node:diagnostics_channel`. Look at `hasSubscribers` first: without any, a message need not even be made. */
interface TypedChannel<Message> {
  readonly hasSubscribers: boolean
  publish (message: Message): void
}

/** Every channel, with the type of its messages and what they are about. */
export const channels = {
  decision: ['Decision', 'what the guard decided about a request: `allowed`, `reason`, `route`, `stale` and more'],
  introspection: ['IntrospectionMessage', 'an authorization server was asked about a token: `issuer`, `outcome` (`active`, `inactive` or a reason), `duration` in milliseconds, `attempts`'],
  breaker: ['BreakerMessage', 'an authorization server is asked less than before, or more: `issuer`, `state` (`open`, `half-open`, `recovering`, `closed`)'],
  cache: ['EvictionMessage', 'tokens were evicted: `by` (`token`, `claims`, `all`), `isRevocation`, `from` (`here`, `elsewhere`), `entries` that were dropped here'],
  feed: ['FeedMessage', 'a feed of evictions is connected, or no longer: `feed`, `isUp`']
} as const satisfies Record<string, readonly [type: string, about: string]>

export function channelOf<Named extends Name> (name: Named): TypedChannel<Channels[`fastify-bound-token:${Named}`]> {
  return channel(`fastify-bound-token:${name}`)
}
