// CPU time a request, taken from each server's own process, in interleaved rounds, driven by one more process over keep-alive
// connections. The ratios to the same requests without the guard count; absolute figures are the machine's.
//
//   npm run bench                          everything: about a quarter of an hour where nothing else runs
//   npm run bench -- known jwt             what has one of these words in its name or that of its group, and what that is compared with
//   npm run bench -- --list                names of all
//   npm run bench -- --json FILE           also writes the result, with every round
//   npm run bench -- --chart               draws test/bench/ratios.svg from test/bench/results.json; after a run only with --json of that file
//   npm run bench -- --compare REV words   the plugin of another revision beside that of the working tree
//   ROUNDS=5 REQUESTS=1000 npm run bench   quicker; TOKENS=10000 also makes the large caches smaller
//   PROFILE=/tmp npm run bench             leaves a CPU profile of each server in that directory

import { readFileSync, writeFileSync } from 'node:fs'
import { readArguments } from './arguments.ts'
import { chart } from './chart.ts'
import { measure } from './measure.ts'
import type { Result } from './result.ts'
import { checkOut } from './revision.ts'
import { sections } from './sections.ts'
import { table } from './table.ts'

const results = new URL('results.json', import.meta.url)
const ratios = new URL('ratios.svg', import.meta.url)

// Whoever ends the run ends what it has started as well: what is to be done then hangs on `exit`. Not once: a second signal, which
// npm passes on where the first one was for both, would end it before that is done.
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const) process.on(signal, () => process.exit(code))

try {
  const asked = readArguments(process.argv.slice(2), process.env)
  if (asked.isList) list()
  else if (!asked.isChart || asked.json !== null) await run(asked)
  if (asked.isChart) writeFileSync(ratios, chart(JSON.parse(readFileSync(results, 'utf8')) as Result))
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
// Nothing that was left open holds it.
process.exit()

async function run (asked: ReturnType<typeof readArguments>): Promise<void> {
  const revision = asked.compare === null ? null : await checkOut(asked.compare)
  try {
    for (const remark of revision?.remarks ?? []) console.log(`${revision?.name}: ${remark}`)
    const result = await measure(asked, revision, (progress) => process.stderr.write(`${progress}\n`))
    console.log(`\n${table(result, sections)}\n`)
    if (asked.json !== null) writeFileSync(asked.json, `${JSON.stringify(result, null, 1)}\n`)
  } finally {
    revision?.remove()
  }
}

function list (): void {
  for (const { name, about, contenders } of sections) {
    console.log(`${name}: ${about}`)
    for (const contender of contenders) console.log(`  ${contender.name}`)
  }
}
