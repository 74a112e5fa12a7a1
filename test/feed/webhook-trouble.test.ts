import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import type { EvictionChannel, TokenStore } from '../../types/token-store.ts'
import { answer, hang, json, startDouble } from '../doubles/authorization-server.ts'
import { caep, setSender } from './set-sender.ts'
import { eventually } from '../token/eventually.ts'
import { webhookApp } from './webhook-app.ts'

const withKeysAt = (origin: string) => (sender: ReturnType<typeof setSender>) => {
  const { jwks, ...others } = sender.options()
  return { ...others, jwksUri: `${origin}/keys`, allowInsecureLoopback: true }
}

test('S-20: keys are fetched once, and not again for keys that nobody knows, whatever comes', async (t) => {
  const keys = await startDouble(hang)
  t.after(() => keys.close())
  const { push, sender } = await webhookApp(t, withKeysAt(keys.origin))
  keys.behave(json(sender.jwks))
  assert.equal((await push(await sender.set())).status, 202)
  assert.equal(keys.calls.length, 1)
  const answers = await Promise.all(Array.from({ length: 50 }, async (_, i) => await push(await setSender(sender.issuer, `k${i}`).set())))
  assert.ok(answers.every(({ status, body }) => status === 400 && JSON.parse(body).err === 'invalid_key'))
  assert.equal(keys.calls.length, 1)
  assert.equal((await push(await sender.set())).status, 202)
})

for (const [name, behaviour] of [['answers 500', answer(500, {})], ['has no keys', json({ keys: [] })], ['redirects', answer(302, { location: 'http://127.0.0.1:1/' })]] as const) {
  test(`where the server of the keys ${name}, it is asked once, and what comes may be sent again`, async (t) => {
    const keys = await startDouble(behaviour)
    t.after(() => keys.close())
    const { push, sender, app, logged } = await webhookApp(t, withKeysAt(keys.origin))
    const set = await sender.set()
    const answers = await Promise.all(Array.from({ length: 20 }, async () => await push(set)))
    for (const { status, headers, body } of answers) assert.deepEqual([status, body, headers['cache-control'], headers['retry-after']], [503, '', 'no-store', '10'])
    assert.equal(keys.calls.length, 1)
    assert.deepEqual(app.boundToken.stats().feeds, { applied: 0, repeated: 0, ignored: 0, refused: 0, down: 0, connections: [] })
    assert.ok(logged.some((line) => line.includes('could not be verified')))
  })
}

test('no more than a hundred wait at a time: who comes then may come again', async (t) => {
  const keys = await startDouble(hang)
  t.after(() => keys.close())
  const { push, sender, app } = await webhookApp(t, withKeysAt(keys.origin))
  const answered: number[] = []
  const waiting = Array.from({ length: 130 }, async () => {
    const { status } = await push(await sender.set())
    answered.push(status)
    return status
  })
  await eventually('thirty are sent back', () => answered.length === 30)
  assert.deepEqual(new Set(answered), new Set([503]))
  keys.behave(json(sender.jwks))
  await keys.close()
  await Promise.all(waiting)
  assert.equal(keys.calls.length, 1)
  assert.equal(app.boundToken.stats().feeds?.applied, 0)
})

/** A store that keeps nothing, and a channel of which the test says when it works. */
function sharing () {
  const published: Uint8Array[] = []
  let isBroken = false
  const tokens: TokenStore = { get: async () => null, set: async () => {}, delete: async () => {}, close: async () => {} }
  const channel: EvictionChannel = {
    async publish (message) {
      if (isBroken) throw new Error('broken')
      published.push(message)
    },
    listen (listener) {
      listener.connected()
      return async () => {}
    }
  }
  return { published, break: (broken: boolean) => { isBroken = broken }, cache: { store: { tokens: () => tokens, channel: () => channel }, secret: 's'.repeat(32) } }
}

test('the other processes are told; where they cannot be, it counts here, and is taken again when it is sent again', async (t) => {
  const { published, cache, break: breakChannel } = sharing()
  const { push, sender, status, known, app } = await webhookApp(t, undefined, { cache })
  assert.equal(await status('good'), 200)
  known.delete('good')
  breakChannel(true)
  const set = await sender.set()
  assert.equal((await push(set)).status, 503)
  assert.equal(await status('good'), 401, 'it counts here')
  assert.equal(published.length, 0)
  breakChannel(false)
  assert.equal((await push(set)).status, 202)
  assert.equal(published.length, 1)
  assert.equal((await push(set)).status, 202)
  assert.equal(published.length, 1)
  assert.deepEqual([app.boundToken.stats().feeds?.applied, app.boundToken.stats().feeds?.repeated], [1, 1])
  assert.ok(!Buffer.concat(published).toString('latin1').includes('alice'), 'it is sealed')
})

test('a security event token is refused when it is older than `maxAge`, and its jti is remembered until then', async (t) => {
  const now = Date.now()
  mock.timers.enable({ apis: ['Date'], now })
  t.after(() => mock.timers.reset())
  const { push, sender, app } = await webhookApp(t, (sender) => sender.options({ maxAge: 120_000 }))
  const set = await sender.set()
  assert.equal((await push(set)).status, 202)
  mock.timers.setTime(now + 119_000)
  assert.equal((await push(set)).status, 202)
  assert.deepEqual([app.boundToken.stats().feeds?.applied, app.boundToken.stats().feeds?.repeated], [1, 1])
  mock.timers.setTime(now + 121_000)
  assert.equal(JSON.parse((await push(set)).body).err, 'invalid_request')
})

test('nothing of what is sent stands in the log', async (t) => {
  const { push, sender, logged } = await webhookApp(t)
  const hidden = 'nobody-may-read-this'
  const subjects = [{ sub_id: { format: hidden } }, { sub_id: { format: 'iss_sub', iss: hidden, sub: hidden } }, { sub: hidden }]
  for (const changed of [{}, { jti: hidden }, { aud: hidden }, { iss: hidden }, { events: { [hidden]: {} } }, { events: { [`urn:${hidden}`]: {} } }, ...subjects]) {
    const { status, body } = await push(await sender.set(changed))
    assert.ok(status === 202 || status === 400)
    assert.ok(!body.includes(hidden))
  }
  const changed = { sub_id: { format: 'opaque', id: hidden }, events: { [`${caep}session-revoked`]: {} } }
  for (const header of [{ typ: hidden }, { kid: hidden }, { [hidden]: hidden }]) await push(await sender.set(changed, header))
  assert.ok(logged.length > 20)
  assert.ok(!logged.join().includes(hidden))
})
