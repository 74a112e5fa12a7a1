// npm run soak -- streams [--megabytes 2048]
// npm run soak -- faults [--minutes 10]

import { parseArgs } from 'node:util'
import { streams } from './streams.ts'

const { positionals: [what], values } = parseArgs({
  allowPositionals: true,
  options: { megabytes: { type: 'string', default: '2048' }, minutes: { type: 'string', default: '10' } }
})
const inMegabytes = (octets: number): string => `${(octets / 1_048_576).toFixed(1)} MB`

if (what === 'streams') {
  const { idle, mostDownload, mostUpload, seconds } = await streams(Number(values.megabytes), 500)
  console.log(`${values.megabytes} MB each way in ${seconds.toFixed(0)} s; resident at idle ${inMegabytes(idle)}, ` +
    `most over that: download ${inMegabytes(mostDownload - idle)}, upload ${inMegabytes(mostUpload - idle)}`)
}
