// A copy whose source is down, whose clock jumps, whose owner is gone.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { refuse, type Refusal } from '../../lib/errors.ts'
import { coolDown, staleFor } from '../../lib/token/kept-copy.ts'
import { copyOf, gate, settled } from './counted-copy.ts'
import { refused } from './refused.ts'

const noon = 1_800_000_000_000
const refreshEvery = 300_000
const hour = 3_600_000
beforeEach(() => mock.timers.enable({ apis: ['Date', 'setInterval'], now: noon }))
afterEach(() => mock.timers.reset())

const down = (): Refusal => refuse('issuer_unavailable', 'down')

test('J7: a copy that can not be renewed is used for a day, then refused, then healed', async () => {
  const { copy, source, troubles } = copyOf()
  await copy.get()
  source.fault = down()
  for (let passed = 0; passed < staleFor - hour; passed += hour) {
    mock.timers.tick(hour)
    await settled()
    assert.equal(await copy.get(), 1)
  }
  mock.timers.tick(hour)
  await settled()
  await refused('issuer_unavailable', copy.get())
  await refused('issuer_unavailable', copy.renew())
  assert.equal(troubles.length, 1)
  source.fault = null
  mock.timers.tick(60_000)
  assert.equal(await copy.get(), source.calls)
})

test('a copy is not believed longer because the clock was set back within its day', async () => {
  const { copy, source } = copyOf()
  await copy.get()
  source.fault = down()
  mock.timers.setTime(noon + staleFor - 1000)
  mock.timers.setTime(noon + staleFor / 2)
  assert.equal(await copy.get(), 1)
  mock.timers.setTime(noon + staleFor)
  await refused('issuer_unavailable', copy.get())
})

test('the operator is told once when fetching begins to fail, and again when it begins again', async () => {
  const { copy, source, troubles } = copyOf()
  source.fault = down()
  for (let i = 0; i < 10; i++) {
    await copy.get().catch(() => {})
    mock.timers.tick(60_000)
    await settled()
  }
  assert.deepEqual(troubles.map(({ reason, detail }) => [reason, detail]), [['issuer_unavailable', 'down']])
  source.fault = null
  mock.timers.tick(60_000)
  await copy.get()
  source.fault = refuse('issuer_bad_response', 'another')
  for (let i = 0; i < 10; i++) {
    mock.timers.tick(refreshEvery)
    await settled()
  }
  assert.deepEqual(troubles.map(({ detail }) => detail), ['down', 'another'])
})

test('after close nothing is renewed in the background, and the operator is told nothing, also by a call that was under way', async () => {
  const { copy, source, troubles } = copyOf()
  await copy.get()
  const { held, open } = gate()
  source.held = held
  source.fault = down()
  mock.timers.tick(refreshEvery)
  await settled()
  assert.equal(source.calls, 2)
  copy.close()
  copy.close()
  open()
  await settled()
  mock.timers.tick(hour)
  await settled()
  assert.equal(source.calls, 2)
  assert.equal(troubles.length, 0)
})

test('a clock that is set back neither stops renewing nor opens the gate for more than one call', async () => {
  const { copy, source } = copyOf()
  await copy.get()
  mock.timers.setTime(noon + 10)
  mock.timers.setTime(noon - hour)
  assert.equal(await copy.renew(), true)
  for (let i = 0; i < 100; i++) assert.equal(await copy.renew(), false)
  assert.equal(source.calls, 2)
  mock.timers.tick(coolDown)
  assert.equal(await copy.renew(), true)
})

test('with a source that is down, a clock that is set back lets one call through, not a crowd', async () => {
  const { copy, source } = copyOf()
  source.fault = down()
  await copy.get().catch(() => {})
  mock.timers.setTime(noon - hour)
  await Promise.all(Array.from({ length: 100 }, async () => { await copy.get().catch(() => {}) }))
  assert.equal(source.calls, 2)
})

test('a clock that jumps far ahead refuses or asks; it never hangs', async () => {
  const { copy, source } = copyOf()
  await copy.get()
  mock.timers.setTime(noon + 1000 * staleFor)
  assert.equal(await copy.get(), 2)
  assert.equal(source.calls, 2)
})

test('a clock that is set back by a month does not lengthen the day for which a copy is believed', async () => {
  const { copy, source } = copyOf()
  await copy.get()
  source.fault = down()
  mock.timers.setTime(noon - 30 * staleFor)
  assert.equal(await copy.get(), 1)
  for (let passed = 0; passed < staleFor + hour; passed += hour) {
    mock.timers.tick(hour)
    await settled()
  }
  await refused('issuer_unavailable', copy.get())
})

test('I8: a source that says when to come back is not asked before, where that is later than the cool-down; and nobody is told to ask once more', async () => {
  const { copy, source } = copyOf()
  source.fault = Object.assign(down(), { askedPause: 45_000, isPassing: true })
  assert.equal((await refused('issuer_unavailable', copy.get())).isPassing, false)
  mock.timers.tick(44_999)
  assert.equal((await refused('issuer_unavailable', copy.get())).retryAfter, 1)
  assert.equal(source.calls, 1)
  source.fault = null
  mock.timers.tick(1)
  assert.equal(await copy.get(), 2)
})
