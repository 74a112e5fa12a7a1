// npm run example <name>: everything on one machine, then the story. With `-- --stay` it keeps running, to be tried.

import { fileURLToPath } from 'node:url'
import { examples } from './shared/examples.ts'
import { playExample } from './shared/run.ts'
import { table } from './shared/table.ts'

const [name = '', ...flags] = process.argv.slice(2)
const example = examples[name]
if (example === undefined || flags.some((flag) => flag !== '--stay')) {
  console.error(`npm run example <name>, or npm run example <name> -- --stay, with one of ${Object.keys(examples).join(', ')}`)
  process.exit(2)
}

// Before everything is up, an end in the middle: what was started goes with this process.
let end = async (): Promise<void> => { throw new Error('ended in the middle') }
let ended: Promise<void> | null = null
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // npm passes on what the terminal has sent as well: the second one is still the first.
  process.on(signal, () => { ended ??= end().then(() => process.exit(0), () => process.exit(1)) })
}

const folder = fileURLToPath(new URL(name, import.meta.url))
const played = await playExample(example, { folder, ports: example.ports }).catch((error: Error) => {
  console.error(error.message)
  process.exit(1)
})
end = played.close
console.log(table(name, played))

if (flags.includes('--stay')) {
  console.log(`${played.toTry}\nCtrl-C ends it and removes the keys.\n`)
} else {
  await played.close()
  process.exitCode = played.rows.every(({ expected, actual }) => expected === actual) ? 0 : 1
}
