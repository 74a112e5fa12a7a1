import { refuse, type Refusal } from '../errors.ts'
import { parseStrictJsonObject } from '../strict-json.ts'
import type { Answered } from './call.ts'
import type { Exchange } from './exchange.ts'
import { isPacked } from './packed.ts'
import { askedPause } from './retry-after.ts'

// Also `application/jwk-set+json` (RFC 7517 section 8.5). Parameters: none, or the one encoding that JSON has.
const json = /^application\/(?:[a-z0-9!#$&^_.-]+\+)?json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?[ \t]*$/i

/** Milliseconds for a metadata document or a JWK set. */
export const documentTimeout = 5000
export const maxDocumentBytes = 524_288

/**
 * A public document of the authorization server's: its metadata or its keys.
 *
 * @param what - what to call it in a refusal
 * @throws Refusal
 */
export async function readDocument (exchange: Exchange, url: URL, what: string): Promise<Record<string, unknown>> {
  const answered = await exchange.send(url, { method: 'GET', headers: { accept: 'application/json' } })
  const { status, contentType, body } = answered
  if (status !== 200) throw refuseStatus(answered, what)
  if (!json.test(contentType)) throw refuse('issuer_bad_response', `${what}: the content type is not JSON`)
  if (isPacked(answered)) throw refuse('issuer_bad_response', `${what}: a content encoding that was not asked for`)
  if (body === null) throw refuse('issuer_bad_response', `${what}: longer than we read`)
  const document = parseStrictJsonObject(body)
  if (document === null) throw refuse('issuer_bad_response', `${what}: not one JSON object with each member once`)
  return document
}

function refuseStatus ({ status, retryAfter }: Answered, what: string): Refusal {
  if (status !== 429 && status < 500) return refuse('issuer_bad_response', `${what}: status ${status}`)
  const refusal = refuse('issuer_unavailable', `${what}: status ${status}`)
  const pause = askedPause(retryAfter, Date.now())
  refusal.retryAfter = pause ?? 1
  if (pause !== null) refusal.askedPause = pause * 1000
  return refusal
}
