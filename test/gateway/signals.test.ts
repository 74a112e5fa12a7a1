import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { signals } from '../../lib/gateway/signals.ts'

const all = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const
const before = all.map((name) => process.listeners(name))
afterEach(() => {
  all.forEach((name, index) => {
    for (const listener of process.listeners(name)) if (!before[index]?.includes(listener)) process.removeListener(name, listener)
  })
})

/** A task that ends when it is told to. */
function reloads (): { begun: number, task: () => Promise<void>, finish: () => Promise<void> } {
  let finish = (): void => {}
  const told = {
    begun: 0,
    async task () {
      told.begun++
      await new Promise<void>((resolve) => { finish = resolve })
    },
    async finish () {
      finish()
      await turn()
    }
  }
  return told
}

test('signals that come during a reload are one more, after it', async () => {
  const { onReload } = signals()
  const told = reloads()
  onReload(told.task)
  assert.equal(told.begun, 0)
  process.emit('SIGHUP')
  assert.equal(told.begun, 1)
  process.emit('SIGHUP')
  process.emit('SIGHUP')
  assert.equal(told.begun, 1)
  await told.finish()
  assert.equal(told.begun, 2)
  await told.finish()
  assert.equal(told.begun, 2)
  process.emit('SIGHUP')
  assert.equal(told.begun, 3)
  await told.finish()
})

test('a signal that came before anybody could reload is not lost', () => {
  const { onReload } = signals()
  process.emit('SIGHUP')
  const told = reloads()
  onReload(told.task)
  assert.equal(told.begun, 1)
})

test('nothing is reloaded at the end', async () => {
  const { onReload, end, isToldToEnd } = signals()
  const told = reloads()
  onReload(told.task)
  assert.equal(isToldToEnd(), false)
  process.emit('SIGINT')
  await end
  assert.equal(isToldToEnd(), true)
  process.emit('SIGHUP')
  assert.equal(told.begun, 0)
})
