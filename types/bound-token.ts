import type { Reason } from './decision.ts'

/** Which tokens to forget: one, all, or those of whom everything that is named is equal. */
export type EvictionSelector =
  | { readonly token: string }
  | { readonly all: true }
  | {
    /** `sub` */
    readonly subject?: string | undefined
    /** `client_id` */
    readonly clientId?: string | undefined
    /** `jti` */
    readonly jwtId?: string | undefined
    /** `sid` */
    readonly sessionId?: string | undefined
    /** The claim that `revocation.grantIdClaim` names. */
    readonly grantId?: string | undefined
    /** Any claim, by its name or by the names that lead to it. */
    readonly claim?: { readonly path: string | readonly string[], readonly value: string | number | boolean } | undefined
    /** Only tokens of this one; `sub` and the like mean nothing beyond an issuer. */
    readonly issuer?: string | undefined
  }

export interface TokenStats {
  /** Requests whose token was known. */
  readonly hits: number
  /** Requests whose token had to be asked for, alone or together with others. */
  readonly misses: number
  /** Calls to the authorization server that gave no usable answer. */
  readonly failures: number
  /** Requests that were answered by what was known before, since the authorization server could not be asked (`cache.staleIfError`). */
  readonly stale: number
  /** Tokens in the cache. */
  readonly entries: number
  /** Tokens in the cache that are not active. */
  readonly inactiveEntries: number
  /** Tokens that are being asked for. */
  readonly inFlight: number
  /** Evictions that were heard of here, also those of feeds and of other processes. */
  readonly evictions: number
  /** The store that several processes share; null where there is none. */
  readonly shared: SharedStats | null
}

/** A store behind the memory of the process. */
export interface SharedStats {
  readonly hits: number
  readonly misses: number
  /** Operations that failed, or took too long. */
  readonly failures: number
  /** Operations that were left out, since it had failed just before. */
  readonly skipped: number
}

/**
 * Whether an authorization server is asked: `open` not at all, `half-open` by one call that tries, `recovering` by some at a time,
 * `closed` by everybody.
 */
export type BreakerState = 'closed' | 'open' | 'half-open' | 'recovering'

/** What an authorization server was asked about tokens. */
export interface IntrospectionStats {
  /** Calls, with those that were made again. */
  readonly calls: number
  readonly retries: number
  /** Tokens that it called active, and not active. */
  readonly active: number
  readonly inactive: number
  /** Tokens of which nothing could be learned, by reason. */
  readonly failures: Readonly<Partial<Record<Reason, number>>>
  /** Tokens for which no call was made, since it had failed before, or too many calls were under way. */
  readonly skipped: number
  readonly breaker: BreakerState
  /** How long it took for a token, calls that were made again included. */
  readonly latency: {
    readonly count: number
    /** Milliseconds of all together. */
    readonly sum: number
    /** How many took no longer than so many milliseconds: each bucket holds those of the smaller ones. */
    readonly buckets: ReadonlyArray<{ readonly upTo: number, readonly count: number }>
  }
}

export interface IssuerStats {
  readonly issuer: string
  /** Null for one that is not asked. */
  readonly introspection: IntrospectionStats | null
}

/** A feed of revocations that keeps a connection. */
export interface FeedConnection {
  /** `store` is the channel of the shared store. */
  readonly feed: string
  /** Null until it is known. */
  readonly isUp: boolean | null
}

/** Certificates of which it was asked whether they are revoked, each time that it was. */
export interface RevocationStats {
  readonly good: number
  readonly revoked: number
  /** Nobody could say: refused with `hard`, let in with `soft`. */
  readonly undetermined: number
}

/** What feeds of revocations told (`revocation.webhook`, `revocation.websocket`). */
export interface FeedStats {
  /** Feeds, the channel of the store among them, that are not connected now. */
  readonly down: number
  readonly connections: readonly FeedConnection[]
  /** Revocations that count. */
  readonly applied: number
  /** Security event tokens that had come before. */
  readonly repeated: number
  /** Events and messages that mean nothing here, by their type or their subject. */
  readonly ignored: number
  /** Security event tokens that were refused, and messages that could not be read. */
  readonly refused: number
}

export interface Stats {
  readonly tokens: TokenStats
  /** In the order of the options. */
  readonly issuers: readonly IssuerStats[]
  readonly decisions: {
    readonly allowed: number
    /** Reasons that occurred, with their number; also those of routes in report mode. */
    readonly refused: Readonly<Partial<Record<Reason, number>>>
  }
  /** Of all certificate sources with `trust.revocation`; null where there is none. */
  readonly revocation: RevocationStats | null
  /** What this process learns of revocations from; null where there is nothing. */
  readonly feeds: FeedStats | null
}

/** `fastify.boundToken` */
export interface BoundToken {
  /**
   * Forgets tokens, so that the next request with one asks the authorization server again; also discards answers that are on
   * their way, and asks once more for them. It counts at once in this process. Call it when you learn that something was revoked.
   *
   * @returns how many entries were dropped here, when all other processes have been told, too
   * @throws TypeError for a selector that selects nothing, so that a misspelt one does not pass for done; Error where the others could not
   * be told within seconds: it counts here, and may be called again
   */
  evict (selector: EvictionSelector): Promise<number>
  /**
   * The same, for what was revoked: also refuses JWTs that are verified here and were issued until now. Not for `{ all: true }`.
   *
   * @returns how many entries were dropped here, when all other processes have been told, too
   * @throws TypeError for a selector that selects nothing; Error where the others could not be told
   */
  revoke (selector: EvictionSelector): Promise<number>
  /** Counters since the registration. */
  stats (): Stats
}
