// S-26: how long a token is remembered, under a clock of the test's own.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import fc from 'fast-check'
import { readClaims, type TokenRecord } from '../../lib/access-token.ts'
import { sharedLists } from '../../lib/shared-lists.ts'
import { type CacheOptions } from '../../lib/cache/cached.ts'
import { origin } from '../../lib/cache/cached-token.ts'
import { cacheOptions, cachedTokens, recordOf, scriptedResolver } from './scripted-resolver.ts'

const now = 1_800_000_000
const start = now * 1000
beforeEach(() => mock.timers.enable({ apis: ['Date'], now: start }))
afterEach(() => mock.timers.reset())

/** Asks for one token and gives what is known of it so many milliseconds later. */
async function afterAsking (claims: Record<string, unknown> | null, options: Partial<CacheOptions> = {}) {
  const tokens = cachedTokens(scriptedResolver(() => claims === null ? null : recordOf(claims)), { ...cacheOptions, ...options })
  const key = tokens.keyOf('abc')
  const asked = await tokens.ask(key, 'abc', Infinity)
  const isKnown = (later: number): boolean => tokens.recall(key, 'abc', start + later, Infinity) === asked
  return { asked, isKnown, tokens }
}

/** Known from now on for so many milliseconds and not one more. */
async function livesFor (milliseconds: number, claims: Record<string, unknown> | null, options: Partial<CacheOptions> = {}): Promise<void> {
  const { isKnown, tokens } = await afterAsking(claims, options)
  assert.equal(isKnown(0), milliseconds > 0, 'at once')
  assert.equal(isKnown(milliseconds - 1), milliseconds > 0, 'in the last millisecond')
  assert.equal(isKnown(milliseconds), false, 'afterwards')
  const { entries, inactiveEntries } = tokens.stats()
  assert.equal(entries + inactiveEntries, milliseconds > 0 ? 1 : 0, 'entries')
}

test('S-26: `exp` in the past is not remembered', () => livesFor(0, { exp: now - 1 }))
test('S-26: `exp` long past is not remembered', () => livesFor(0, { exp: 0 }))
test('S-26: `exp` now is not remembered', () => livesFor(0, { exp: now }))
test('S-26: no longer than `exp`', () => livesFor(10_000, { exp: now + 10 }))
test('S-26: no longer than `exp`, a fraction of a second', () => livesFor(500, { exp: now + 0.5 }))
test('58, S-26: no longer than maxTtl', () => livesFor(60_000, { exp: now + 3600 }))
test('S-26: no longer than maxTtl, for `exp` in the year 9999', () => livesFor(60_000, { exp: 253_402_300_799 }))
test('S-26: without `exp` for defaultTtl', () => livesFor(30_000, {}))
test('S-26: without `exp` no longer than maxTtl', () => livesFor(60_000, {}, { defaultTtl: 90_000 }))
test('S-26: not active for negativeTtl', () => livesFor(2000, null))
test('S-26: not active no longer than maxTtl', () => livesFor(1000, null, { maxTtl: 1000 }))
test('S-26: maxTtl 0 remembers nothing', async () => {
  for (const claims of [{ exp: now + 60 }, {}, null]) await livesFor(0, claims, { maxTtl: 0 })
})
test('S-26: defaultTtl 0 remembers nothing without `exp`', () => livesFor(0, {}, { defaultTtl: 0 }))
test('S-26: defaultTtl 0 does not touch what has an `exp`', () => livesFor(10_000, { exp: now + 10 }, { defaultTtl: 0 }))
test('S-26: negativeTtl 0 does not believe "not active" again, but an older "active" that lands later does not take its place', async () => {
  const answers: Array<(record: TokenRecord | null) => void> = []
  const tokens = cachedTokens(scriptedResolver(() => new Promise((resolve) => { answers.push(resolve) })), { ...cacheOptions, negativeTtl: 0 })
  const key = tokens.keyOf('abc')
  const older = tokens.ask(key, 'abc', 0)
  mock.timers.setTime(start + 1)
  const newer = tokens.ask(key, 'abc', 0)
  while (answers.length < 2) await new Promise((resolve) => setImmediate(resolve))
  answers[1]?.(null)
  assert.equal((await newer).record, null)
  assert.equal(tokens.recall(key, 'abc', Date.now(), Infinity), undefined)
  answers[0]?.(recordOf({}))
  assert.notEqual((await older).record, null)
  assert.equal(tokens.recall(key, 'abc', Date.now(), Infinity), undefined)
})
test('S-26: negativeTtl 0 does not touch what is active', () => livesFor(30_000, {}, { negativeTtl: 0 }))
test('57, S-26: a cache that is off remembers nothing', async () => {
  for (const claims of [{ exp: now + 60 }, {}, null]) await livesFor(0, claims, { enabled: false })
})

