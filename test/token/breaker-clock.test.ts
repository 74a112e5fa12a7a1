// The breaker under clocks that jump and calls that cross.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import fc from 'fast-check'
import { breaker } from '../../lib/token/breaker.ts'
import { isRefusal, refuse, type Refusal } from '../../lib/errors.ts'

const noon = 1_800_000_000_000
const hour = 3_600_000
beforeEach(() => mock.timers.enable({ apis: ['Date'], now: noon }))
afterEach(() => mock.timers.reset())

type Settle = (isFine: boolean) => void

/** The breaker over calls that end when told to. */
function heldCalls () {
  const underWay: Settle[] = []
  const { run } = breaker({ failures: 5, pause: 1000, maxPause: 30_000, onState () {} })
  const guarded = {
    resolve: () => run(() => new Promise((resolve, reject) => {
      underWay.push((isFine) => isFine ? resolve({ record: null, maxAge: Infinity, key: null, canBeMultiplied: false, isAsked: true }) : reject(Object.assign(refuse('issuer_unavailable'), { isOutage: true })))
    }))
  }
  /** @returns the refusal that came without a call, or null when there was one */
  async function ask (): Promise<Refusal | null> {
    const before = underWay.length
    const outcome = guarded.resolve().then(() => null, (error: unknown) => isRefusal(error) ? error : null)
    return underWay.length > before ? null : outcome
  }
  async function settle (isFine: boolean): Promise<void> {
    underWay.shift()?.(isFine)
    await new Promise((resolve) => setImmediate(resolve))
  }
  async function open (): Promise<void> {
    for (let i = 0; i < 5; i++) {
      await ask()
      await settle(false)
    }
  }
  return { ask, settle, open, underWay }
}

function pass (milliseconds: number): void {
  mock.timers.setTime(Date.now() + milliseconds)
}

test('L3: a clock that was set back an hour does not keep it open for an hour', async () => {
  const { ask, open } = heldCalls()
  await open()
  mock.timers.setTime(noon - hour)
  assert.equal(await ask(), null)
})

test('L3: a clock that was set back a little keeps it open a little longer, not more than thirty seconds', async () => {
  const { ask, open } = heldCalls()
  await open()
  mock.timers.setTime(noon - 10_000)
  assert.equal((await ask())?.retryAfter, 11)
  pass(11_000)
  assert.equal(await ask(), null)
})

test('L3: a clock that was set forward lets it try at once', async () => {
  const { ask, open } = heldCalls()
  await open()
  pass(hour)
  assert.equal(await ask(), null)
})

test('L3: a clock that is set back while one call tries makes nobody wait longer than thirty seconds', async () => {
  const { ask, open } = heldCalls()
  await open()
  pass(1000)
  assert.equal(await ask(), null)
  mock.timers.setTime(noon - hour)
  assert.ok(((await ask())?.retryAfter ?? 0) <= 30)
})

test('failures of calls that were under way when it opened do not prolong the pause', async () => {
  const { ask, settle, underWay } = heldCalls()
  for (let i = 0; i < 100; i++) await ask()
  assert.equal(underWay.length, 100)
  for (let i = 0; i < 100; i++) await settle(false)
  assert.equal((await ask())?.retryAfter, 1)
  pass(1000)
  assert.equal(await ask(), null)
})

test('the answer of a call that was under way when it opened closes it', async () => {
  const { ask, settle } = heldCalls()
  for (let i = 0; i < 6; i++) await ask()
  for (let i = 0; i < 5; i++) await settle(false)
  assert.notEqual(await ask(), null)
  await settle(true)
  assert.equal(await ask(), null)
})

test('whatever happens in whatever order: at most one call tries while it is open, Retry-After is 1 to 30, and it never stays shut for good', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('ask' as const), by: fc.constant(0) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('fail' as const), by: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('answer' as const), by: fc.constant(0) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), by: fc.integer({ min: 0, max: 40_000 }) }) }
  )
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
    mock.timers.setTime(noon)
    const { ask, settle, underWay } = heldCalls()
    for (const { do: what, by } of steps) {
      if (what === 'pass') pass(by)
      else if (what === 'ask') {
        const refusal = await ask()
        if (refusal === null) continue
        const { retryAfter = NaN } = refusal
        assert.ok(Number.isInteger(retryAfter) && retryAfter >= 1 && retryAfter <= 30, String(retryAfter))
      } else await settle(what === 'answer')
    }
    while (underWay.length > 0) await settle(false)
    pass(30_000)
    assert.equal(await ask(), null, 'shut for good')
    const another = await ask()
    if (another !== null) assert.equal(underWay.length, 1, 'two calls try')
  }), { numRuns: 200 })
})
