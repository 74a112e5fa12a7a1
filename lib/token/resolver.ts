import type { IntrospectionStats } from '../../types/bound-token.ts'
import type { TokenRecord } from '../access-token.ts'
import type { Key } from './keys/key.ts'

/** What a resolver found out. */
export interface Resolved {
  /** Null when the authorization server says that the token is not active. */
  readonly record: TokenRecord | null
  /** Milliseconds that this may be remembered, as its source says; Infinity where it says nothing. */
  readonly maxAge: number
  /** The key that proved it, or the answer; null where none did. Once it is withdrawn, nothing of this counts any more. */
  readonly key: Key | null
  /** Whether anybody who has the token could make others that stand for the same: encrypted for a public key, as often as one likes. */
  readonly canBeMultiplied: boolean
  /** Whether the authorization server was asked: then it may change its mind. */
  readonly isAsked: boolean
}

/** What a record says, for keeping as text. */
export interface Facts {
  readonly issuer: string
  readonly claims: Readonly<Record<string, unknown>>
  /** Seconds since the epoch; null for no limit. */
  readonly goodFrom: number | null
  readonly goodUntil: number | null
  /** The JWT that goes upstream; null for none. */
  readonly jwt: string | null
}

/**
 * Finds out what a token stands for. The contract of every resolver:
 * - a record means "active"; null means that the authorization server says it is not
 * - a token that proves itself and fails is refused as `token_invalid` or for what its claims say
 * - trouble that is not the client's is thrown as `issuer_unavailable`, `issuer_refused_us` or `issuer_bad_response`
 * - it ends within its time limit, and nothing of the token is kept
 */
export interface TokenResolver {
  /** What two resolvers must differ in to give different answers for one token: issuer, endpoint, client. */
  readonly identity: readonly string[]
  resolve (token: string): Promise<Resolved>
  /** The record that somebody with a resolver like this one had; null where it could not be had from this one. */
  restore? (facts: Facts, token: string): TokenRecord | null
  /** Of one that asks an authorization server. */
  stats? (): IntrospectionStats
  close (): Promise<void>
}
