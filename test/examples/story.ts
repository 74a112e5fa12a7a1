import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Example } from '../../examples/shared/example.ts'
import { checkFile } from '../../examples/shared/gateway.ts'
import { findProgram } from '../../examples/shared/program.ts'
import { playExample } from '../../examples/shared/run.ts'
import { requires } from '../e2e/requires.ts'
import { copyFiles } from './elsewhere.ts'

// A test runner that loses its patience; gateway and proxy end with this process.
process.on('SIGTERM', () => process.exit(143))

/**
 * An example as its readers start it: with its own files, the gateway as a process (`npm run build` makes its command), and the
 * real proxy; then with the stand-in.
 */
export function testStory (name: string, example: Example): void {
  const proxy = example.files.includes('nginx.conf') ? 'nginx' : 'haproxy'
  test(`${name} with ${proxy}`, requires({ [proxy]: findProgram(proxy) }), async (t) => {
    assert.deepEqual(await tell(t, name, example, false), [])
  })
  test(`${name} with a stand-in for ${proxy}`, async (t) => {
    const remarks = await tell(t, name, example, true)
    assert.equal(remarks.length, 1)
    assert.match(remarks[0] as string, new RegExp(`^${proxy} does NOT run`))
  })
}

/** @returns what its reader is told before the table */
async function tell (t: TestContext, name: string, example: Example, withoutPrograms: boolean): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bound-token-example-'))
  const ends: Array<() => Promise<unknown>> = [() => rm(folder, { recursive: true })]
  t.after(async () => { for (const end of ends) await end() })
  const ports = await copyFiles(example, join('examples', name), folder)
  const played = await playExample(example, { folder, ports, withoutPrograms })
  ends.unshift(played.close)

  assert.ok(played.rows.length >= 8)
  for (const { title, expected, actual } of played.rows) await t.test(title, () => assert.equal(actual, expected))
  await t.test('--check', async () => {
    assert.deepEqual(await checkFile(join(folder, 'gateway.json'), played.environment), { code: 0, complaint: '' })
  })
  return played.remarks
}
