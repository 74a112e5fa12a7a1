import type { LaneReport, Report } from './probe.ts'

/** What to do about what was forged: a line or two each. */
export function advice ({ header, verifyHeader, lanes }: Report): string[] {
  const forging = lanes.filter((lane) => namesOf(lane, 'certificate').length > 0)
  const names = new Set(forging.flatMap((lane) => namesOf(lane, 'certificate')))
  const isPlain = names.has('same name') || names.has('same names, with the verdict')
  const tried = lanes.some(({ hasCertificate, state }) => hasCertificate && state === 'probed')
  return [
    ...forging.length === 0
      ? []
      : !isPlain
          ? [`The proxy overwrites ${header}, but not in these shapes: delete every spelling of it that clients send, and bring the proxy up to date.`]
          : forging.some(({ hasCertificate }) => hasCertificate)
            ? [`The proxy lets the client's ${header} stand on this path, even beside a certificate: no line for this location, route or frontend, ` +
              'one that is not inherited (nginx), or `setifempty`. Set it there, unconditionally.']
            : [`The proxy sets ${header} only on some connections${tried ? ', those with a certificate' : ''}, or not at all on this path: overwrite it unconditionally, or delete the client's own before the condition.`],
    ...lanes.some((lane) => namesOf(lane, 'verdict').length > 0)
      ? [`The proxy lets the client's ${verifyHeader} stand: whoever has a certificate that is not verified can call it verified. Overwrite it or delete it, like ${header}.`]
      : [],
    ...forging.length === 0 && lanes.some(({ findings, hasCertificate }) => hasCertificate && findings.some(({ shape, verdict }) => shape === 'same name' && verdict === 'refused'))
      ? [`The proxy puts its own ${header} beside the client's (\`add\`, \`append\`, \`+\`), or none: set it in place of what clients send.`]
      : [],
    ...lanes.some(({ findings }) => findings.some(({ shape, verdict }) => shape.startsWith('Connection') && verdict === 'lost'))
      ? ['A client can have the proxy remove what it has set, by naming it in `Connection`, and is then refused: set it later (Caddy: `header_up`), or take ' +
          'these names out of `Connection` (Apache: `RequestHeader edit*`).']
      : []
  ]
}

function namesOf ({ findings }: LaneReport, forged: 'certificate' | 'verdict'): string[] {
  return findings.flatMap((finding) => finding.forged === forged ? [finding.shape] : [])
}
