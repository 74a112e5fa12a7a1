import { parseStrictJsonObject } from '../strict-json.ts'
import { revokingEvents } from './event-types.ts'
import { setFault } from './set-fault.ts'
import { selectorsOf, type SubjectRules } from './subject.ts'
import type { EvictionSelector } from '../../types/bound-token.ts'

export interface SetRules extends SubjectRules {
  readonly issuer: string
  readonly audience: readonly string[]
  /** Milliseconds. */
  readonly maxAge: number
}

/** What a security event token says. */
export interface SecurityEvents {
  /** `jti` */
  readonly id: string
  readonly revocations: readonly Revocation[]
  /** How many of its events mean nothing here, by their type or their subject. */
  readonly ignored: number
}

export interface Revocation {
  readonly selector: EvictionSelector
  /** Milliseconds since the epoch. */
  readonly revokedAt: number
}

/** Milliseconds by which the clock of the sender may be ahead. */
const clockTolerance = 60_000
const mostEvents = 16
const mostCharacters = 1024

type Claims = Readonly<Record<string, unknown>>

/**
 * The claims of a security event token whose signature holds (RFC 8417 section 2.2; SSF 1.0 section 4.1). All of it is read before
 * anything of it counts.
 *
 * @throws SetFault
 */
export function readSet (payload: Uint8Array, rules: SetRules): SecurityEvents {
  const claims = parseStrictJsonObject(payload)
  if (claims === null) throw invalid('the payload is not one JSON object with each member once')
  if (claims['iss'] !== rules.issuer) throw setFault('invalid_issuer', '`iss` is none that is known here')
  if (!namesUs(claims['aud'], rules.audience)) throw setFault('invalid_audience', '`aud` does not name this receiver')
  const id = claims['jti']
  if (typeof id !== 'string' || id === '' || id.length > mostCharacters) throw invalid('`jti` is missing, or no short string')
  const issuedAt = readIssuedAt(claims, rules)
  // SSF 1.0 section 4.1.3: what other kinds of JWT have. An ID token and an access token have both.
  for (const name of ['sub', 'exp']) if (Object.hasOwn(claims, name)) throw invalid(`\`${name}\` must not be there`)
  const events = readEvents(claims['events'])
  const toe = readTime(claims, 'toe')
  const found = events.map(([type, event]) => revocationsOf(type, event, claims, rules, Math.min(readTime(event, 'event_timestamp') ?? toe ?? issuedAt, issuedAt)))
  return { id, revocations: found.flat(), ignored: found.filter((each) => each.length === 0).length }
}

function revocationsOf (type: string, event: Claims, claims: Claims, rules: SetRules, revokedAt: number): readonly Revocation[] {
  const known = revokingEvents.get(type)
  if (known === undefined) return []
  // SSF 1.0 section 3.1; events of older transmitters have it inside.
  const subject = claims['sub_id'] ?? event['subject']
  if (subject === undefined) throw invalid('an event has no subject')
  return selectorsOf(subject, rules, known.isOfSession).map((selector) => ({ selector, revokedAt }))
}

/** RFC 8417 section 2.2: names of events are URIs, and their payloads are JSON objects. */
function readEvents (events: unknown): ReadonlyArray<readonly [string, Claims]> {
  if (!isObject(events)) throw invalid('`events` is no JSON object')
  const all = Object.entries(events)
  if (all.length === 0 || all.length > mostEvents) throw invalid('`events` has no member, or too many')
  for (const [type, event] of all) if (!URL.canParse(type) || !isObject(event)) throw invalid('a member of `events` is no URI with a JSON object')
  return all as ReadonlyArray<readonly [string, Claims]>
}

function readIssuedAt (claims: Claims, { maxAge }: SetRules): number {
  const issuedAt = readTime(claims, 'iat')
  const now = Date.now()
  if (issuedAt === null) throw invalid('`iat` is missing')
  if (issuedAt > now + clockTolerance) throw invalid('`iat` lies in the future')
  if (issuedAt < now - maxAge) throw invalid('`iat` is too long ago')
  return issuedAt
}

/** @returns milliseconds since the epoch; null where there is none */
function readTime (claims: Claims, name: string): number | null {
  if (!Object.hasOwn(claims, name)) return null
  const seconds = claims[name]
  if (typeof seconds !== 'number' || seconds < 0) throw invalid(`\`${name}\` is no time`)
  return seconds * 1000
}

function namesUs (audience: unknown, ours: readonly string[]): boolean {
  const named: readonly unknown[] = [audience].flat()
  return named.every((name) => typeof name === 'string') && named.some((name) => ours.includes(name as string))
}

function isObject (value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid (description: string): Error {
  return setFault('invalid_request', description)
}
