import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** The same as `npm run bench`, for a few requests; the package must have been built. */
export async function bench (t: TestContext, ...args: string[]): Promise<{ code: number, stdout: string, stderr: string, json: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-run-'))
  t.after(() => rm(folder, { recursive: true }))
  const json = join(folder, 'result.json')
  const flags = ['--import', 'ts-blank-space/register', 'test/bench/run.ts', '--json', json]
  const env = { ...process.env, ROUNDS: '1', REQUESTS: '64', TOKENS: '2000' }
  return await new Promise((resolve) => {
    execFile(process.execPath, [...flags, ...args], { env, timeout: 110_000 }, (error, stdout, stderr) => resolve({ code: Number(error?.code ?? (error === null ? 0 : 1)), stdout, stderr, json }))
  })
}
