import { isRefusal } from '../errors.ts'
import { origin, type CachedToken } from './cached-token.ts'
import type { Evictions, KeyOf } from './evictions.ts'

export interface StaleOptions {
  /** Milliseconds beyond its life for which an entry counts while nobody can be asked; 0 for none. */
  readonly staleIfError: number
  readonly evictions: Evictions
}

/**
 * While the authorization server cannot be asked, what was true a moment ago: a copy that says so, for the guard to judge as any
 * other, its `exp` first. Only while nobody answers (`issuer_unavailable`, RFC 5861 section 4). One that refuses our credentials
 * may have withdrawn them so that we let nobody in, and an answer that is not usable may have been a no: neither is an outage, and
 * both are for the operator to see.
 *
 * @param known - what was remembered
 * @param evictionKey - where evictions of the token are looked for
 * @param maxAge - milliseconds; an older one does not count for this route
 * @returns null where the error stands
 */
export function staleOf (error: unknown, known: CachedToken | undefined, evictionKey: KeyOf, maxAge: number, { staleIfError, evictions }: StaleOptions): CachedToken | null {
  if (staleIfError === 0 || known === undefined || known.record === null || !isRefusal(error) || error.reason !== 'issuer_unavailable') return null
  const now = Date.now() - origin
  // A clock that was set back must not lengthen a life: an entry from the future is none.
  const isYoungEnough = now >= known.asked && now < known.expires + staleIfError && now - known.asked < maxAge
  if (!isYoungEnough || known.key?.isRetired === true || evictions.covers(evictionKey, known.record, known.comparedIn)) return null
  return { ...known, isStale: true }
}
