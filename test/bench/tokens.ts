// Tokens by number, so that a million of them need not be held, nor sent from one process to another.

import { createHmac, hash } from 'node:crypto'

/** What tokens of one run have in common. */
export interface TokenMaterial {
  readonly issuer: string
  readonly audience: string
  readonly thumbprint: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  readonly expiresAt: number
  /** Makes opaque tokens others in each run. */
  readonly seed: string
  /** Of JWTs by HS256, in base64url. */
  readonly secret: string
  /** JWTs by RS256, made before since that takes a millisecond each. */
  readonly signed: readonly string[]
}

export type TokenKind = 'opaque' | 'late' | 'signed' | 'hs256'

export const tokenKinds: Readonly<Record<TokenKind, (n: number, material: TokenMaterial) => string>> = {
  opaque: (n, { seed }) => hash('sha256', `${seed} ${n}`, 'base64url'),
  // The introspection endpoint takes its time to answer: all requests with such a token wait together.
  late: (n, { seed }) => `late-${hash('sha256', `${seed} ${n}`, 'base64url')}`,
  signed: (n, { signed }) => signed[n % signed.length] as string,
  hs256
}

/** The usual claims of the token with this `jti`: as large as what authorization servers send. */
export function claimsOf (id: string, { issuer, audience, thumbprint, issuedAt, expiresAt }: TokenMaterial): Record<string, unknown> {
  return {
    iss: issuer,
    aud: audience,
    sub: `user-${id.slice(0, 12)}`,
    client_id: 'bench',
    scope: 'accounts payments openid profile',
    jti: id,
    iat: issuedAt,
    exp: expiresAt,
    auth_time: issuedAt,
    acr: 'urn:mace:incommon:iap:silver',
    cnf: { 'x5t#S256': thumbprint }
  }
}

const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'at+jwt', kid: 'shared' })).toString('base64url')

/** A shared secret, since nothing else is signed fast enough for as many as the caches hold. */
function hs256 (n: number, material: TokenMaterial): string {
  const payload = Buffer.from(JSON.stringify(claimsOf(hash('sha256', `${material.seed} ${n}`, 'base64url'), material))).toString('base64url')
  const signature = createHmac('sha256', Buffer.from(material.secret, 'base64url')).update(`${header}.${payload}`).digest('base64url')
  return `${header}.${payload}.${signature}`
}

export interface Spread {
  /** Tokens that are known before it is measured. */
  readonly known: number
  /** Of these, as many as requests carry; all where absent. */
  readonly inUse?: number
  /** Of a hundred requests, those with a known token; the others have one that nobody has seen. */
  readonly hitPercent: number
}

/** Which token the request with this number carries: over all that are in use alike, in no order that a cache could like. */
export function tokenNumber (request: number, { known, inUse = known, hitPercent }: Spread): number {
  // Both factors are primes that divide neither 100 nor any number of known tokens.
  if (request * 37 % 100 < hitPercent) return (request * 7_368_787 % inUse) * Math.floor(known / inUse)
  return known + request
}
