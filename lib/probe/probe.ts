import type { Preset } from '../certificate/presets.ts'
import type { Echo } from './echo-schema.ts'
import { explain } from './explain.ts'
import type { ClientIdentity, Front } from './front.ts'
import type { Outcome } from './judge.ts'
import { attack, baseline, send, speaksNoHttp2, type Finding, type Lane, type Target } from './lane.ts'
import { doubtsOf, notesOf } from './notes.ts'
import { digestOfName, done } from './wire.ts'

export interface ProbeOptions extends Pick<Target, 'header' | 'format'> {
  readonly front: Front
  readonly secret: string
  readonly identity: ClientIdentity | null
  /** Null for what the presets know. */
  readonly verifyHeader: string | null
  readonly verifyValue: string | null
  readonly presets: Readonly<Record<string, Preset>>
  /** Whether the probe goes past the proxy, so that it is right not to be trusted. */
  readonly isDirect?: boolean
}

export interface LaneReport {
  readonly protocol: Lane['protocol']
  readonly hasCertificate: boolean
  /** `stopped`: the proxy lets nobody in without a certificate. `absent`: there are no such connections. */
  readonly state: 'probed' | 'stopped' | 'absent' | 'unclear'
  readonly note: string | null
  readonly findings: readonly Finding[]
}

export interface Report {
  readonly url: string
  readonly header: string
  readonly verifyHeader: string | null
  readonly lanes: readonly LaneReport[]
  readonly notes: readonly string[]
  /** Why a report without anything forged says little. */
  readonly doubts: readonly string[]
  /** Whether there was an echo at all. */
  readonly hasAnswered: boolean
  /** Why nothing could be found out; null where something was. */
  readonly failure: string | null
}

/** Sends all shapes to one URL, on every kind of connection. */
export async function probe (options: ProbeOptions): Promise<Report> {
  const { front, identity, secret, header } = options
  const url = front.url.href
  const known = lanesOf(front, identity)
  const befores: Array<Echo | Outcome> = []
  for (const lane of known) befores.push(await baseline(front, lane, secret))
  const first = befores.find((before) => isEcho(before)) as Echo | undefined
  if (first === undefined) return failed(explain(befores[0] as Outcome, front, identity !== null))
  const mismatch = mismatchOf(header, first)
  if (mismatch !== null) return failed(mismatch)
  const verify = verifyOf(options, first)
  if (typeof verify === 'string') return failed(verify)

  const shown = known.flatMap((lane, index) => lane.identity === null ? [] : [befores[index] as Echo | Outcome]).filter(isEcho)
  const isAlone = !shown.some(({ fields }) => fields['certificate']?.lines.some(({ holds }) => holds === 'other'))
  const target: Target = { header, format: options.format, ...verify }
  const found: LaneReport[] = []
  for (const [index, lane] of known.entries()) found.push(await report(lane, befores[index] as Echo | Outcome, target))
  const lanes = isAlone ? untried(found) : found
  const circumstances = { options, roles: Object.keys(first.fields), target, lanes, isPeerTrusted: first.isPeerTrusted, isAlone }
  return { url, header, verifyHeader: target.verifyHeader, lanes, notes: notesOf(circumstances), doubts: doubtsOf(circumstances), hasAnswered: true, failure: null }

  async function report (lane: Lane, before: Echo | Outcome, target: Target): Promise<LaneReport> {
    const about = { protocol: lane.protocol, hasCertificate: lane.identity !== null, findings: [] }
    if (!isEcho(before)) return { ...about, ...stateOf(lane, before) }
    const findings = await attack(front, lane, secret, target, before)
    const after = await baseline(front, lane, secret)
    if (isEcho(after)) return { ...about, state: 'probed', note: null, findings }
    return { ...about, state: 'unclear', note: `the echo no longer answered at the end: ${explain(after, front, identity !== null)}`, findings }
  }

  function stateOf (lane: Lane, outcome: Outcome): Pick<LaneReport, 'state' | 'note'> {
    if (speaksNoHttp2(outcome)) return { state: 'absent', note: 'the front speaks no HTTP/2' }
    // That the same works with a certificate says why it does not work without.
    if (lane.identity === null && known.some(({ protocol, identity }, index) => protocol === lane.protocol && identity !== null && isEcho(befores[index] as Echo | Outcome)) && isRefusal(outcome)) {
      return { state: 'stopped', note: `stopped by the proxy: certificate required (${'answer' in outcome ? `answered ${outcome.answer.status}` : 'no connection without one'})` }
    }
    return { state: 'unclear', note: explain(outcome, front, identity !== null) }
  }

  function failed (failure: string): Report {
    return { url, header, verifyHeader: options.verifyHeader, lanes: [], notes: [], doubts: [], hasAnswered: befores.some(isEcho), failure }
  }
}

