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
  /** What the application sees, once it was let in with its binding, or without where none was asked for. */
  bound: AccessToken | undefined
  unbound: AccessToken | undefined
  /** Of a copy that counts beyond its life, since nobody could be asked. */
  readonly isStale: boolean
}

export function cachedToken ({ record, askedAt, expiresAt, key, comparedIn }: Pick<CachedToken, 'record' | 'askedAt' | 'expiresAt' | 'key' | 'comparedIn'>): CachedToken {
  return { record, askedAt, expiresAt, key, comparedIn, certificate: undefined, bound: undefined, unbound: undefined, isStale: false }
}

/** One for all requests with this token. */
export function accessTokenFor (cached: CachedToken, record: TokenRecord, isBound: boolean): AccessToken {
  const known = isBound ? cached.bound : cached.unbound
  return known ?? makeAccessToken(cached, record, isBound)
}

function makeAccessToken (cached: CachedToken, record: TokenRecord, isBound: boolean): AccessToken {
  const made = accessTokenOf(record, isBound)
  if (isBound) cached.bound = made
  else cached.unbound = made
  return made
}
