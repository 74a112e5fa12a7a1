import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { refuse } from '../../lib/errors.ts'
import { retrying } from '../../lib/token/retry.ts'
import { refused } from './refused.ts'

const passing = (): Error => Object.assign(refuse('issuer_unavailable'), { isOutage: true, isPassing: true })

/** How often it is asked where these come of it, one after the other; the last one again and again. */
async function attempts (retries: number, timeout: number, ...outcomes: Array<Error | string>): Promise<[made: number, outcome: unknown]> {
  let made = 0
  const outcome = await retrying({ retries, timeout }, async () => {
    const next = outcomes[Math.min(made++, outcomes.length - 1)]
    if (next instanceof Error) throw next
    return next
  }).catch((error: unknown) => error)
  return [made, outcome]
}

test('what fails for a moment is asked again, so often and not more', async () => {
  assert.deepEqual(await attempts(1, 5000, passing(), 'fine'), [2, 'fine'])
  assert.deepEqual(await attempts(3, 5000, passing(), passing(), 'fine'), [3, 'fine'])
  assert.equal((await attempts(2, 5000, passing()))[0], 3)
  assert.equal((await attempts(0, 5000, passing()))[0], 1)
})

for (const [name, error] of Object.entries({
  'an outage that will last': Object.assign(refuse('issuer_unavailable'), { isOutage: true }),
  'a refusal of our credentials': refuse('issuer_refused_us'),
  'an answer that is not usable': refuse('issuer_bad_response'),
  'a fault of ours': new TypeError('a bug')
})) {
  test(`${name} is thrown as it is, after one attempt`, async () => {
    assert.deepEqual(await attempts(5, 5000, error), [1, error])
    assert.deepEqual(await attempts(5, 5000, passing(), error), [2, error])
  })
}

test('who sees it in the end is not told to ask once more: attempts do not multiply', async () => {
  assert.equal((await attempts(1, 5000, passing()))[0], 2)
  let made = 0
  const inner = () => retrying({ retries: 1, timeout: 5000 }, async () => {
    made++
    throw passing()
  })
  await refused('issuer_unavailable', retrying({ retries: 1, timeout: 5000 }, inner))
  assert.equal(made, 2)
})

test('the time is that of all attempts and pauses: what is left gets less, and none is begun without any', async (t) => {
  const clock = { now: 1000 }
  mock.method(performance, 'now', () => clock.now)
  t.after(() => mock.restoreAll())
  const left: number[] = []
  const outcome = retrying({ retries: 5, timeout: 500 }, async (timeLeft) => {
    clock.now += 7 // What comes before the first question of how much is left does not count.
    left.push(timeLeft())
    clock.now += 150
    throw passing()
  })
  await refused('issuer_unavailable', outcome)
  assert.deepEqual(left.slice(0, 2), [500, 343])
  assert.ok(left.length <= 4 && left.every((each) => each > 0), String(left))
})

test('full jitter: the pause is chosen between nothing and a limit that doubles', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  mock.method(Math, 'random', () => 0.5)
  t.after(() => {
    mock.timers.reset()
    mock.restoreAll()
  })
  let made = 0
  const outcome = refused('issuer_unavailable', retrying({ retries: 5, timeout: 60_000 }, async () => {
    made++
    throw passing()
  }))
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  for (const pause of [50, 100, 200, 400, 500]) {
    await turn()
    const before = made
    mock.timers.tick(pause - 1)
    await turn()
    assert.equal(made, before, `earlier than after ${pause} ms`)
    mock.timers.tick(1)
    await turn()
    assert.equal(made, before + 1, `not after ${pause} ms`)
  }
  await outcome
})
