import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readArguments } from './arguments.ts'
import { figureTable, speedSentence, speedTable } from './readme.ts'
import type { Result } from './result.ts'
import { resultForTests as result } from './result-for-tests.ts'
import { choose, sections } from './sections.ts'

test('the table of times says on what machine, and what each is compared with', () => {
  const text = speedTable(result)
  assert.match(text, /^Node v20\.0\.0, A <CPU> & more, 2 cores, 3 interleaved rounds of 4,000 requests, commit abc1234, 2026-01-02; a short run, so that single figures mean little:\n\n/)
  assert.ok(text.includes('\n\n| CPU time a request | µs | ratio | least to most |\n'))
  assert.match(speedTable({ ...result, rounds: 15 }), /, 2026-01-02:\n/)
  assert.ok(text.includes('\n| **A known opaque token** |  |  |  |\n| plain Fastify | 10.0 | 1 |  |\n| guarded, token known | 12.0 | 1.10 | 1.05 to 1.20 |\n'))
  assert.ok(text.includes('| guarded, asked: 21 µs beyond by hand | 51.0 | 1 |  |'))
})

test('the table of figures', () => {
  const text = figureTable(result)
  assert.ok(text.includes('| guarded | timers | 3, most of 3 |'))
  assert.ok(text.includes('| opaque tokens | asked for once | 1,234 bytes |'))
})

test('the sentence for a reader in a hurry says what is beyond plain Fastify in the same group', () => {
  const row = (group: string, name: string, time: number) => ({ group, name, revision: null, against: null, beyond: null, times: [time] })
  const rows = [
    row('opaque', 'plain Fastify', 11.2), row('opaque', 'guarded, token known', 13.1),
    row('jwt', 'plain Fastify', 12), row('jwt', 'guarded, JWT verified each time', 70),
    row('misses', 'plain Fastify', 10), row('misses', 'introspection by hand, by undici', 30), row('misses', 'guarded, a new token each time', 55)
  ]
  const text = speedSentence({ ...result, rows })
  assert.match(text, /the 11 µs .* a known token costs 1\.9 µs, .* asked for 45 µs, of which 20 µs are the HTTP request, .* verified 58 µs\.$/)
  assert.throws(() => speedSentence({ ...result, rows: rows.slice(1) }), /opaque: "plain Fastify" was not measured/)
})

test('the commands of the README can be given, and measure something', () => {
  const block = /^```sh\n(npm run bench [^]*?)^```$/m.exec(readFileSync('README.md', 'utf8'))?.[1] as string
  const lines = block.trimEnd().split('\n')
  assert.equal(lines.length, 4)
  for (const line of lines) {
    const [, variables, args] = /^((?:[A-Z]+=\d+ )*)npm run bench(?: -- (.*?))? +#/.exec(line) as unknown as [string, string, string | undefined]
    const given = [...(args ?? '').matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare as string)
    const { words, compare, isList, rounds } = readArguments(given, Object.fromEntries(variables.trim().split(' ').filter((each) => each !== '').map((each) => each.split('='))))
    assert.ok(choose(words).length > 0, line)
    assert.deepEqual([isList, compare, rounds], [line.includes('--list'), line.includes('--compare') ? 'HEAD~3' : null, line.startsWith('ROUNDS=3') ? 3 : 15])
  }
})

test('nothing of the stored result is missing in the README', () => {
  const stored = JSON.parse(readFileSync('test/bench/results.json', 'utf8')) as Result
  const readme = readFileSync('README.md', 'utf8')
  for (const { name, times } of stored.rows) assert.ok(readme.includes(`| ${name}`) && times.length > 0, name)
  for (const { name, what } of stored.figures) assert.ok(readme.includes(`| ${name} | ${what} |`), `${name}: ${what}`)
})

test('the stored result has every group, and no contender that is no more', () => {
  const stored = JSON.parse(readFileSync('test/bench/results.json', 'utf8')) as Result
  const measured = new Set([...stored.rows, ...stored.figures, ...stored.left].map(({ group }) => group))
  assert.deepEqual([...measured].sort(), sections.map(({ name }) => name).sort())
  const known = sections.flatMap(({ name, contenders }) => contenders.map((each) => `${name}: ${each.name}`)).sort()
  assert.deepEqual([...stored.rows, ...stored.left].map(({ group, name }) => `${group}: ${name}`).sort(), known.filter((each) => stored.rows.some(({ group }) => each.startsWith(`${group}: `))))
})
