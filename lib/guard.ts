import type { AccessToken } from '../types/access-token.ts'
import type { TokenRecord } from './access-token.ts'
import { bearerToken, refuseQueryToken, uncheckedToken } from './bearer.ts'
import { accessTokenFor, type CachedToken } from './cache/cached-token.ts'
import type { Absence, RememberedCertificate } from './certificate/source.ts'
import { refuse } from './errors.ts'
import type { InboundMessage } from './inbound-message.ts'
import type { Policy } from './policy.ts'
import type { RequestFields } from './request-fields.ts'

/** A certificate, or why there is none; null where the route asks for none. */
type Presented = RememberedCertificate | Absence | null

/** What the guard learned on the way, for the decision; filled also when it refuses. */
export interface Trail {
  key: string | null
  record: TokenRecord | null
  presented: Presented
  /** Whether somebody had to be asked about the token: then the guard's verdict is a promise. */
  isAsked: boolean
  /** Whether the token counted beyond its time, since nobody could be asked. */
  isStale: boolean
}

/**
 * Lets a request through only if its token is good for this route and bound to its certificate; throws, or rejects with, the
 * refusal otherwise. The free checks come first, the network last. Nothing here remembers a decision: with a known token and
 * certificate all of it runs again, synchronously.
 *
 * What a request with a known token and certificate costs, as instructions of the processor on Node 20, of which Fastify and Node
 * need 88,000 for a plain answer (`npm run bench` has the time):
 * - 5,000 for the time of day and the keyed SHA-256 of the token, 8,000 for a JWT: the token itself must not be kept, so that it
 *   can't be compared
 * - 3,000 for going through the raw header lines once
 * - 1,500 for the look-up: most of it V8's hash of the key
 * - 1,500 for comparing the certificate's header value with the remembered one, and for judging; scopes and audience hardly count
 * - 2,500 for Fastify's hook, the two properties of the request, and finding the policy
 * - 1,500 to 3,000 that Node's own code takes longer where the process has also asked somebody: it has seen more kinds of streams
 * There is no parsing, no promise and no copy; what is made for a request are the fields and the trail.
 */
export function guard (policy: Policy, message: InboundMessage, trail: Trail): AccessToken | Promise<AccessToken> {
  const fields = policy.readFields(message.rawHeaders)
  const now = Date.now()
  // What is known was well-formed when it was not: only then is its grammar checked, which takes as long as all the rest.
  const shown = uncheckedToken(fields.authorization)
  const shownKey = shown === undefined ? '' : policy.tokens.keyOf(shown)
  const known = shown === undefined ? undefined : policy.tokens.recall(shownKey, shown, now, policy.maxAge)
  if (known === undefined) return guardUnknown(policy, message, fields, shown, shownKey, now, trail)
  refuseQueryToken(message.url)
  trail.key = shownKey
  const presented = present(policy, fields, message, known, trail)
  if (isTrusted(policy, presented, now)) return judge(policy, known, presented, now, trail)
  return judgeBoth(policy, shownKey, shown as string, presented, trail)
}

/** A token that is not known, or stands there as it is not usually written. */
function guardUnknown (policy: Policy, message: InboundMessage, fields: RequestFields, shown: string | undefined, shownKey: string, now: number, trail: Trail): AccessToken | Promise<AccessToken> {
  const token = bearerToken(fields.authorization, message.url)
  const key = trail.key = token === shown ? shownKey : policy.tokens.keyOf(token)
  const known = token === shown ? undefined : policy.tokens.recall(key, token, now, policy.maxAge)
  const presented = present(policy, fields, message, known, trail)
  if (!isTrusted(policy, presented, now)) return judgeBoth(policy, key, token, presented, trail)
  if (known !== undefined) return judge(policy, known, presented, now, trail)
  return askAndJudge(policy, key, token, presented, trail)
}

async function askAndJudge (policy: Policy, key: string, token: string, presented: Presented, trail: Trail): Promise<AccessToken> {
  trail.isAsked = true
  return judge(policy, await policy.tokens.ask(key, token, policy.maxAge), presented, Date.now(), trail)
}

/** Whether nothing is left to find out about a certificate. */
function isTrusted (policy: Policy, presented: Presented, now: number): boolean {
  return presented === null || typeof presented === 'string' || policy.certificate.isTrusted(presented, now)
}

