import { readClaims, withBounds, type Issuer, type TokenRecord } from '../access-token.ts'
import { seal, unseal } from '../seal.ts'
import type { SharedLists } from '../shared-lists.ts'
import type { Facts } from './resolver.ts'

/** What another process needs to know of a token that this one has asked for. */
export function factsOf ({ issuer, claims, goodFrom, goodUntil, jwt }: TokenRecord, token: string): Facts {
  return {
    issuer: issuer.name,
    claims,
    goodFrom: goodFrom ?? null,
    goodUntil,
    jwt: jwt === undefined ? null : unseal(jwt, token)
  }
}

/**
 * The claims are read anew: what they mean is this process's to say. Null where they mean nothing to it.
 *
 * @param shared - where tokens with equal lists find them
 */
export function restored ({ claims, goodFrom, goodUntil, jwt }: Facts, issuer: Issuer, shared: SharedLists, token: string): TokenRecord | null {
  const record = readClaims({ ...claims }, issuer, shared)
  if (typeof record === 'string') return null
  return withBounds(record, goodFrom ?? null, goodUntil ?? null, jwt === null ? null : seal(jwt, token))
}
