import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backOff } from '../../lib/feed/back-off.ts'

const pauses = (random: number, count = 9): number[] => {
  const { next } = backOff(() => random)
  return Array.from({ length: count }, () => next(0))
}

test('each pause is twice as long as the one before, up to a minute, of which half is chance', () => {
  assert.deepEqual(pauses(1), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  assert.deepEqual(pauses(0), [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
})

test('it begins anew after a connection that held for a minute, and not after one that broke at once', () => {
  const { next } = backOff(() => 1)
  assert.deepEqual([next(0), next(0), next(59_999), next(60_000), next(0)], [1000, 2000, 4000, 1000, 2000])
})

test('without anything else it is by chance', () => {
  const seen = new Set(Array.from({ length: 50 }, () => backOff().next(0)))
  assert.ok(seen.size > 10 && [...seen].every((pause) => pause >= 500 && pause < 1000))
})