for (const exp of ['1900000000', '', null, true, [], {}, -1, NaN, Infinity, -Infinity, 1e300, 253_402_300_800, start + 60_000]) {
  test(`S-26: \`exp\` ${typeof exp === 'string' ? JSON.stringify(exp) : String(exp)} is no end of a life: such claims are refused`, () => {
    assert.equal(readClaims({ active: true, exp }, { name: 'i', audience: null }, sharedLists()), 'exp')
  })
}

test('L3: an entry from the future is none, so that a clock that is set back lengthens no life', async () => {
  const { isKnown } = await afterAsking({})
  assert.equal(isKnown(-1), false)
  assert.equal(isKnown(-3_600_000), false)
  assert.equal(isKnown(0), true)
})

test('L3: a clock that is set forward ends the life', async () => {
  const { isKnown } = await afterAsking({})
  assert.equal(isKnown(3_600_000), false)
})

test('L3: a clock that is set back while the answer is on its way', async () => {
  const tokens = cachedTokens(scriptedResolver(() => {
    mock.timers.setTime(start - 3_600_000)
    return recordOf({ exp: now + 10 })
  }), cacheOptions)
  const key = tokens.keyOf('abc')
  const asked = await tokens.ask(key, 'abc', Infinity)
  assert.equal(asked.asked, start - origin)
  assert.equal(tokens.recall(key, 'abc', Date.now(), Infinity), undefined, 'an entry from the future')
})

test('L3: a clock that is set forward while the answer is on its way', async () => {
  const tokens = cachedTokens(scriptedResolver(() => {
    mock.timers.setTime(start + 3_600_000)
    return recordOf()
  }), cacheOptions)
  const key = tokens.keyOf('abc')
  await tokens.ask(key, 'abc', Infinity)
  assert.equal(tokens.recall(key, 'abc', Date.now(), Infinity), undefined)
  assert.equal(tokens.stats().entries, 0)
})

test('S-26: a life begins when the question is asked, not when the answer comes', async () => {
  const tokens = cachedTokens(scriptedResolver(() => {
    mock.timers.setTime(start + 5000)
    return recordOf()
  }), cacheOptions)
  const key = tokens.keyOf('abc')
  const asked = await tokens.ask(key, 'abc', Infinity)
  assert.equal(tokens.recall(key, 'abc', start + 29_999, Infinity), asked)
  assert.equal(tokens.recall(key, 'abc', start + 30_000, Infinity), undefined)
  assert.equal(tokens.recall(key, 'abc', start + 5000, 5000), undefined)
  assert.equal(tokens.recall(key, 'abc', start + 5000, 5001), asked)
})

test('S-26: whatever the claims and the settings: never beyond `exp`, never beyond maxTtl, never from the future', async () => {
  const milliseconds = fc.integer({ min: 0, max: 120_000 })
  await fc.assert(fc.asyncProperty(
    fc.option(fc.double({ min: now - 100, max: now + 300, noNaN: true })), milliseconds, milliseconds, milliseconds, fc.integer({ min: -200_000, max: 400_000 }),
    async (exp, defaultTtl, maxTtl, negativeTtl, later) => {
      const { isKnown } = await afterAsking(exp === null ? {} : { exp }, { defaultTtl, maxTtl, negativeTtl })
      if (!isKnown(later)) return
      assert.ok(later >= 0 && later < maxTtl)
      assert.ok(exp === null ? later < defaultTtl : start + later < exp * 1000)
    }), { numRuns: 1000 })
})