/** Finds out first who issued a certificate that is new here: nobody is asked about the token for one that is not trusted. */
async function judgeBoth (policy: Policy, key: string, token: string, presented: Presented, trail: Trail): Promise<AccessToken> {
  trail.isAsked = true
  await policy.certificate.judge(presented as RememberedCertificate)
  // The token may have been evicted in the meantime.
  const known = policy.tokens.recall(key, token, Date.now(), policy.maxAge) ?? await policy.tokens.ask(key, token, policy.maxAge)
  return judge(policy, known, presented, Date.now(), trail)
}

/** The certificate, read before anybody is asked about the token; without one, a route that requires it ends here. */
function present (policy: Policy, fields: RequestFields, { socket }: InboundMessage, known: CachedToken | undefined, trail: Trail): Presented {
  const presented = trail.presented = policy.binding === 'off' ? null : policy.certificate.read(fields, socket, known?.certificate)
  if (policy.binding === 'required' && typeof presented === 'string') throw refuse(presented)
  return presented
}

/** Whether this token, shown with this certificate, is good for this route at this time. */
function judge (policy: Policy, cached: CachedToken, presented: Presented, now: number, trail: Trail): AccessToken {
  const record = trail.record = cached.record
  if (cached.isStale === true) trail.isStale = true
  if (record === null) throw refuse('token_inactive')
  refuseUnusable(policy, record, now / 1000)
  const isBound = policy.binding !== 'off' && isBoundTo(policy.binding, record, presented, cached.certificate)
  // Only the owner learns what the token may do.
  refuseUnauthorized(policy, record)
  if (isBound && cached.certificate !== presented) cached.certificate = policy.certificate.share(presented as RememberedCertificate)
  return accessTokenFor(cached, record, isBound)
}

/** RFC 7662 section 4 and RFC 7519 section 4.1: time, type, issuer and audience. */
function refuseUnusable (policy: Policy, record: TokenRecord, now: number): void {
  if (record.goodUntil !== null && record.goodUntil <= now) throw refuse('token_expired')
  if (record.goodFrom !== undefined && record.goodFrom > now) throw refuse('token_not_yet_valid')
  if (record.fault !== null) throw refuse(record.fault)
  const audience = policy.audience ?? record.issuer.audience
  if (audience !== null && !includesAny(record.audience, audience)) throw refuse('token_audience_mismatch')
}

function includesAny (list: readonly string[], wanted: readonly string[]): boolean {
  for (let i = 0; i < list.length; i++) {
    if (wanted.includes(list[i] as string)) return true
  }
  return false
}

/**
 * RFC 8705 section 3: whether the binding was asked for and holds.
 *
 * @param proven - the certificate that was last found to carry this token's thumbprint: the same value of the same source is
 *   the same certificate
 * @returns false only for a token without binding on a route that does not require one
 */
function isBoundTo (binding: 'required' | 'optional', record: TokenRecord, presented: Presented, proven: RememberedCertificate | undefined): boolean {
  if (presented !== null && presented === proven) return true
  const { requirement } = record
  switch (requirement.kind) {
    case 'none':
      if (binding === 'required') throw refuse('binding_missing')
      return false
    case 'unfulfillable':
      throw refuse('binding_unsupported')
    case 'proof':
      if (presented === null) throw refuse('certificate_missing')
      if (typeof presented === 'string') throw refuse(presented)
      if (!requirement.holds(presented.presented)) throw refuse('binding_mismatch')
      return true
  }
}

function refuseUnauthorized (policy: Policy, record: TokenRecord): void {
  for (let i = 0; i < policy.scopes.length; i++) {
    if (!record.scopes.set.has(policy.scopes[i] as string)) throw refuse('scope_insufficient')
  }
  if (policy.anyScope !== null && !policy.anyScope.some((scope) => record.scopes.set.has(scope))) throw refuse('scope_insufficient')
  if (policy.claims !== null && !policy.claims(record.claims)) throw refuse('claims_insufficient')
  if (policy.clients !== null && !isOneOf(policy.clients, record.claims.client_id)) throw refuse('client_not_allowed')
}

function isOneOf (clients: ReadonlySet<string>, clientId: string | undefined): boolean {
  return clientId !== undefined && clients.has(clientId)
}
