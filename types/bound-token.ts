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
  readonly decisions: {
    readonly allowed: number
    /** Reasons that occurred, with their number; also those of routes in report mode. */
    readonly refused: Readonly<Partial<Record<Reason, number>>>
  }
  /** Of all certificate sources with `trust.revocation`; null where there is none. */
  readonly revocation: RevocationStats | null
  /** Null where there is none. */
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
