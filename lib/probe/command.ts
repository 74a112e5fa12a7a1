import { readArguments } from './arguments.ts'
import { closeRun, probe, type Report } from './probe.ts'
import { exitCodeOf, jsonOf, overviewOf, textOf } from './report.ts'

/**
 * `fastify-bound-token probe …`
 *
 * @returns the exit code
 * @throws OptionsError for wrong arguments
 */
export async function probeCommand (args: readonly string[], env: NodeJS.ProcessEnv, print: (text: string) => void): Promise<0 | 1 | 2> {
  const { probes, isJson } = readArguments(args, env)
  const reports: Report[] = []
  for (const options of probes) {
    const report = await probe(options)
    reports.push(report)
    if (!isJson) print(`${textOf(report)}\n`)
  }
  if (!isJson && reports.length > 1) print(`${overviewOf(reports)}\n`)
  const answering = probes.filter((_options, index) => reports[index]?.lanes.length !== 0)
  const isClosed = answering.length === 0 || await closeRun(answering[0] as typeof probes[0])
  const notes = isClosed ? [] : ['the echo did not say that it is closed: it closes by itself five minutes after it was opened']
  if (isJson) print(jsonOf(reports, notes))
  else for (const note of notes) print(note)
  return exitCodeOf(reports)
}
