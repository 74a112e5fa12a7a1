import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Row } from './result.ts'
import { addTimes, inTurn, shares } from './rounds.ts'

const row = (name: string, revision: string | null, times: number[]): Row => ({ group: 'g', name, revision, against: null, beyond: null, times })

test('rounds are dealt out evenly, and none is lost', () => {
  assert.deepEqual(shares(15, 5), [3, 3, 3, 3, 3])
  assert.deepEqual(shares(7, 5).toSorted(), [1, 1, 1, 2, 2])
  fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 10 }), (rounds, starts) => {
    const dealt = shares(rounds, Math.min(rounds, starts))
    assert.equal(dealt.reduce((sum, share) => sum + share, 0), rounds)
    assert.ok(Math.min(...dealt) >= 1 && Math.max(...dealt) - Math.min(...dealt) <= 1)
  }))
})

test('the times of another start come behind those of the same contender and revision', () => {
  const rows = [row('a', null, [1]), row('a', 'main', [2])]
  addTimes(rows, [row('a', 'main', [3]), row('a', null, [4]), row('b', null, [5])])
  assert.deepEqual(rows.map(({ name, revision, times }) => [name, revision, times]), [['a', null, [1, 4]], ['a', 'main', [2, 3]], ['b', null, [5]]])
})

test('each goes first at some time', () => {
  assert.deepEqual([0, 1, 2, 3].map((round) => inTurn(['a', 'b', 'c'], round).join('')), ['abc', 'bca', 'cab', 'abc'])
})
