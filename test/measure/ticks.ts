// What lib/tick-object.ts is for: the time that process.nextTick takes, where garbage was collected before it was used much.
//
//   node --import ts-blank-space/register test/measure/ticks.ts

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setTimeout } from 'node:timers/promises'
import { keepTickObject } from '../../lib/tick-object.ts'

const ways = ['never', 'early', 'early, one is kept']
const [, , way] = process.argv

if (way === undefined) {
  console.log(`node ${process.version}; garbage collected: nanoseconds for one process.nextTick and its callback`)
  for (const each of ways) {
    const nanoseconds = execFileSync(process.execPath, ['--expose-gc', ...process.execArgv, fileURLToPath(import.meta.url), each], { encoding: 'utf8' })
    console.log(`${each.padEnd(20)} ${nanoseconds.trim()}`)
  }
} else {
  // So few as happen while an application starts.
  await ticks(100)
  if (way === 'early, one is kept') keepTickObject()
  await setTimeout(5)
  if (way !== 'never') globalThis.gc?.()
  await ticks(1_000_000)
  const count = 3_000_000
  const begin = performance.now()
  await ticks(count)
  console.log(Math.round((performance.now() - begin) * 1e6 / count))
}

/** A hundred at a time, as a server has them. */
async function ticks (count: number): Promise<void> {
  for (let left = count; left > 0; left -= 100) {
    await new Promise<void>((resolve) => {
      let open = 100
      const done = (): void => { if (--open === 0) resolve() }
      for (let n = 0; n < 100; n++) process.nextTick(done)
    })
  }
}
