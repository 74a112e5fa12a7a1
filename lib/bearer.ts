import { refuse } from './errors.ts'

// RFC 6750 section 2.1:  credentials = "Bearer" 1*SP b64token
//                        b64token    = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
// The scheme is case-insensitive (RFC 9110 section 11.1).
const credentials = /^bearer +([a-z0-9\-._~+/]+=*)$/i

const b64token = /^[a-z0-9\-._~+/]+=*$/i

/** Whether text can stand behind `Bearer `. */
export function isBearerToken (text: string): boolean {
  return b64token.test(text)
}

// Another scheme is "no authentication information" (RFC 6750 section 3.1): a token of RFC 9110 section 5.6.2 that is not
// `Bearer`, alone or before a space.
const otherScheme = /^(?!bearer(?: |$))[!#$%&'*+\-.^_`|~0-9a-z]+(?: |$)/i

// RFC 6750 section 2.3; ours never reads it, but a request with two tokens is malformed (section 3.1).
function hasQueryToken (url: string): boolean {
  const start = url.indexOf('?')
  if (start === -1) return false
  const query = url.slice(start + 1)
  return /(?:^|&)access_token(?:\[\])?(?:=|&|$)/.test(query) || (query.includes('%') && new URLSearchParams(query).has('access_token'))
}

/** Longer ones are refused unread; Node's own limit for all headers is 16 KiB unless raised. */
const maxTokenLength = 16_384

/**
 * What follows `Bearer `, unchecked: good for finding a token that is known already, which was checked when it was not. Spares the
 * grammar, which costs as much as all the rest for a long token.
 */
export function uncheckedToken (authorization: string | undefined): string | undefined {
  return authorization?.startsWith('Bearer ') === true ? authorization.slice(7) : undefined
}

/** RFC 6750 section 3.1: a request with two tokens is malformed. */
export function refuseQueryToken (url: string | undefined): void {
  if (url !== undefined && hasQueryToken(url)) throw refuse('token_malformed', 'a second token in the query')
}

/** The one bearer token of a request, from its one `Authorization` field (see request-fields) and its target. */
export function bearerToken (authorization: string | undefined, url: string | undefined): string {
  if (authorization === undefined) throw refuse('token_missing')
  if (authorization.length > maxTokenLength) throw refuse('token_malformed', 'longer than 16384 characters')
  const token = credentials.exec(authorization)?.[1]
  if (token === undefined) throw refuse(otherScheme.test(authorization) ? 'token_missing' : 'token_malformed')
  refuseQueryToken(url)
  return token
}
