import { canVerify, type Key } from './key.ts'

/** The keys of one issuer, and of no other (RFC 8725 section 3.8). */
export interface KeySet {
  /** What tells it from others in the key of a cache. */
  readonly identity: string
  /** With how many keys a signature without `kid` is tried at the most. */
  readonly mostTried: number
  keys (): Promise<readonly Key[]>
  /**
   * Asks for newer keys, because none fits.
   *
   * @param kid - the key that was looked for in vain
   * @returns false where there is nobody to ask, or somebody was asked a moment ago
   * @throws Refusal when they can't be had
   */
  renew (kid: string | undefined): Promise<boolean>
  close (): void
}

/**
 * Keys that may have made a signature. A `kid` (RFC 7515 section 4.1.4) only picks among them: it is compared, never used for
 * anything else. Keys without one are for every token.
 */
export function candidates (keys: readonly Key[], kid: string | undefined, algorithm: string): readonly Key[] {
  const fitting = keys.filter((key) => !key.isRetired && canVerify(key, algorithm))
  if (kid === undefined) return fitting
  const named = fitting.filter((key) => key.kid === kid)
  return named.length > 0 ? named : fitting.filter((key) => key.kid === null)
}

/** Keys that the operator gave. */
export function ownKeys (current: () => readonly Key[] | Promise<readonly Key[]>, identity: string): KeySet {
  return { identity, mostTried: Infinity, keys: async () => await current(), renew: async () => false, close () {} }
}
