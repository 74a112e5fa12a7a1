// Keys come and go.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { coolDown } from '../../../lib/token/kept-copy.ts'
import * as doubles from '../../doubles/authorization-server.ts'
import { signingKey } from '../signing-key.ts'
import { keysAt } from './keys-at.ts'
import { oldAndNext, pass, publish } from './old-and-next.ts'

const minute = 60_000
const scene = oldAndNext()

test('J6: a new key that is published before it is used costs no request', async (t) => {
  const keys = keysAt(t, scene.server)
  assert.equal(await keys.outcome(scene.oldToken), 'verified')
  publish(scene, scene.old, scene.next)
  await pass(keys, 6 * minute)
  const before = scene.server.calls.length
  assert.equal(await keys.outcome(scene.nextToken), 'verified')
  assert.equal(scene.server.calls.length, before)
  assert.equal(await keys.outcome(scene.oldToken), 'verified')
})

test('J6: a new key that is used at once is followed at once, or within one cool-down', async (t) => {
  const keys = keysAt(t, scene.server)
  assert.equal(await keys.outcome(scene.oldToken), 'verified')
  publish(scene, scene.old, scene.next)
  assert.equal(await keys.outcome(scene.nextToken), 'token_invalid', 'asked a moment ago')
  mock.timers.tick(coolDown)
  assert.equal(await keys.outcome(scene.nextToken), 'verified')
  assert.equal(await keys.outcome(scene.oldToken), 'verified')
  assert.equal(scene.server.calls.length, 2)
})

test('J6: keys that are replaced under one key ID are followed after the next renewal, and the old one is out', async (t) => {
  const keys = keysAt(t, scene.server)
  const [before, again] = [await signingKey('same'), await signingKey('same')]
  publish(scene, before)
  const verified = await keys.verify(await before.sign({}))
  publish(scene, again)
  await pass(keys, 5 * minute)
  assert.equal(await keys.outcome(await again.sign({})), 'verified')
  assert.equal(await keys.outcome(await before.sign({})), 'token_invalid')
  assert.equal(verified.key.isRetired, true)
})

test('253: a key that is withdrawn ends within five minutes, also without a token that asks', async (t) => {
  const keys = keysAt(t, scene.server)
  const { key } = await keys.verify(scene.oldToken)
  assert.equal(key.isRetired, false)
  publish(scene, scene.next)
  await pass(keys, 5 * minute)
  assert.equal(key.isRetired, true)
  assert.equal(await keys.outcome(scene.oldToken), 'token_invalid')
  assert.equal(await keys.outcome(scene.nextToken), 'verified')
})

test('253: a key that is withdrawn is out as soon as the set was renewed for another reason', async (t) => {
  const keys = keysAt(t, scene.server)
  const { key } = await keys.verify(scene.oldToken)
  publish(scene, scene.next)
  mock.timers.tick(coolDown)
  assert.equal(await keys.outcome(scene.nextToken), 'verified')
  assert.equal(key.isRetired, true)
  assert.equal(await keys.outcome(scene.oldToken), 'token_invalid')
})

test('253: a key that stays is the same key, and a key that comes back is good again', async (t) => {
  const keys = keysAt(t, scene.server)
  const { key } = await keys.verify(scene.oldToken)
  await pass(keys, 5 * minute)
  assert.equal((await keys.verify(scene.oldToken)).key, key)
  assert.equal(key.isRetired, false)
  publish(scene, scene.next)
  await pass(keys, 5 * minute)
  publish(scene, scene.old)
  await pass(keys, 5 * minute)
  assert.equal((await keys.verify(scene.oldToken)).key.isRetired, false)
  assert.equal(key.isRetired, true, 'what it proved before it was withdrawn must be verified again')
})

test('253: a key whose algorithm or use changes is another one', async (t) => {
  for (const more of [{ alg: 'ES384' }, { use: 'enc' }, { key_ops: ['encrypt'] }]) {
    const keys = keysAt(t, scene.server)
    publish(scene, scene.old, scene.next)
    const { key } = await keys.verify(scene.oldToken)
    scene.server.behave(doubles.json({ keys: [scene.old.jwk(more), scene.next.jwk()] }))
    await pass(keys, 5 * minute)
    assert.equal(key.isRetired, true, JSON.stringify(more))
    assert.equal(await keys.outcome(scene.oldToken), 'token_invalid')
  }
})
