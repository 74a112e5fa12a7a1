import { unanswered, type Answer } from './answer.ts'
import { readEcho, type Echo, type Line } from './echo-schema.ts'
import { digestOf, sentField } from './wire.ts'

/**
 * What became of a shape.
 *
 * - `stopped`: it did not arrive, or the proxy answered by itself
 * - `refused`: it arrived, and the plugin sees and refuses it
 * - `FORGED`: the plugin would take what the client wrote for what the proxy writes
 * - `lost`: the client has removed what the proxy writes, and is refused
 * - `unclear`: nobody knows
 */
export type Verdict = 'stopped' | 'refused' | 'FORGED' | 'lost' | 'unclear'

export interface Judgement {
  readonly verdict: Verdict
  readonly why: string
  /** What was forged. */
  readonly forged?: 'certificate' | 'verdict'
  /** What of the client's would be believed on another connection, if it arrives there too. */
  readonly isOpen?: 'certificate' | 'verdict'
}

/** What came of a request: an answer, or why there is none. */
export type Outcome = { readonly answer: Answer } | { readonly error: NodeJS.ErrnoException }

/** Answers that a proxy gives to what it does not understand. Others may come from an application that does not know of the probe. */
const refusals = new Set([400, 403, 405, 406, 411, 413, 414, 415, 417, 421, 426, 431, 494, 495, 496, 497, 500, 501, 502, 505])

/**
 * @param before - what arrived on the same kind of connection without an attack
 * @param sent - what the request said that it sends
 */
export function judge (before: Echo, outcome: Outcome, sent: string): Judgement {
  if ('error' in outcome) return judgeError(outcome.error)
  const echo = readEcho(outcome.answer.body)
  if (echo !== null) return judgeEcho(before, echo, sent)
  const { status } = outcome.answer
  if (refusals.has(status)) return { verdict: 'stopped', why: `answered ${status}` }
  return { verdict: 'unclear', why: `answered ${status}, but not by the echo` }
}

/** Also HTTP/2, of a stream and of the whole connection. */
const closings = new Set(['ECONNRESET', 'EPIPE', 'ERR_HTTP2_STREAM_ERROR', 'ERR_HTTP2_SESSION_ERROR'])

function judgeError (error: NodeJS.ErrnoException): Judgement {
  const isClosed = error.message === unanswered || closings.has(error.code ?? '')
  return isClosed ? { verdict: 'stopped', why: 'the connection was closed' } : { verdict: 'unclear', why: error.code ?? error.message }
}

function judgeEcho (before: Echo, echo: Echo, sent: string): Judgement {
  const { outcome, detail } = echo.plugin
  if (!echo.isToldApart) return { verdict: 'unclear', why: `the header \`${sentField}\` did not arrive: without it the client's own cannot be told from the proxy's` }
  if (echo.answers !== digestOf(sent)) return { verdict: 'unclear', why: 'the answer was that to another request: something on the way keeps answers' }
  if (!isOfSameFields(before, echo)) return { verdict: 'unclear', why: 'the application reads other headers than it did a moment ago: several applications or routes answer at this address' }
  const forged = forgedBy(before, echo)
  if (forged !== null) return { verdict: 'FORGED', forged, why: `the client's own ${nameOf(forged)} is believed` }
  if (echo.plugin.certificate === 'both' && ['certificate_malformed', 'not_judged'].includes(outcome)) {
    return { verdict: 'unclear', why: 'it arrived beside the proxy\'s own, but not in the format that the application reads: say --format' }
  }
  const why = outcome === 'read' ? 'the proxy\'s own was read' : detail === null ? outcome : `${outcome}: ${detail}`
  if (hasArrived(echo)) return { verdict: 'refused', why, ...openOf(echo) }
  const lost = Object.keys(before.fields).filter((role) => isThere(before, role) && !isThere(echo, role))
  if (lost.length > 0) return { verdict: 'lost', why: `no ${lost.map(nameOf).join(', no ')} of the proxy's arrived; ${why}` }
  if (hasMore(before, echo) || (outcome !== before.plugin.outcome && outcome !== 'certificate_missing')) return { verdict: 'refused', why }
  return { verdict: 'stopped', why: echo.trailers.length > 0 ? 'arrived as a trailer only, and trailers are never read' : 'did not arrive' }
}

/** A certificate that lacks a good verdict, or a verdict that lacks a certificate: the proxy may write what is missing to others. */
function openOf ({ isPeerTrusted, plugin: { outcome, certificate, verdict } }: Echo): Pick<Judgement, 'isOpen'> {
  if (!isPeerTrusted) return {}
  if (certificate === 'own' && outcome === 'certificate_unverified') return { isOpen: 'certificate' }
  if (verdict === 'own' && (outcome === 'certificate_missing' || outcome === 'certificate_placeholder')) return { isOpen: 'verdict' }
  return {}
}

/** Refusals that do not depend on what the value of the certificate header is: no other value would get any further. */
const whateverTheValue = new Set(['certificate_missing', 'certificate_placeholder', 'certificate_source_untrusted', 'certificate_unverified', 'token_malformed', 'not_judged'])

function forgedBy (before: Echo, { fields, plugin: { outcome, certificate, verdict, isAboutLines, isForged } }: Echo): 'certificate' | 'verdict' | null {
  if (isForged) return 'certificate'
  const isVerdictOfClient = verdict === 'own' || (verdict === 'same' && !isThere(before, 'verdict'))
  if (certificate === 'own' && ((!isAboutLines && !whateverTheValue.has(outcome)) || (outcome === 'certificate_unverified' && isVerdictOfClient))) return 'certificate'
  if (certificate === 'other' && verdict === 'own' && outcome === 'certificate_unverified') return 'verdict'
  // Something that was refused is now believed.
  if (outcome === 'read' && before.plugin.outcome !== 'read') return fields['verdict'] !== undefined && certificate === 'other' ? 'verdict' : 'certificate'
  return null
}

function isOfSameFields (before: Echo, echo: Echo): boolean {
  const namesOf = ({ fields }: Echo): string => JSON.stringify(Object.entries(fields).map(([role, { nameDigest }]) => [role, nameDigest]).sort())
  return namesOf(before) === namesOf(echo)
}

function hasArrived ({ fields, listedByConnection }: Echo): boolean {
  const lines = Object.values(fields).flatMap(({ lines }) => lines)
  return listedByConnection.length > 0 || lines.some(({ holds, isAlias }) => holds === 'own' || holds === 'both' || isAlias)
}

/** Whether something of the proxy's stands under this name. */
function isThere (echo: Echo, role: string): boolean {
  return linesOf(echo, role).some(({ holds }) => holds === 'other' || holds === 'same' || holds === 'both')
}

/** More lines, or one of another kind: an empty one, or the verdict where there was none. */
function hasMore (before: Echo, echo: Echo): boolean {
  return Object.keys(echo.fields).some((role) => {
    const known = linesOf(before, role).map(({ holds }) => holds)
    const lines = linesOf(echo, role)
    return lines.length > known.length || lines.some(({ holds }) => !known.includes(holds === 'same' ? 'other' : holds))
  })
}

function linesOf ({ fields }: Echo, role: string): readonly Line[] {
  return fields[role]?.lines ?? []
}

function nameOf (role: string): string {
  return role === 'verdict' ? 'verify header' : `${role} header`
}
