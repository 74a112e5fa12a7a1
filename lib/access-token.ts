import type { AccessToken, Claims, Confirmation } from '../types/access-token.ts'
import { readConfirmation, type Requirement } from './confirmation/confirmation.ts'
import type { Sealed } from './seal.ts'
import { sharedLists, type SharedLists } from './shared-lists.ts'

/** An authorization server, as far as judging its tokens goes. */
export interface Issuer {
  /** The issuer identifier (RFC 8414 section 2). */
  readonly name: string
  /** What its tokens must be for, unless the route says otherwise; null where it states no audience. */
  readonly audience: readonly string[] | null
}

/** A resolved token as the guard keeps it: facts, never a decision. */
export interface TokenRecord {
  /** Who vouches for it. */
  readonly issuer: Issuer
  readonly scopes: ReadonlySet<string>
  readonly audience: readonly string[]
  readonly clientId: string | null
  readonly subject: string | null
  readonly jwtId: string | null
  /** `iss` and `token_type`, where the answer has them. */
  readonly statedIssuer: string | null
  readonly tokenType: string | null
  /** Seconds since the epoch: `exp`. */
  readonly expiresAt: number | null
  /** Seconds since the epoch between which it is good, the difference between clocks allowed for. */
  readonly goodFrom: number
  readonly goodUntil: number
  readonly requirement: Requirement
  /** What the application sees when the binding held on its request, and when none was asked for. */
  readonly bound: AccessToken
  readonly unbound: AccessToken
  /** The JWT that stands for it upstream, where that is another than the token. */
  readonly jwt: Sealed | null
}

// Year 9999. What lies beyond is a number of milliseconds or nonsense, and must not become a token that never ends.
const maxNumericDate = 253_402_300_799

/** Seconds by which `nbf` may lie ahead: clocks differ, and servers set it to the moment of issue. */
const notBeforeLeeway = 5

/**
 * Reads the claims that a decision hangs on (RFC 7662 section 2.2).
 *
 * @param claims - taken over and frozen
 * @param shared - where tokens with equal lists find them
 * @param clockTolerance - seconds by which `exp` may have passed, and `nbf` lie ahead; by default an `exp` ends at once
 * @returns the name of the claim that has the wrong type, else the record
 */
export function readClaims (claims: Record<string, unknown>, issuer: Issuer, shared: SharedLists = sharedLists(), clockTolerance?: number): TokenRecord | string {
  for (const name of ['scope', 'client_id', 'sub', 'iss', 'token_type', 'jti', 'username', 'acr']) {
    if (claims[name] !== undefined && typeof claims[name] !== 'string') return name
  }
  for (const name of ['exp', 'nbf', 'iat', 'auth_time']) {
    if (claims[name] !== undefined && !isNumericDate(claims[name])) return name
  }
  const stated = claims['aud'] === undefined ? [] : [claims['aud']].flat()
  if (!stated.every((member) => typeof member === 'string')) return 'aud'

  const requirement = readConfirmation(claims)
  const { scope, client_id: clientId, sub, iss, token_type: tokenType, jti, exp, nbf, cnf } = deepFreeze(claims) as Claims
  const scopes = shared.scopes(scope ?? '')
  const audience = shared.audience(stated)
  const unbound: AccessToken = Object.freeze({
    claims: claims as Claims,
    scopes: scopes.list,
    issuer: issuer.name,
    subject: sub ?? null,
    clientId: clientId ?? null,
    audience,
    expiresAt: exp ?? null,
    confirmation: requirement.kind === 'none' ? null : cnf as Confirmation,
    binding: null
  })
  return Object.freeze({
    issuer,
    scopes: scopes.set,
    audience,
    clientId: unbound.clientId,
    subject: unbound.subject,
    jwtId: jti ?? null,
    // The same string where it is equal, so that comparing it costs nothing.
    statedIssuer: iss === issuer.name ? issuer.name : iss ?? null,
    tokenType: tokenType ?? null,
    expiresAt: unbound.expiresAt,
    goodFrom: nbf === undefined ? -Infinity : nbf - (clockTolerance ?? notBeforeLeeway),
    goodUntil: exp === undefined ? Infinity : exp + (clockTolerance ?? 0),
    requirement,
    bound: Object.freeze({ ...unbound, binding: 'x5t#S256' as const }),
    unbound,
    jwt: null
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
