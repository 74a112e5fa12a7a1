import type { Target } from './lane.ts'
import type { LaneReport, ProbeOptions } from './probe.ts'

export interface Circumstances {
  readonly options: ProbeOptions
  readonly target: Target
  readonly lanes: readonly LaneReport[]
  /** Of what the application reads headers. */
  readonly roles: readonly string[]
  readonly isPeerTrusted: boolean
  /** No certificate of a client has arrived. */
  readonly isAlone: boolean
}

/** What must be known beside the verdicts to judge them. */
export function notesOf ({ options: { identity, verifyHeader, front, isDirect }, target, lanes, roles, isPeerTrusted }: Circumstances): string[] {
  const findings = lanes.flatMap((lane) => lane.findings)
  const isOpen = (what: 'certificate' | 'verdict'): boolean => findings.some((finding) => finding.isOpen === what) && !findings.some(({ forged }) => forged === what)
  const notes: Array<readonly [applies: boolean, note: string]> = [
    [front.url.protocol === 'http:', 'http: sent without TLS and by HTTP/1.1 only'],
    [identity === null, 'no --cert and --key: only connections without a client certificate were tried'],
    [verifyHeader === null && target.verifyHeader !== null, `the application reads the verify header ${target.verifyHeader}; it was tried with the value ${target.verifyValue}`],
    [verifyHeader !== null && target.verifyHeader === null, `the application reads no verify header at this path: ${verifyHeader} was not tried`],
    [roles.includes('chain'), 'the chain header was not tried: nothing in it is believed, but overwrite or delete it as well'],
    [!isPeerTrusted && isDirect === true, 'the plugin does not trust the peer from which it gets these requests (`trustedProxies`), as --direct says it should'],
    [isOpen('certificate'), `the client's ${target.header} arrived, and only the proxy's verdict kept it from being believed: overwrite or delete it on every connection`],
    [isOpen('verdict'), `the client's ${target.verifyHeader} arrived where there is no certificate: overwrite or delete it on every connection. To see whether ` +
      'it is believed beside a certificate that is not verified, probe again with a certificate that your authority did not issue as --cert']
  ]
  return notes.flatMap(([applies, note]) => applies ? [note] : [])
}

/** Why "nothing forged" would say little. */
export function doubtsOf ({ options: { identity, isDirect }, target, isPeerTrusted, isAlone }: Circumstances): string[] {
  return [
    ...!isPeerTrusted && isDirect !== true
      ? ['the plugin does not trust the peer from which it gets these requests (`trustedProxies`) and refuses every certificate header, whoever wrote it. If that peer is your ' +
        'proxy, mend the option and probe again; if you mean to reach the application past the proxy, say --direct']
      : [],
    ...identity !== null && isAlone
      ? [`the certificate of --cert did not arrive as ${target.header}, so that nothing was tried beside one: the front does not ask for it, does not take it, or does not pass it on at this path`]
      : []
  ]
}
