// npm run fuzz [-- count [decoder …]], with SEED to repeat a run.
import { performance } from 'node:perf_hooks'
import { fuzz } from './fuzz.ts'
import { targets } from './targets.ts'

const [count = '200000', ...wanted] = process.argv.slice(2)
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

console.log(`seed ${seed}, ${count} inputs each`)
for (const name of wanted.length > 0 ? wanted : Object.keys(targets)) {
  const start = performance.now()
  const { taken, refused, slowest } = fuzz(name, Number(count), seed)
  const seconds = (performance.now() - start) / 1000
  console.log(`${name}: ${taken} taken and exact, ${refused} refused, slowest ${slowest.toFixed(1)} ms, ${Math.round(seconds)} s`)
}
