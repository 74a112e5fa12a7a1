import type { BreakerState } from './bound-token.ts'
import type { Decision, Reason } from './decision.ts'

/** What is published on each diagnostics channel. No message holds a token, a certificate or a secret. */
export interface Channels {
  'fastify-bound-token:decision': Decision
  'fastify-bound-token:introspection': IntrospectionMessage
  'fastify-bound-token:breaker': BreakerMessage
  'fastify-bound-token:cache': EvictionMessage
  'fastify-bound-token:feed': FeedMessage
}

/** An authorization server was asked about a token. */
export interface IntrospectionMessage {
  /** The configured issuer. */
  readonly issuer: string
  /** What it said of the token, or why nothing came of it. */
  readonly outcome: 'active' | 'inactive' | Reason
  /** Milliseconds, with the calls that were made again and the pauses before them. */
  readonly duration: number
  /** Calls that were made, from 1. */
  readonly attempts: number
}

/** An authorization server is asked less than before, or more. */
export interface BreakerMessage {
  readonly issuer: string
  readonly state: BreakerState
}

/** Tokens were evicted. */
export interface EvictionMessage {
  /** By what they were selected. */
  readonly by: 'token' | 'claims' | 'all'
  /** Whether they are known to be revoked. */
  readonly isRevocation: boolean
  /** Whether this process was told by `evict` or `revoke`, or by another one. */
  readonly from: 'here' | 'elsewhere'
  /** Entries that were dropped from the memory of this process; by claims from elsewhere, none are looked for: they count no more where they lie. */
  readonly entries: number
}

/** A feed of evictions is connected, or no longer. */
export interface FeedMessage {
  /** `store` is the channel of the shared store. */
  readonly feed: string
  readonly isUp: boolean
}
