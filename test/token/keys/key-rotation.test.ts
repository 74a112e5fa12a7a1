// Keys come and go.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, mock, test } from 'node:test'
import { coolDown } from '../../../lib/token/kept-copy.ts'
import * as doubles from '../../doubles/authorization-server.ts'
import { signingKey, type SigningKey } from '../signing-key.ts'
import { keysAt, type KeysAt } from './keys-at.ts'

const noon = 1_800_000_000_000
const minute = 60_000
let server: doubles.Double
let old: SigningKey
let next: SigningKey
let oldToken: string
let nextToken: string

before(async () => {
  server = await doubles.startDouble(doubles.hang)
  old = await signingKey('old')
  next = await signingKey('next')
  oldToken = await old.sign({ sub: 'alice' })
  nextToken = await next.sign({ sub: 'alice' })
})
after(() => server.close())
beforeEach(() => {
  publish(old)
  server.calls.length = 0
  mock.timers.enable({ apis: ['Date', 'setInterval'], now: noon })
})
afterEach(() => mock.timers.reset())

function publish (...keys: SigningKey[]): void {
  server.behave(doubles.json({ keys: keys.map((key) => key.jwk()) }))
}

/** Time as it passes, with what it starts. */
async function pass (keys: KeysAt, milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= minute) {
    mock.timers.tick(Math.min(left, minute))
    await keys.settled()
  }
}

test('J6: a new key that is published before it is used costs no request', async (t) => {
  const keys = keysAt(t, server)
  assert.equal(await keys.outcome(oldToken), 'verified')
  publish(old, next)
  await pass(keys, 6 * minute)
  const before = server.calls.length
  assert.equal(await keys.outcome(nextToken), 'verified')
  assert.equal(server.calls.length, before)
  assert.equal(await keys.outcome(oldToken), 'verified')
})

test('J6: a new key that is used at once is followed at once, or within one cool-down', async (t) => {
  const keys = keysAt(t, server)
  assert.equal(await keys.outcome(oldToken), 'verified')
  publish(old, next)
  assert.equal(await keys.outcome(nextToken), 'token_invalid', 'asked a moment ago')
  mock.timers.tick(coolDown)
  assert.equal(await keys.outcome(nextToken), 'verified')
  assert.equal(await keys.outcome(oldToken), 'verified')
  assert.equal(server.calls.length, 2)
})

test('J6: keys that are replaced under one key ID are followed after the next renewal, and the old one is out', async (t) => {
  const keys = keysAt(t, server)
  const [before, again] = [await signingKey('same'), await signingKey('same')]
  publish(before)
  const verified = await keys.verify(await before.sign({}))
  publish(again)
  await pass(keys, 5 * minute)
  assert.equal(await keys.outcome(await again.sign({})), 'verified')
  assert.equal(await keys.outcome(await before.sign({})), 'token_invalid')
  assert.equal(verified.key.isRetired, true)
})

test('253: a key that is withdrawn ends within five minutes, also without a token that asks', async (t) => {
  const keys = keysAt(t, server)
  const { key } = await keys.verify(oldToken)
  assert.equal(key.isRetired, false)
  publish(next)
  await pass(keys, 5 * minute)
  assert.equal(key.isRetired, true)
  assert.equal(await keys.outcome(oldToken), 'token_invalid')
  assert.equal(await keys.outcome(nextToken), 'verified')
})

test('253: a key that is withdrawn is out as soon as the set was renewed for another reason', async (t) => {
  const keys = keysAt(t, server)
  const { key } = await keys.verify(oldToken)
  publish(next)
  mock.timers.tick(coolDown)
  assert.equal(await keys.outcome(nextToken), 'verified')
  assert.equal(key.isRetired, true)
  assert.equal(await keys.outcome(oldToken), 'token_invalid')
})

test('253: a key that stays is the same key, and a key that comes back is good again', async (t) => {
  const keys = keysAt(t, server)
  const { key } = await keys.verify(oldToken)
  await pass(keys, 5 * minute)
  assert.equal((await keys.verify(oldToken)).key, key)
  assert.equal(key.isRetired, false)
  publish(next)
  await pass(keys, 5 * minute)
  publish(old)
  await pass(keys, 5 * minute)
  assert.equal((await keys.verify(oldToken)).key.isRetired, false)
  assert.equal(key.isRetired, true, 'what it proved before it was withdrawn must be verified again')
})

test('253: a key whose algorithm or use changes is another one', async (t) => {
  for (const more of [{ alg: 'ES384' }, { use: 'enc' }, { key_ops: ['encrypt'] }]) {
    const keys = keysAt(t, server)
    publish(old, next)
    const { key } = await keys.verify(oldToken)
    server.behave(doubles.json({ keys: [old.jwk(more), next.jwk()] }))
    await pass(keys, 5 * minute)
    assert.equal(key.isRetired, true, JSON.stringify(more))
    assert.equal(await keys.outcome(oldToken), 'token_invalid')
  }
})
