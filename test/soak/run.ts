// Long runs, by hand:
//
//   npm run soak -- tokens --minutes 10
//
// Each scenario is a file beside this one that exports `soak`.
import { parseArgs } from 'node:util'

const { values: { minutes }, positionals: [name = ''] } = parseArgs({ allowPositionals: true, options: { minutes: { type: 'string', default: '10' } } })
const { soak } = await import(`./${name}.ts`) as { soak (minutes: number): Promise<boolean> }
process.exitCode = await soak(Number(minutes)) ? 0 : 1
