// Builds another revision, which takes a while: a file of its own has a time limit of its own.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { Result } from './result.ts'
import { bench } from './short-run.ts'

// A package that was unpacked has no revisions, also where CI is set.
const hasRevisions = spawnSync('git', ['rev-parse', '--verify', 'HEAD']).status === 0
const without = 'this is no clone with revisions: comparing them is NOT TESTED here'
if (!hasRevisions) console.error(`\n!!! ${without}\n`)

test('another revision is measured beside the working tree, and nothing is left of it', { skip: !hasRevisions && without }, async (t) => {
  const worktrees = (): string => spawnSync('git', ['worktree', 'list'], { encoding: 'utf8' }).stdout
  const before = worktrees()
  const { code, stdout, stderr, json } = await bench(t, 'report mode', '--compare', 'HEAD')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /to revision\n/)
  const { rows } = JSON.parse(await readFile(json, 'utf8')) as Result
  assert.deepEqual(rows.map(({ name, revision }) => [name, revision?.slice(0, 5) ?? null]), [
    ['plain Fastify', null], ['guarded, token known, report mode', null], ['guarded, token known, report mode', 'HEAD ']
  ])
  assert.equal(worktrees(), before)
})