/** Where no certificate of a client arrives, nobody knows what would be believed beside one; unless it is plain that the front is open. */
function untried (lanes: readonly LaneReport[]): readonly LaneReport[] {
  if (lanes.some(({ findings }) => findings.some(({ verdict }) => verdict === 'FORGED'))) return lanes
  const why = 'it arrived; whether it is believed beside a client certificate is not known: probe again with --cert and --key of one that the front takes'
  return lanes.map((lane) => ({ ...lane, findings: lane.findings.map((finding) => finding.isOpen === undefined ? finding : { ...finding, verdict: 'unclear' as const, why }) }))
}

/** Tells the echo that no more will come. @returns whether there was an answer */
export async function closeRun ({ front, identity, secret }: ProbeOptions): Promise<boolean> {
  for (const lane of lanesOf(front, identity)) {
    const outcome = await send(front, lane, secret, {}, done)
    // Whoever answers otherwise has no open run: one that is open always understands.
    if ('answer' in outcome) return true
  }
  return false
}

function lanesOf (front: Front, identity: ClientIdentity | null): Lane[] {
  const protocols = front.url.protocol === 'https:' ? ['HTTP/1.1', 'HTTP/2'] as const : ['HTTP/1.1'] as const
  return protocols.flatMap((protocol) => [...identity === null ? [] : [{ protocol, identity }], { protocol, identity: null }])
}

function isEcho (before: Echo | Outcome): before is Echo {
  return 'probe' in before
}

function isRefusal (outcome: Outcome): boolean {
  return 'error' in outcome ? outcome.error.code !== 'ETIMEDOUT' : [400, 403, 495, 496].includes(outcome.answer.status)
}

function mismatchOf (header: string, { fields }: Echo): string | null {
  const { certificate } = fields
  if (certificate === undefined) return 'the application reads no certificate header at this path (its `certificate.source` is `tls`): there is nothing to forge'
  return certificate.nameDigest === digestOfName(header) ? null : `the application reads another header than ${header} at this path: say with --header which one, as its option \`certificate.header\` does`
}

/** Which verify header the application reads, and what a good verdict is; or what is wrong. */
function verifyOf ({ verifyHeader, verifyValue, presets }: ProbeOptions, { fields }: Echo): Pick<Target, 'verifyHeader' | 'verifyValue'> | string {
  const { verdict } = fields
  if (verdict === undefined) return { verifyHeader: null, verifyValue: '' }
  const read = Object.values(presets).flatMap(({ verified }) => verified === false ? [] : [verified])
  const guess = verifyHeader === null ? read.find(({ header }) => digestOfName(header) === verdict.nameDigest) : undefined
  const header = verifyHeader ?? guess?.header
  if (header === undefined) return 'the application also reads a verify header at this path, and no preset has its name: say with --verify-header which one, as its option `certificate.verified` does'
  if (digestOfName(header) !== verdict.nameDigest) return `the application reads another verify header than ${header} at this path: say with --verify-header which one, as its option \`certificate.verified\` does`
  return { verifyHeader: header, verifyValue: verifyValue ?? read.find((each) => each.header.toLowerCase() === header.toLowerCase())?.value ?? 'SUCCESS' }
}
