import type { Target } from './lane.ts'
import type { LaneReport, ProbeOptions } from './probe.ts'

export interface Circumstances {
  readonly options: ProbeOptions
  readonly target: Target
  readonly lanes: readonly LaneReport[]
  readonly isPeerTrusted: boolean
  /** No certificate of a client has arrived. */
  readonly isAlone: boolean
}

/** What must be known beside the verdicts to judge them. */
export function notesOf ({ options: { identity, verifyHeader, front }, target, lanes, isPeerTrusted, isAlone }: Circumstances): string[] {
  const findings = lanes.flatMap((lane) => lane.findings)
  const isOpen = (what: 'certificate' | 'verdict'): boolean => findings.some((finding) => finding.isOpen === what) && !findings.some(({ forged }) => forged === what)
  const notes: Array<readonly [applies: boolean, note: string]> = [
    [front.url.protocol === 'http:', 'http: sent without TLS and by HTTP/1.1 only'],
    [identity === null, 'no --cert and --key: only connections without a client certificate were tried'],
    [identity !== null && isAlone,
      `the certificate of --cert did not arrive as ${target.header}: the front does not ask for one, does not take this one, or does not pass it on at this path`],
    [verifyHeader === null && target.verifyHeader !== null, `the application reads the verify header ${target.verifyHeader}; it was tried with the value ${target.verifyValue}`],
    [verifyHeader !== null && target.verifyHeader === null, `the application reads no verify header at this path: ${verifyHeader} was not tried`],
    [!isPeerTrusted, 'the plugin does not trust the peer from which it gets these requests (`trustedProxies`) and refuses every certificate header. If that is your proxy, ' +
      'mend it and probe again'],
    [isOpen('certificate'), `the client's ${target.header} arrived, and only the proxy's verdict kept it from being believed: overwrite or delete it on every connection`],
    [isOpen('verdict'), `the client's ${target.verifyHeader} arrived where there is no certificate: overwrite or delete it on every connection. Whether it is believed beside a ` +
      'certificate that is not verified, a probe with such a one as --cert tells']
  ]
  return notes.flatMap(([applies, note]) => applies ? [note] : [])
}
