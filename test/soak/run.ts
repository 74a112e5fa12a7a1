// npm run soak -- streams [--megabytes 2048]
// npm run soak -- faults [--minutes 10]
// npm run soak -- tokens [--minutes 10]

import { parseArgs } from 'node:util'
import { runFaults } from './faults.ts'
import { streams } from './streams.ts'
import { soak as runTokens } from './tokens.ts'

const { positionals: [what], values } = parseArgs({
  allowPositionals: true,
  options: { megabytes: { type: 'string', default: '2048' }, minutes: { type: 'string', default: '10' } }
})
const inMegabytes = (octets: number): string => `${(octets / 1_048_576).toFixed(1)} MB`

switch (what) {
  case 'streams': await runStreams(); break
  case 'faults': await runMixedFaults(); break
  case 'tokens': process.exitCode = await runTokens(Number(values.minutes)) ? 0 : 1; break
  default: throw new Error('which: streams, faults or tokens')
}

async function runStreams (): Promise<void> {
  const { idle, mostDownload, mostUpload, seconds } = await streams(Number(values.megabytes), 500)
  console.log(`${values.megabytes} MB each way in ${seconds.toFixed(0)} s; resident at idle ${inMegabytes(idle)}, ` +
    `most over that: download ${inMegabytes(mostDownload - idle)}, upload ${inMegabytes(mostUpload - idle)}`)
}

async function runMixedFaults (): Promise<void> {
  const end = performance.now() + Number(values.minutes) * 60_000
  const { counts, before, after } = await runFaults(() => performance.now() > end, 8)
  for (const [name, count] of counts) console.log(`${String(count).padStart(8)}  ${name}`)
  for (const [when, { clients, upstream, files, rss }] of Object.entries({ before, after })) {
    console.log(`${when.padEnd(6)}: ${clients} connections of clients, ${upstream} to the upstream, ${files} open files, ${inMegabytes(rss)} resident`)
  }
}
