import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { firstPause, keptAnswers, type Fetched, type KeptAnswersOptions } from '../../../lib/certification-path/revocation/kept-answers.ts'
import { gate, settled } from '../../token/counted-copy.ts'

const noon = 1_800_000_000_000
beforeEach(() => mock.timers.enable({ apis: ['Date'], now: noon }))
afterEach(() => mock.timers.reset())

const hour = 3_600_000

function answers (options: Partial<KeptAnswersOptions> = {}) {
  const source = { calls: 0, life: hour, why: null as string | null, held: null as Promise<void> | null, weight: 1, previous: [] as Array<number | null> }
  const troubles: string[] = []
  const kept = keptAnswers<number>({ mostEntries: 3, longestLife: 24 * hour, mostUnderWay: 4, onTrouble: (key, why) => troubles.push(`${key}: ${why}`), ...options })
  const fetch = async (previous: number | null): Promise<Fetched<number>> => {
    const value = ++source.calls
    source.previous.push(previous)
    if (source.held !== null) await source.held
    return source.why === null ? { value, goodUntil: Date.now() + source.life, weight: source.weight } : { why: source.why }
  }
  return { source, troubles, kept, get: async (key = 'a') => { const got = await kept.get(key, fetch); return 'why' in got ? got.why : got.value } }
}

test('338: one call for all who ask at once, and none for those who ask later', async () => {
  const { get, source } = answers()
  const { held, open } = gate()
  source.held = held
  const all = Promise.all(Array.from({ length: 1000 }, () => get()))
  await settled()
  open()
  assert.deepEqual([...new Set(await all)], [1])
  assert.equal(await get(), 1)
  assert.equal(source.calls, 1)
})

test('an answer is renewed in the last quarter of its life, while the old one serves', async () => {
  const { get, source } = answers()
  await get()
  mock.timers.tick(hour * 3 / 4 - 1)
  assert.equal(await get(), 1)
  await settled()
  assert.equal(source.calls, 1)
  mock.timers.tick(1)
  const { held, open } = gate()
  source.held = held
  assert.deepEqual(await Promise.all([get(), get(), get()]), [1, 1, 1])
  assert.equal(source.calls, 2)
  open()
  await settled()
  assert.equal(await get(), 2)
  assert.deepEqual(source.previous, [null, 1])
})

test('an answer that cannot be renewed serves to its end, and not a moment longer', async () => {
  const { get, source, troubles } = answers()
  await get()
  source.why = 'down'
  mock.timers.tick(hour - 1)
  assert.equal(await get(), 1)
  await settled()
  mock.timers.tick(1)
  assert.equal(await get(), 'down')
  assert.deepEqual(troubles, ['a: down'])
})

test('an answer is kept no longer than the limit', async () => {
  const { get, source } = answers({ longestLife: 1000 })
  source.life = Infinity
  await get()
  mock.timers.tick(1000)
  assert.equal(await get(), 2)
})

test('an answer that is out of date when it comes is none', async () => {
  const { get, source } = answers()
  source.life = 0
  assert.equal(await get(), 'it is out of date')
})

test('338: a source that failed is left alone for some seconds, twice as many after each failure, up to a minute', async () => {
  const { get, kept, source, troubles } = answers()
  source.why = 'down'
  for (const pause of [5000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
    const { calls } = source
    assert.equal(await get(), 'down')
    assert.equal(source.calls, calls + 1)
    assert.deepEqual(await kept.get('a', async () => { throw new Error('not asked') }), { why: 'down', retryAt: Date.now() + pause })
    mock.timers.tick(pause - 1)
    await get()
    assert.equal(source.calls, calls + 1)
    mock.timers.tick(1)
  }
  assert.equal(troubles.length, 1, 'told once')
  source.why = null
  assert.equal(await get(), 7)
  source.why = 'down again'
  mock.timers.tick(hour)
  await get()
  assert.deepEqual(troubles, ['a: down', 'a: down again'])
})

test('a clock that is set back does not keep a source from being asked', async () => {
  const { get, source } = answers()
  source.why = 'down'
  await get()
  mock.timers.setTime(noon - 100 * hour)
  source.why = null
  assert.equal(await get(), 2)
})

test('a source that throws has failed', async () => {
  const { kept } = answers()
  const answer = await kept.get('a', async () => { throw new Error('secret') })
  assert.deepEqual(answer, { why: 'it could not be processed', retryAt: noon + firstPause })
})

test('so many answers are kept, and those that were used last', async () => {
  const { get, kept, source } = answers()
  for (const key of ['a', 'b', 'c', 'a', 'd']) await get(key)
  assert.equal(kept.size, 3)
  assert.equal(source.calls, 4)
  assert.equal(await get('a'), 1)
  assert.equal(await get('b'), 5)
})

test('so heavy they may be together, and one alone always', async () => {
  const { get, kept, source } = answers({ mostEntries: 100, mostWeight: 10 })
  source.weight = 4
  for (const key of ['a', 'b', 'c']) await get(key)
  assert.equal(kept.size, 2)
  source.weight = 11
  await get('d')
  assert.equal(kept.size, 1)
  assert.equal(await get('d'), 4)
  source.weight = 4
  for (const key of ['e', 'f']) await get(key)
  assert.equal(kept.size, 2, 'what went took its weight along')
})

test('renewing an answer does not make it heavier', async () => {
  const { get, kept, source } = answers({ mostWeight: 10 })
  source.weight = 4
  await get('a')
  await get('b')
  for (let i = 0; i < 5; i++) {
    mock.timers.tick(hour)
    await get('a')
  }
  assert.equal(kept.size, 2)
})

test('so many calls are under way; whoever comes then waits for a turn, up to a number; who comes after that has no answer, and it is not remembered', async () => {
  const { get, source } = answers({ mostEntries: 20, mostUnderWay: 2 })
  const { held, open } = gate()
  source.held = held
  const first = [get('a'), get('b')]
  await settled()
  const waiting = [...'cdefghij'].map(get)
  await settled()
  assert.equal(await get('k'), 'too many requests are under way')
  open()
  assert.deepEqual(await Promise.all([...first, ...waiting]), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  assert.equal(await get('k'), 11)
})

test('nothing is kept after it was cleared', async () => {
  const { get, kept, source } = answers()
  const { held, open } = gate()
  source.held = held
  const late = get()
  await settled()
  kept.clear()
  open()
  await late
  assert.equal(kept.size, 0)
  assert.equal(await get(), 2)
})

test('what comes after everything was cleared weighs nothing', async () => {
  const { get, kept, source } = answers({ mostWeight: 10 })
  const { held, open } = gate()
  source.held = held
  source.weight = 9
  const late = get()
  await settled()
  kept.clear()
  open()
  await late
  source.weight = 5
  for (const key of ['a', 'b']) await get(key)
  assert.equal(kept.size, 2)
})

test('an answer of a short life is not asked for again and again', async () => {
  const { get, source } = answers()
  source.life = 4000
  await get()
  mock.timers.tick(3900)
  assert.equal(await get(), 1)
  await settled()
  assert.equal(source.calls, 1)
})

test('an answer is renewed where the clock was set back, since nobody knows its age', async () => {
  const { get, source } = answers()
  await get()
  mock.timers.setTime(noon - 1)
  assert.equal(await get(), 1)
  await settled()
  assert.equal(source.calls, 2)
})
