import assert from 'node:assert/strict'
import { test } from 'node:test'
import { places } from '../lib/places.ts'

const never = new AbortController().signal

test('a place is taken at once where one is free, and by nobody else', () => {
  const two = places(2)
  assert.deepEqual([two.takeNow(), two.takeNow(), two.takeNow()], [true, true, false])
  two.release()
  assert.deepEqual([two.takeNow(), two.takeNow()], [true, false])
})

test('who waits comes before who asks later', async () => {
  const one = places(1)
  assert.equal(one.takeNow(), true)
  const order: string[] = []
  const waiting = [one.take(never).then(() => order.push('first')), one.take(never).then(() => order.push('second'))]
  one.release()
  assert.equal(one.takeNow(), false, 'the place went past those who wait')
  await waiting[0]
  one.release()
  await waiting[1]
  assert.deepEqual(order, ['first', 'second'])
})

test('who gives up while waiting takes no place', async () => {
  const one = places(1)
  await one.take(never)
  const giveUp = new AbortController()
  const waiting = one.take(giveUp.signal)
  giveUp.abort(new Error('gave up'))
  await assert.rejects(waiting, /gave up/)
  one.release()
  assert.equal(one.takeNow(), true)
})
