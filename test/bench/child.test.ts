import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { startChild, type Child } from './child.ts'

/** A process that does with each question what the code says; `answer` is there. */
async function childThat (t: TestContext, code: string): Promise<Child> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-child-'))
  const file = join(folder, 'child.mjs')
  await writeFile(file, `const answer = (it) => process.send(it)\nprocess.on('message', (question) => { ${code} })\nprocess.on('disconnect', () => process.exit())\n`)
  const child = startChild({ name: 'it', file: pathToFileURL(file) })
  t.after(async () => {
    await child.end()
    await rm(folder, { recursive: true })
  })
  return child
}

const limit = 60_000

test('an answer to each question', async (t) => {
  const child = await childThat(t, 'answer({ twice: 2 * question.n })')
  assert.deepEqual(await child.ask({ n: 2 }, limit), { twice: 4 })
  assert.deepEqual(await child.ask({ n: 3 }, limit), { twice: 6 })
})

test('what went wrong there', async (t) => {
  const child = await childThat(t, "answer({ error: 'out of tokens' })")
  await assert.rejects(child.ask({}, limit), { message: '"it": out of tokens' })
})

test('a process that dies ends the wait, and every later one', async (t) => {
  const child = await childThat(t, 'process.exit(3)')
  await assert.rejects(child.ask({}, limit), { message: 'the process of "it" has ended with exit code 3' })
  await assert.rejects(child.ask({}, limit), { message: 'the process of "it" has ended with exit code 3' })
})

test('a process that is killed is said to be', async (t) => {
  const child = await childThat(t, "process.kill(process.pid, 'SIGKILL')")
  await assert.rejects(child.ask({}, limit), { message: 'the process of "it" has ended with SIGKILL' })
})

test('one that does not answer is waited for no longer than the limit', async (t) => {
  const child = await childThat(t, '')
  await assert.rejects(child.ask({}, 50), { message: 'the process of "it" has not answered within 0.05 s' })
})
