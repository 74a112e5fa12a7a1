#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { usage } from './gateway/usage.ts'

/** @returns the exit code */
async function run ([command, ...rest]: readonly string[]): Promise<number> {
  if (command === '--version') return print(version())
  if (command === '--help') return print(usage)
  if (command === '--print-schema') return await printSchema()
  if (command === 'probe') return await runProbe(rest)
  const { gatewayCommand } = await import('./gateway/command.ts')
  return await gatewayCommand(command === undefined ? [] : [command, ...rest], print, complain)
}

async function printSchema (): Promise<number> {
  const { gatewayJsonSchema } = await import('./gateway/json-schema.ts')
  return print(JSON.stringify(gatewayJsonSchema(), null, 2))
}

/** Whoever probes another machine's gateway needs no gateway here. */
async function runProbe (args: readonly string[]): Promise<number> {
  const { usage } = await import('./probe/arguments.ts')
  if (args.includes('--help')) return print(usage)
  const { probeCommand } = await import('./probe/command.ts')
  return await probeCommand(args, process.env, print)
}

function print (text: string): 0 {
  process.stdout.write(`${text}\n`)
  return 0
}

/** A mistake is nothing that was found out. */
function complain (message: string): 2 {
  process.stderr.write(`fastify-bound-token: ${message}\n`)
  return 2
}

/** Of the package.json above: beside `lib/` in the sources, one higher in the package. */
function version (): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version
    } catch {}
  }
  return 'unknown'
}

run(process.argv.slice(2)).catch((error: Error) => complain(error.message)).then((code) => {
  process.exitCode = code
  // Whatever may still be open then.
  setTimeout(() => process.exit(), 1000).unref()
})
