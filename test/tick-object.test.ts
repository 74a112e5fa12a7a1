import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { keepTickObject, keptTickObject } from '../lib/tick-object.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const nextTick = async (): Promise<void> => { await new Promise<void>((resolve) => process.nextTick(resolve)) }

test('it is one of those that process.nextTick makes', async () => {
  keepTickObject()
  await nextTick()
  const kept = keptTickObject() as Record<string, unknown>
  // Whoever has no object of this kind must be told by a new version of Node.
  assert.equal(typeof kept['callback'], 'function')
  assert.ok('args' in kept)
  assert.ok(Object.getOwnPropertySymbols(kept).length >= 2)
})

test('what AsyncLocalStorage held where it was made does not stay in memory', async () => {
  const storage = new AsyncLocalStorage<object>()
  const held = storage.run({}, () => {
    keepTickObject()
    return new WeakRef(storage.getStore() as object)
  })
  // What a WeakRef was made of stays until the end of the turn.
  await setTimeout(1)
  collectGarbage()
  assert.equal(held.deref(), undefined)
  assert.equal(storage.getStore(), undefined, 'the storage itself is still there')
  assert.notEqual(keptTickObject(), null)
})

test('it is none that belongs to somebody else', async (t) => {
  keepTickObject()
  await nextTick()
  const before = keptTickObject()
  // As fake timers do.
  let delayed = (): void => assert.fail('nothing was asked for')
  const { mock } = t.mock.method(process, 'nextTick', (callback: () => void) => { delayed = callback })
  keepTickObject()
  mock.restore()
  const storage = new AsyncLocalStorage<string>()
  const found = await storage.run('mine', async () => {
    await setTimeout(1)
    delayed()
    return storage.getStore()
  })
  assert.equal(found, 'mine')
  assert.equal(keptTickObject(), before)
})

const script = `
  import { executionAsyncResource } from 'node:async_hooks'
  import { setTimeout } from 'node:timers/promises'
  const { keepTickObject, keptTickObject } = await import(${JSON.stringify(new URL('../lib/tick-object.ts', import.meta.url).href)})
  keepTickObject()
  await setTimeout(5)
  for (let i = 0; i < 4; i++) { gc(); await setTimeout(1) }
  const later = await new Promise((resolve) => process.nextTick(() => { resolve({ object: executionAsyncResource() }) }))
  console.log(later.object !== keptTickObject() && %HaveSameMap(later.object, keptTickObject()))
`

test('those that are made after garbage was collected look the same to V8', async () => {
  const flags = ['--allow-natives-syntax', '--expose-gc', ...process.execArgv, '--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, flags)
  assert.equal(stdout.trim(), 'true')
})
