// What a start costs: each application in fresh processes of its own, in interleaved rounds, medians. What is measured is what
// `npm pack` would publish: dist must have been built.
//
//   npm run build && node --import ts-blank-space/register test/measure/cold.ts [--rounds 15] [--json FILE] [--no-install]
//
// --no-install leaves out the size of an installation, for which npm asks its registry.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { coldStarts, startCold, type Start, type Started } from '../cold-starts.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' }, json: { type: 'string' }, 'no-install': { type: 'boolean', default: false } } })
const names = ['plain', 'opaque', 'jwt', 'proxied', 'everything'] as const
const starts = await coldStarts()
const measured = new Map<string, Started[]>(names.map((name) => [name, []]))

for (let round = 0; round < Number(values.rounds); round++) {
  for (const name of names) measured.get(name)?.push(await startOf(starts[name], false))
}

const figures: Record<string, Record<string, number>> = {}
for (const name of names) {
  const rounds = measured.get(name) as Started[]
  const { loaded } = await startOf(starts[name], true)
  figures[name] = {
    fastify: median(rounds.map(({ times }) => times.fastify)),
    plugin: median(rounds.map(({ times }) => times.plugin)),
    ready: median(rounds.map(({ times }) => times.ready)),
    request: median(rounds.map(({ times }) => times.request)),
    all: median(rounds.map(({ times }) => times.all)),
    cpu: median(rounds.map(({ times }) => times.cpu)),
    rss: median(rounds.map(({ rss }) => rss / 1e6)),
    files: loaded.length
  }
}
starts.close()
const sizes = values['no-install'] ? null : installation()

console.log(`Node ${process.version}, ${values.rounds} processes each; milliseconds, MB`)
console.table(Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, Object.fromEntries(Object.entries(figure).map(([of, value]) => [of, Math.round(value * 10) / 10]))])))
if (sizes !== null) console.table(sizes)
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ node: process.version, rounds: Number(values.rounds), figures, sizes }, null, 2)}\n`)

async function startOf ({ options, headers }: Start, isWatched: boolean): Promise<Started> {
  const started = await startCold({ ...options === undefined ? {} : { plugin: 'dist/lib/index.js', options }, headers, isWatched })
  if (started.status !== 200) throw new Error(`the first request was answered with ${started.status}`)
  return started
}

function median (all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] as number
}

/** Of an application with nothing but Fastify, and of one with the plugin, as it would be published, as well. */
function installation (): Record<string, number> {
  const directory = mkdtempSync(join(tmpdir(), 'bound-token-size-'))
  try {
    const [{ filename, size, unpackedSize, files }] = JSON.parse(npm(process.cwd(), 'pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', directory)) as
      [{ filename: string, size: number, unpackedSize: number, files: unknown[] }]
    writeFileSync(join(directory, 'package.json'), '{ "private": true }')
    const { version } = JSON.parse(npm(process.cwd(), 'ls', '--json', '--depth=0', 'fastify')).dependencies.fastify as { version: string }
    const plain = installed(directory, `fastify@${version}`)
    const whole = installed(directory, join(directory, filename))
    return {
      'tarball, kB': Math.round(size / 1000),
      'unpacked, kB': Math.round(unpackedSize / 1000),
      'files in it': files.length,
      'packages, Fastify alone': plain.packages,
      'packages, with the plugin': whole.packages,
      'installed MB, Fastify alone': plain.megabytes,
      'installed MB, with the plugin': whole.megabytes
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function installed (directory: string, what: string): { packages: number, megabytes: number } {
  npm(directory, 'install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', what)
  // The first line is the application itself.
  const packages = npm(directory, 'ls', '--all', '--omit=dev', '--parseable').trim().split('\n').length - 1
  return { packages, megabytes: Math.round(bytesIn(join(directory, 'node_modules')) / 1e5) / 10 }
}

function npm (cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', timeout: 120_000, stdio: ['ignore', 'pipe', 'ignore'], shell: process.platform === 'win32' })
}

function bytesIn (directory: string): number {
  return readdirSync(directory, { withFileTypes: true }).reduce((total, entry) => {
    const path = join(directory, entry.name)
    return total + (entry.isDirectory() ? bytesIn(path) : statSync(path).size)
  }, 0)
}
