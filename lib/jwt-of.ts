import { bearerToken } from './bearer.ts'
import { unseal, type Sealed } from './seal.ts'
import { shapeOf } from './token/shape.ts'

/**
 * The JWT that a token stands for, or that it is itself; null for an encrypted or opaque one, which never goes upstream in its place.
 *
 * @param authorization - of a request that the guard let in
 * @param sealed - what was kept of the JWT when the token was resolved
 */
export function jwtOf (authorization: string | undefined, sealed: Sealed | null): string | null {
  const token = bearerToken(authorization, undefined)
  if (sealed !== null) return unseal(sealed, token)
  return shapeOf(token) === 'jws' ? token : null
}
