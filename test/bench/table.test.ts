import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Row } from './result.ts'
import { resultForTests as result } from './result-for-tests.ts'
import { table } from './table.ts'

const sections = ['opaque', 'jwt', 'misses', 'stampede', 'memory', 'redis'].map((name) => ({ name, about: `about ${name}` }))
const lineWith = (text: string, part: string): string => text.split('\n').find((line) => line.includes(part)) ?? ''

test('times, ratios and what is beyond another', () => {
  const text = table(result, sections)
  assert.match(text, /^node v20\.0\.0, A <CPU> & more, 2 cores, abc1234, 2026-01-02; 3 interleaved rounds of 4000 requests/)
  assert.match(lineWith(text, 'guarded, token known  '), /^guarded, token known +12\.0 +11\.0 +21\.0 +1\.10 {2}1\.05 to 1\.20$/)
  assert.match(lineWith(text, 'guarded, asked'), /51\.0 +50\.0 +52\.0 +own: +21\.0 {2}20\.0 to 22\.0 µs beyond "by hand"$/)
})

test('figures with their units', () => {
  const text = table(result, sections)
  assert.match(lineWith(text, 'timers'), /^guarded +3 {2}timers \(most of 3: 1 to 3\)$/)
  assert.match(lineWith(text, 'asked for once'), /^opaque tokens +1,234 {2}asked for once$/)
})

test('sections without anything are left out, and what was not measured is said', () => {
  const text = table(result, sections)
  assert.doesNotMatch(text, /about redis/)
  assert.match(text, /\nNOT MEASURED: redis: guarded, token known to Redis: there is no Redis$/)
})

test('a revision stands beside the working tree', () => {
  const [plain, guarded] = result.rows as [Row, Row]
  const text = table({ ...result, rows: [plain, guarded, { ...guarded, revision: 'HEAD abc', times: [22, 42, 24] }] }, sections)
  assert.match(text, /to revision\n/)
  assert.match(text, /\nguarded, token known +12\.0 +11\.0 +21\.0 +1\.10 {2}1\.05 to 1\.20 +0\.500 {2}0\.500 to 0\.500\n/)
  assert.match(text, /\nguarded, token known \(HEAD abc\) +24\.0/)
})
