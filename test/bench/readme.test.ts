import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { figureTable, speedTable } from './readme.ts'
import type { Result } from './result.ts'
import { resultForTests as result } from './result-for-tests.ts'
import { sections } from './sections.ts'

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
