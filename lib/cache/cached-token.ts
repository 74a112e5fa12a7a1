import type { AccessToken } from '../../types/access-token.ts'
import { accessTokenOf, type TokenRecord } from '../access-token.ts'
import type { RememberedCertificate } from '../certificate/source.ts'
import type { Key } from '../token/keys/key.ts'

/** A token that was resolved: facts only. Every decision is made again on each request. */
export interface CachedToken {
  /** Null when the authorization server says that the token is not active. */
  readonly record: TokenRecord | null
  /** Milliseconds since the epoch. */
  readonly askedAt: number
  readonly expiresAt: number
  /** The key that proved it, or the answer about it. */
  readonly key: Key | null
  /** The generation of evictions that it was last compared with. */
  comparedIn: number
  /** The certificate that was last found to carry the token's thumbprint: spares decoding it again, never comparing it. */
  certificate: RememberedCertificate | undefined
  /** What the application sees, once it was let in. */
  accessToken: AccessToken | undefined
  /** Of a copy that counts beyond its life, since nobody could be asked. */
  readonly isStale: boolean
}

export function cachedToken ({ record, askedAt, expiresAt, key, comparedIn }: Pick<CachedToken, 'record' | 'askedAt' | 'expiresAt' | 'key' | 'comparedIn'>): CachedToken {
  return { record, askedAt, expiresAt, key, comparedIn, certificate: undefined, accessToken: undefined, isStale: false }
}

/** One for all requests with this token; made anew only where routes differ in whether they ask for a binding. */
export function accessTokenFor (cached: CachedToken, record: TokenRecord, isBound: boolean): AccessToken {
  const { accessToken } = cached
  if (accessToken !== undefined && (accessToken.binding !== null) === isBound) return accessToken
  const made = accessTokenOf(record, isBound)
  cached.accessToken = made
  return made
}
