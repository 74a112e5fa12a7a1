import { readClaims, type Issuer, type TokenRecord } from '../access-token.ts'
import { refuse } from '../errors.ts'
import type { SharedLists } from '../shared-lists.ts'
import { parseStrictJsonObject } from '../strict-json.ts'
import type { Answered } from './call.ts'
import { isPacked } from './packed.ts'
import { askedPause } from './retry-after.ts'

// 500 may be about this one token; these are about the server, or come from what stands before it.
const outages = new Set([429, 502, 503, 504])
// What stands before it had nobody to ask, or not in time.
const passing = new Set([502, 503, 504])

// Parameters: none, or the one encoding that JSON has.
const json = /^application\/json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?[ \t]*$/i

export function isJson ({ contentType }: Answered): boolean {
  return json.test(contentType)
}

/** What an answer means; apart from the asking, so that it can be tested by itself. @throws Refusal */
export function judge (answered: Answered, issuer: Issuer, shared: SharedLists): TokenRecord | null {
  refuseStatus(answered)
  if (!isJson(answered)) throw refuse('issuer_bad_response', 'the content type is not application/json')
  const claims = parseStrictJsonObject(readBody(answered))
  if (claims === null) throw refuse('issuer_bad_response', 'not one JSON object with each member once')
  return judgeClaims(claims, issuer, shared)
}

/** RFC 7662 section 2.2. */
export function judgeClaims (claims: Record<string, unknown>, issuer: Issuer, shared: SharedLists): TokenRecord | null {
  // A boolean. The string "false" is not false.
  if (!Object.hasOwn(claims, 'active') || typeof claims['active'] !== 'boolean') throw refuse('issuer_bad_response', '`active` is not a boolean')
  if (!claims['active']) return null
  const record = readClaims(claims, issuer, shared)
  if (typeof record === 'string') throw refuse('issuer_bad_response', `\`${record}\` is not what its specification says`)
  return record
}

/** Refuses every status but 200, by whose trouble it is. */
export function refuseStatus (answered: Answered): void {
  const { status } = answered
  if (status === 401 || status === 403) throw refuse('issuer_refused_us', `status ${status}`)
  refuseUnavailable(answered)
  if (status === 400 && isClientRefused(answered)) throw refuse('issuer_refused_us', 'status 400, our client is refused')
  if (status !== 200) throw refuse('issuer_bad_response', `status ${status}`)
}

/** Refuses what says that nobody could answer. A server that says when to come back is not asked before (RFC 9110 section 10.2.3, RFC 6585 section 4). */
export function refuseUnavailable ({ status, retryAfter }: Answered): void {
  if (status !== 429 && status < 500) return
  const refusal = refuse('issuer_unavailable', `status ${status}`)
  const pause = askedPause(retryAfter, Date.now())
  refusal.retryAfter = pause ?? 1
  refusal.isOutage = outages.has(status)
  if (pause === null) refusal.isPassing = passing.has(status)
  else refusal.askedPause = pause * 1000
  throw refusal
}

export function readBody (answered: Answered): Buffer {
  const { body } = answered
  if (isPacked(answered)) throw refuse('issuer_bad_response', 'a content encoding that was not asked for')
  if (body === null) throw refuse('issuer_bad_response', 'longer than 131072 bytes')
  return body
}

/** RFC 6749 section 5.2: client errors that some servers answer with 400. */
function isClientRefused (answered: Answered): boolean {
  const error = answered.body !== null && isJson(answered) ? parseStrictJsonObject(answered.body)?.['error'] : undefined
  return error === 'invalid_client' || error === 'unauthorized_client'
}
