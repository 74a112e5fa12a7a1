import { advice } from './advice.ts'
import type { Verdict } from './judge.ts'
import type { LaneReport, Report } from './probe.ts'

/** 0: nothing was forged; 1: something was; 2: that could not be found out. */
export function exitCodeOf (reports: readonly Report[]): 0 | 1 | 2 {
  const lanes = reports.flatMap((report) => report.lanes)
  if (count(lanes, 'FORGED') > 0) return 1
  return reports.some(({ failure, doubts }) => failure !== null || doubts.length > 0) || lanes.some(({ state }) => state === 'unclear') || count(lanes, 'unclear') > 0 ? 2 : 0
}

/** For programs. */
export function jsonOf (reports: readonly Report[], notes: readonly string[]): string {
  return JSON.stringify({ exitCode: exitCodeOf(reports), notes, reports: reports.map((report) => ({ ...report, advice: advice(report) })) }, null, 2)
}

/** For people. */
export function textOf (report: Report): string {
  const { url, header, verifyHeader, lanes, notes, doubts, failure } = report
  const head = [`probe of ${url}`, `headers: ${[header, verifyHeader].filter((name) => name !== null).join(', ')}`, '']
  if (failure !== null) return [...head, `nothing could be found out: ${failure}`].join('\n')
  const toDo = advice(report).map((text) => `what to do: ${text}`)
  return [
    ...head,
    ...count(lanes, 'FORGED') > 0 ? [...toDo, ''] : [],
    ...table(lanes),
    '',
    ...lanes.flatMap((lane) => lane.note === null ? [] : [`${nameOf(lane)}: ${lane.note}`]),
    ...notes.map((note) => `note: ${note}`),
    ...explained.flatMap(([verdict, meaning]) => details(lanes, verdict, meaning)),
    ...doubts.map((doubt) => `doubt: ${doubt}`),
    ...count(lanes, 'FORGED') > 0 || doubts.length > 0 ? [] : toDo,
    `\n${summaryOf(report)}`
  ].join('\n')
}

const explained: ReadonlyArray<readonly [Verdict, string]> = [
  ['refused', 'arrived, and the plugin sees it and refuses; the front is open for it all the same'],
  ['lost', 'the client removes what the proxy writes, and is refused: harmless to others'],
  ['unclear', 'this could not be found out: mend what is said about it, and probe again'],
  ['FORGED', 'the plugin takes what the client wrote for what the proxy writes']
]

function table (lanes: readonly LaneReport[]): string[] {
  const shown = lanes.filter(({ state }) => state !== 'absent')
  const shapes = [...new Set(shown.flatMap(({ findings }) => findings.map(({ shape }) => shape)))]
  const rows = [
    ['', ...shown.map(({ protocol }) => protocol)],
    ['shape', ...shown.map(({ hasCertificate }) => hasCertificate ? 'certificate' : 'none')],
    ...shapes.map((shape) => [shape, ...shown.map((lane) => lane.findings.find((finding) => finding.shape === shape)?.verdict ?? (lane.state === 'stopped' ? 'stopped' : '-'))])
  ]
  const widths = rows[0]?.map((_cell, column) => Math.max(...rows.map((row) => (row[column] ?? '').length))) ?? []
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd())
}

/** Shapes with one cause in one line. */
function details (lanes: readonly LaneReport[], verdict: Verdict, meaning: string): string[] {
  const byCause = new Map<string, Set<string>>()
  for (const { findings } of lanes) {
    for (const { shape, verdict: of, why } of findings) {
      if (of === verdict) byCause.set(why, (byCause.get(why) ?? new Set()).add(shape))
    }
  }
  if (byCause.size === 0) return []
  return [`${verdict}: ${meaning}`, ...[...byCause].map(([why, shapes]) => `  ${[...shapes].join('; ')}\n    ${why}`)]
}

/** One line for each URL, where there are several. */
export function overviewOf (reports: readonly Report[]): string {
  return reports.map((report) => `${report.url}: ${summaryOf(report)}`).join('\n')
}

function summaryOf ({ lanes, doubts, failure }: Report): string {
  if (failure !== null) return 'nothing could be found out'
  const all = lanes.reduce((sum, { findings }) => sum + findings.length, 0)
  const counts = (['stopped', 'refused', 'lost', 'unclear'] as const).flatMap((verdict) => count(lanes, verdict) === 0 ? [] : [`${count(lanes, verdict)} ${verdict}`])
  const forged = count(lanes, 'FORGED')
  const isUnclear = doubts.length > 0 || count(lanes, 'unclear') > 0 || lanes.some(({ state }) => state === 'unclear')
  const verdict = forged > 0 ? `FORGED: ${forged} of ${all} requests; the front is open` : isUnclear ? `not everything could be found out: ${all} requests` : `nothing forged: ${all} requests`
  return `${verdict} (${counts.join(', ')})`
}

function count (lanes: readonly LaneReport[], verdict: Verdict): number {
  return lanes.reduce((sum, { findings }) => sum + findings.filter((finding) => finding.verdict === verdict).length, 0)
}

function nameOf ({ protocol, hasCertificate }: LaneReport): string {
  return `${protocol} ${hasCertificate ? 'with' : 'without'} certificate`
}
