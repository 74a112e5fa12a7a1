import type { Reason } from './decision.ts'

/** Which tokens to forget: one, all, or those of whom every named claim is equal. */
export type EvictionSelector =
  | { readonly token: string }
  | { readonly all: true }
  | {
    readonly subject?: string | undefined
    readonly clientId?: string | undefined
    readonly jwtId?: string | undefined
  }

export interface TokenStats {
  /** Requests whose token was known. */
  readonly hits: number
  /** Requests whose token had to be asked for, alone or together with others. */
  readonly misses: number
  /** Calls to the authorization server that gave no usable answer. */
  readonly failures: number
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

export interface Stats {
  readonly tokens: TokenStats
  readonly decisions: {
    readonly allowed: number
    /** Reasons that occurred, with their number; also those of routes in report mode. */
    readonly refused: Readonly<Partial<Record<Reason, number>>>
  }
  /** Of all certificate sources with `trust.revocation`; null where there is none. */
  readonly revocation: RevocationStats | null
}

/** `fastify.boundToken` */
export interface BoundToken {
  /**
   * Forgets tokens, so that the next request with one asks the authorization server again; also discards answers that are on
   * their way, and asks once more for them. Call it when you learn that something was revoked.
   *
   * @returns how many entries were dropped
   * @throws TypeError for a selector that selects nothing, so that a misspelt one does not pass for done
   */
  evict (selector: EvictionSelector): number
  /** Counters since the registration. */
  stats (): Stats
}
