// The same as `npm run bench`, for a few requests; the package must have been built.
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Result } from './result.ts'

async function bench (t: TestContext, ...args: string[]): Promise<{ code: number, stdout: string, stderr: string, json: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-run-'))
  t.after(() => rm(folder, { recursive: true }))
  const json = join(folder, 'result.json')
  const flags = ['--import', 'ts-blank-space/register', 'test/bench/run.ts', '--json', json]
  const env = { ...process.env, ROUNDS: '1', REQUESTS: '64', TOKENS: '2000' }
  return await new Promise((resolve) => {
    execFile(process.execPath, [...flags, ...args], { env, timeout: 110_000 }, (error, stdout, stderr) => resolve({ code: Number(error?.code ?? (error === null ? 0 : 1)), stdout, stderr, json }))
  })
}

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

// A package that was unpacked has no revisions.
const hasRevisions = spawnSync('git', ['rev-parse', '--verify', 'HEAD']).status === 0

test('another revision is measured beside the working tree, and nothing is left of it', { skip: !hasRevisions }, async (t) => {
  const { code, stdout, stderr, json } = await bench(t, 'report mode', '--compare', 'HEAD')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /to revision\n/)
  const { rows } = JSON.parse(await readFile(json, 'utf8')) as Result
  assert.deepEqual(rows.map(({ name, revision }) => [name, revision?.slice(0, 5) ?? null]), [
    ['plain Fastify', null], ['guarded, token known, report mode', null], ['guarded, token known, report mode', 'HEAD ']
  ])
  assert.doesNotMatch(spawnSync('git', ['worktree', 'list'], { encoding: 'utf8' }).stdout, /bound-token-bench-/)
})
