import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Row } from './result.ts'
import { compare, differences, ratios, summarise, valueOf } from './statistics.ts'

const row = (name: string, times: readonly number[], more: Partial<Row> = {}): Row => ({ group: 'g', name, revision: null, against: null, beyond: null, times, ...more })

test('the median of an odd and an even number of values, with the least and the most', () => {
  assert.deepEqual(summarise([30, 1, 2]), { median: 2, least: 1, most: 30 })
  assert.deepEqual(summarise([4, 1, 2, 9]), { median: 3, least: 1, most: 9 })
  assert.deepEqual(summarise([7]), { median: 7, least: 7, most: 7 })
  assert.throws(() => summarise([]), /no values/)
})

test('ratios and differences are taken round by round', () => {
  assert.deepEqual(ratios([10, 40], [10, 20]), [1, 2])
  assert.deepEqual(differences([10, 40], [5, 50]), [5, -10])
  assert.throws(() => ratios([1, 2], [1]), /2 rounds cannot be compared with 1/)
})

test('the median of the ratios counts, not the ratio of the medians', () => {
  const [, guarded] = compare([row('plain', [10, 20, 100]), row('guarded', [20, 22, 110], { against: 'plain' })])
  assert.deepEqual(guarded?.ratio, { median: 1.1, least: 1.1, most: 2 })
})

test('a row is compared with one of its own group only, and what is beyond another with that', () => {
  const rows = [row('plain', [1], { group: 'other' }), row('plain', [10]), row('by hand', [30], { against: 'plain' }), row('guarded', [36], { against: 'plain', beyond: 'by hand' })]
  const [, plain, , guarded] = compare(rows)
  assert.equal(plain?.ratio, null)
  assert.equal(guarded?.ratio?.median, 3.6)
  assert.equal(guarded?.own?.median, 6)
})

test('the working tree is compared with a revision, and both with what has nothing of the plugin', () => {
  const rows = [row('plain', [10]), row('guarded', [11], { against: 'plain' }), row('guarded', [22], { against: 'plain', revision: 'HEAD' })]
  const [, ours, other] = compare(rows)
  assert.deepEqual([ours?.ratio?.median, ours?.toRevision?.median], [1.1, 0.5])
  assert.deepEqual([other?.ratio?.median, other?.toRevision], [2.2, null])
})

test('of a figure the median counts, or the most', () => {
  const figure = { group: 'g', name: 'n', what: 'w', unit: 'ms', values: [3, 1, 2] } as const
  assert.equal(valueOf({ ...figure, of: 'median' }), 2)
  assert.equal(valueOf({ ...figure, of: 'most' }), 3)
})
