import type { AccessToken, Claims } from '../types/access-token.ts'
import type { Requirement } from './confirmation/confirmation.ts'
import type { Sealed } from './seal.ts'
import type { Scopes, SharedLists } from './shared-lists.ts'

/** An authorization server, as far as judging its tokens goes. */
export interface Issuer {
  /** The issuer identifier (RFC 8414 section 2). */
  readonly name: string
  /** What its tokens must be for, unless the route says otherwise; null where it states no audience. */
  readonly audience: readonly string[] | null
}

/** A resolved token as the guard keeps it: facts, never a decision. There may be a million: what tokens say alike is shared. */
export interface TokenRecord {
  /** Who vouches for it. */
  readonly issuer: Issuer
  readonly claims: Claims
  readonly scopes: Scopes
  readonly audience: readonly string[]
  /** Why it is good for nothing, whatever the time and the route. */
  readonly fault: 'token_type_unsupported' | 'token_issuer_mismatch' | null
  /** Seconds since the epoch between which it is good, the difference between clocks allowed for; absent or null for no limit. */
  readonly goodFrom?: number
  readonly goodUntil: number | null
  readonly requirement: Requirement
  /** The JWT that stands for it upstream, where that is another than the token. */
  readonly jwt?: Sealed
}

// Year 9999. What lies beyond is a number of milliseconds or nonsense, and must not become a token that never ends.
const maxNumericDate = 253_402_300_799

/** Seconds by which `nbf` may lie ahead: clocks differ, and servers set it to the moment of issue. */
const notBeforeLeeway = 5

/** Claims that many tokens have alike. */
const alike = ['iss', 'aud', 'client_id', 'scope', 'token_type']

/**
 * Reads the claims that a decision hangs on (RFC 7662 section 2.2).
 *
 * @param claims - taken over and frozen
 * @param shared - where tokens with equal lists find them
 * @param clockTolerance - seconds by which `exp` may have passed, and `nbf` lie ahead; by default an `exp` ends at once
 * @returns the name of the claim that has the wrong type, else the record
 */
export function readClaims (claims: Record<string, unknown>, issuer: Issuer, shared: SharedLists, clockTolerance?: number): TokenRecord | string {
  for (const name of ['scope', 'client_id', 'sub', 'iss', 'token_type', 'jti', 'username', 'acr']) {
    if (claims[name] !== undefined && typeof claims[name] !== 'string') return name
  }
  for (const name of ['exp', 'nbf', 'iat', 'auth_time']) {
    if (claims[name] !== undefined && !isNumericDate(claims[name])) return name
  }
  const stated = claims['aud'] === undefined ? [] : [claims['aud']].flat()
  if (!stated.every((member) => typeof member === 'string')) return 'aud'

  const { cnf, requirement } = shared.confirmation(claims)
  const scopes = shared.scopes((claims['scope'] as string | undefined) ?? '')
  const audience = shared.audience(stated)
  if (cnf !== undefined) claims['cnf'] = cnf
  if (Array.isArray(claims['aud'])) claims['aud'] = audience
  for (const name of alike) {
    if (typeof claims[name] === 'string') claims[name] = shared.text(claims[name])
  }
  const { iss, token_type: tokenType, exp, nbf } = deepFreeze(claims) as Claims
  const record: TokenRecord = {
    issuer,
    claims: claims as Claims,
    scopes,
    audience,
    fault: tokenType !== undefined && tokenType.toLowerCase() !== 'bearer' ? 'token_type_unsupported' : iss !== undefined && iss !== issuer.name ? 'token_issuer_mismatch' : null,
    goodUntil: exp === undefined ? null : exp + (clockTolerance ?? 0),
    requirement
  }
  return Object.freeze(nbf === undefined ? record : { ...record, goodFrom: nbf - (clockTolerance ?? notBeforeLeeway) })
}

/** The same token with other bounds, or with a JWT of its own. */
export function withBounds (record: TokenRecord, goodFrom: number | null, goodUntil: number | null, jwt: Sealed | null): TokenRecord {
  const { issuer, claims, scopes, audience, fault, requirement } = record
  return Object.freeze({ issuer, claims, scopes, audience, fault, goodUntil, requirement, ...goodFrom !== null && { goodFrom }, ...jwt !== null && { jwt } })
}

/** What the application sees of a token. @param isBound - whether its binding held; false where none was asked for */
export function accessTokenOf ({ issuer, claims, scopes, audience }: TokenRecord, isBound: boolean): AccessToken {
  const { sub, client_id: clientId, exp, cnf } = claims
  return Object.freeze({
    claims,
    scopes: scopes.list,
    issuer: issuer.name,
    subject: sub ?? null,
    clientId: clientId ?? null,
    audience,
    expiresAt: exp ?? null,
    confirmation: cnf ?? null,
    binding: isBound ? 'x5t#S256' as const : null
  })
}

function isNumericDate (value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= maxNumericDate
}

/** Claims are shared by all requests that carry the token. Their depth was bounded when they were parsed. */
function deepFreeze<Value> (value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(deepFreeze)
  }
  return value
}
