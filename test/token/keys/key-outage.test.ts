// Keys that can't be had: from the start, for an hour, for a day.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { coolDown, staleFor } from '../../../lib/token/kept-copy.ts'
import * as doubles from '../../doubles/authorization-server.ts'
import { refused } from '../refused.ts'
import { keysAt } from './keys-at.ts'
import { oldAndNext, pass, publish } from './old-and-next.ts'

const minute = 60_000
const scene = oldAndNext()

const outages: Record<string, doubles.Behaviour> = {
  503: doubles.json({}, 503),
  'torn connections': doubles.reset,
  'a set without keys': doubles.json({ keys: [] }),
  HTML: doubles.html
}

for (const [name, behaviour] of Object.entries(outages)) {
  test(`J7: an hour of ${name}: known keys go on, the operator is told once, and the issuer is asked once a minute at the most`, async (t) => {
    const keys = keysAt(t, scene.server)
    const { key } = await keys.verify(scene.oldToken)
    scene.server.behave(behaviour)
    for (let i = 0; i < 60; i++) {
      await pass(keys, minute)
      assert.equal(await keys.outcome(scene.oldToken), 'verified')
    }
    await keys.settled()
    assert.equal(keys.troubles.length, 1)
    assert.ok(scene.server.calls.length <= 62, `${scene.server.calls.length} calls`)
    assert.equal(key.isRetired, false)
    publish(scene, scene.old)
    await pass(keys, 5 * minute)
    assert.equal((await keys.verify(scene.oldToken)).key, key)
    scene.server.behave(behaviour)
    await pass(keys, 10 * minute)
    assert.equal(keys.troubles.length, 2, 'a second outage')
  })
}

test('J7: after a day without the set known keys are no longer believed: 503, until it is back', async (t) => {
  const keys = keysAt(t, scene.server)
  await keys.verify(scene.oldToken)
  scene.server.behave(doubles.json({}, 503))
  await pass(keys, staleFor - minute)
  assert.equal(await keys.outcome(scene.oldToken), 'verified')
  await pass(keys, minute)
  const refusal = await refused('issuer_unavailable', keys.verify(scene.oldToken))
  assert.equal(refusal.statusCode, 503)
  publish(scene, scene.old)
  await pass(keys, minute)
  assert.equal(await keys.outcome(scene.oldToken), 'verified')
  assert.equal(keys.troubles.length, 1)
})

test('J7: a process that slept for two days asks before it believes', async (t) => {
  const keys = keysAt(t, scene.server)
  await keys.verify(scene.oldToken)
  publish(scene, scene.next)
  mock.timers.setTime(1_800_000_000_000 + 2 * staleFor)
  assert.equal(await keys.outcome(scene.oldToken), 'token_invalid')
  assert.equal(await keys.outcome(scene.nextToken), 'verified')
})

test('J10: with the set down from the start it is 503, never a pass, and a first set heals it', async (t) => {
  scene.server.behave(doubles.reset)
  const keys = keysAt(t, scene.server)
  await refused('issuer_unavailable', keys.verify(scene.oldToken))
  await refused('issuer_unavailable', keys.verify(scene.oldToken))
  assert.equal(scene.server.calls.length, 1)
  publish(scene, scene.old)
  mock.timers.tick(coolDown)
  assert.equal(await keys.outcome(scene.oldToken), 'verified')
})

test('J12: 1000 tokens at a cold start make one call', async (t) => {
  const keys = keysAt(t, scene.server)
  const outcomes = await Promise.all(Array.from({ length: 1000 }, async () => await keys.outcome(scene.oldToken)))
  assert.deepEqual([...new Set(outcomes)], ['verified'])
  assert.equal(scene.server.calls.length, 1)
})

test('J8: neither a long nor a short life in Cache-Control changes how often the set is fetched', async (t) => {
  for (const cacheControl of ['max-age=0', 'no-store', 'max-age=1000000000', 'immutable']) {
    const set = JSON.stringify({ keys: [scene.old.jwk()] })
    scene.server.behave(doubles.answer(200, { ...doubles.jsonType, 'cache-control': cacheControl, etag: '"1"' }, set))
    scene.server.calls.length = 0
    const keys = keysAt(t, scene.server)
    for (let i = 0; i < 60; i++) {
      assert.equal(await keys.outcome(scene.oldToken), 'verified')
      await pass(keys, minute)
    }
    assert.ok(scene.server.calls.length >= 12 && scene.server.calls.length <= 14, `${cacheControl}: ${scene.server.calls.length} calls`)
    assert.equal(scene.server.calls.some(({ headers }) => 'if-none-match' in headers), false)
    keys.set.close()
  }
})

test('J8: 304 to a call without condition is a fault, and pushes nothing out', async (t) => {
  const keys = keysAt(t, scene.server)
  await keys.verify(scene.oldToken)
  scene.server.behave(doubles.answer(304, {}))
  await pass(keys, 10 * minute)
  assert.equal(await keys.outcome(scene.oldToken), 'verified')
  assert.equal(keys.troubles[0]?.reason, 'issuer_bad_response')
})

test('a closed set asks nobody any more', async (t) => {
  const keys = keysAt(t, scene.server)
  await keys.verify(scene.oldToken)
  keys.set.close()
  await pass(keys, 60 * minute)
  assert.equal(scene.server.calls.length, 1)
})

test('253: a key that was withdrawn during an outage of more than a day is retired once the set is back', async (t) => {
  const keys = keysAt(t, scene.server)
  const { key } = await keys.verify(scene.oldToken)
  scene.server.behave(doubles.json({}, 503))
  await pass(keys, staleFor + 60 * minute)
  publish(scene, scene.next)
  await pass(keys, 2 * minute)
  assert.equal(await keys.outcome(scene.nextToken), 'verified')
  assert.equal(key.isRetired, true)
})
