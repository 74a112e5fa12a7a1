import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feedStates } from '../../lib/cache/feed-states.ts'

function scene (onDisconnect: string) {
  const done: string[] = []
  const troubles: string[] = []
  const states = feedStates({
    onDisconnect,
    bypass: (isBypassed) => { done.push(isBypassed ? 'bypass' : 'use') },
    clear: () => { done.push('clear') },
    onTrouble: (detail) => { troubles.push(detail) }
  })
  /** What was done since the last time. */
  return { states, troubles, done: () => done.splice(0).join(' ') }
}

test('clear: when a feed first comes, when it breaks, and when it is back', () => {
  const { states, done, troubles } = scene('clear')
  const tell = states.watch('a feed', false)
  assert.equal(done(), '')
  for (const [isUp, expected] of [[true, 'clear'], [true, ''], [false, 'clear'], [false, ''], [true, 'clear']] as const) {
    tell(isUp)
    assert.equal(done(), expected)
  }
  assert.deepEqual(troubles, ['a feed of revocations is down: clear', 'a feed of revocations is up again'])
})

test('clear: a feed that tells what was missed clears nothing when it first comes', () => {
  const { states, done } = scene('clear')
  const tell = states.watch('a feed', true)
  tell(true)
  assert.equal(done(), '')
  tell(false)
  assert.equal(done(), 'clear')
})

test('bypass: from the beginning until all feeds are up, and again while one is down; what was asked meanwhile is forgotten', () => {
  const { states, done } = scene('bypass')
  const [one, other] = [states.watch('a feed', false), states.watch('a feed', false)]
  assert.equal(done(), 'bypass bypass')
  assert.equal(states.down(), 2)
  one(true)
  assert.equal(done(), 'bypass clear')
  other(true)
  assert.equal(done(), 'use clear')
  assert.equal(states.down(), 0)
  one(false)
  assert.equal(done(), 'bypass')
  other(false)
  one(true)
  assert.equal(done(), 'bypass bypass clear')
  other(true)
  assert.equal(done(), 'use clear')
})

test('bypass: also after a feed that tells what was missed, since there may be a gap in what it tells; not when it first comes', () => {
  const { states, done } = scene('bypass')
  const tell = states.watch('a feed', true)
  for (const isUp of [true, false, true]) tell(isUp)
  assert.equal(done(), 'use bypass use clear')
})

test('keep: nothing is done, and it is told all the same', () => {
  const { states, done, troubles } = scene('keep')
  const tell = states.watch('a feed', false)
  tell(false)
  assert.equal(states.down(), 1)
  tell(true)
  assert.equal(done(), '')
  assert.deepEqual(troubles, ['a feed of revocations is down: keep', 'a feed of revocations is up again'])
})
