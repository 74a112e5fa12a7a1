import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { Result } from './result.ts'
import { bench } from './short-run.ts'

test('a run measures what was asked for, and writes every round', async (t) => {
  const { code, stdout, stderr, json } = await bench(t, 'report mode')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /\nguarded, token known, report mode +\d/)
  const { machine, rounds, requests, rows, figures, left } = JSON.parse(await readFile(json, 'utf8')) as Result
  assert.deepEqual([rounds, requests, figures, left], [1, 64, [], []])
  assert.deepEqual(rows.map(({ name, against, revision }) => [name, against, revision]), [['plain Fastify', null, null], ['guarded, token known, report mode', 'plain Fastify', null]])
  for (const { times } of rows) assert.ok(times.length === 1 && times.every((time) => time > 0))
  assert.equal(machine.node, process.version)
})

test('a run of what has no rounds', async (t) => {
  const { code, stderr, json } = await bench(t, 'pauses')
  assert.equal(code, 0, stderr)
  const { rows, figures } = JSON.parse(await readFile(json, 'utf8')) as Result
  assert.deepEqual(rows, [])
  assert.deepEqual(figures.map(({ group, name }) => `${group}: ${name}`), ['pauses: 2,000 tokens', 'pauses: 2,000 tokens'])
})

test('words that nothing has end the run with a message', async (t) => {
  const { code, stderr } = await bench(t, 'nobody has such a name')
  assert.equal(code, 1)
  assert.match(stderr, /bench: nothing has one of these words: nobody has such a name; --list tells the names/)
})
