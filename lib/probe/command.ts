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
  // Each URL may lead to another application, with a run of its own.
  const notes: string[] = []
  for (const [index, options] of probes.entries()) {
    const { hasAnswered, failure } = reports[index] as Report
    if (!hasAnswered) continue
    // Who has misspelt a name shall not have to start the application again.
    if (failure !== null) notes.push(`the echo at ${options.front.url.href} is still open, five minutes from its first answer: mend what is said and probe again`)
    else if (!await closeRun(options)) notes.push(`the echo at ${options.front.url.href} did not say that it is closed: it closes by itself five minutes after it was opened`)
  }
  if (isJson) print(jsonOf(reports, notes))
  else for (const note of notes) print(note)
  return exitCodeOf(reports)
}
