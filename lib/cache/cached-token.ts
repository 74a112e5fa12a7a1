import type { AccessToken } from '../../types/access-token.ts'
import { accessTokenOf, type TokenRecord } from '../access-token.ts'
import type { RememberedCertificate } from '../certificate/source.ts'
import type { Key } from '../token/keys/key.ts'
import type { Kept } from './room.ts'

/**
 * What the times of cached tokens are counted from: a number of milliseconds that is small, for the first 24 days of a process,
 * stands in its place, and a large one takes memory of its own, of which there may be a million.
 */
export const origin = Date.now()

/** A token that was resolved: facts only. Every decision is made again on each request. */
export interface CachedToken extends Kept {
  /** Null when the authorization server says that the token is not active. */
  readonly record: TokenRecord | null
  /** Milliseconds since `origin`. */
  readonly asked: number
  readonly expires: number
  /** The key that proved it, or the answer about it. */
  readonly key: Key | null
  /** The generation of evictions that it was last compared with. */
  comparedIn: number
  /** The certificate that was last found to carry the token's thumbprint: spares decoding it again, never comparing it. */
  certificate: RememberedCertificate | undefined
  /** What the application sees, once it was let in. */
  accessToken: AccessToken | undefined
  /** Only of a copy that counts beyond its life, since nobody could be asked. */
  readonly isStale?: true
}

/** What was found out about a token. */
interface Learnt extends Pick<CachedToken, 'record' | 'key' | 'comparedIn'> {
  /** Milliseconds since the epoch. */
  readonly askedAt: number
  readonly expiresAt: number
}

export function cachedToken ({ record, askedAt, expiresAt, key, comparedIn }: Learnt): CachedToken {
  return { record, asked: askedAt - origin, expires: expiresAt - origin, key, comparedIn, wasUsed: false, certificate: undefined, accessToken: undefined }
}

/** One for all requests with this token; made anew only where routes differ in whether they ask for a binding. */
export function accessTokenFor (cached: CachedToken, record: TokenRecord, isBound: boolean): AccessToken {
  const known = cached.accessToken
  if (known !== undefined && (known.binding !== null) === isBound) return known
  const made = accessTokenOf(record, isBound)
  cached.accessToken = made
  return made
}
