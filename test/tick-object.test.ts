import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { keepTickObject, keptTickObject } from '../lib/tick-object.ts'

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
