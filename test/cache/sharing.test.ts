// What others know, and what they evict, where the channel between them comes and goes.
import assert from 'node:assert/strict'
import { mock, test, type TestContext } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import { sealing } from '../../lib/cache/sealed-value.ts'
import boundToken from '../../lib/index.ts'
import type { EvictionListener } from '../../types/token-store.ts'
import { memoryTokenStore, type Kept } from '../doubles/shared-memory.ts'
import { by, optionsFor, owner, ownersClaims, startAuthorizationServer } from '../guard/protected-app.ts'

const secret = 'shared-by-all-processes-0123456789abcdef'

async function scene (t: TestContext, onDisconnect: 'clear' | 'bypass' | 'keep' = 'clear') {
  const { authorizationServer, known } = await startAuthorizationServer(t)
  const values = new Map<string, Kept>()
  const add = async (): Promise<{ app: FastifyInstance, channel: EvictionListener }> => {
    let channel: EvictionListener | undefined
    const app = Fastify() as FastifyInstance
    t.after(() => app.close())
    await app.register(boundToken, optionsFor(authorizationServer.origin, {
      cache: {
        secret,
        store: {
          tokens: () => memoryTokenStore(values),
          channel: () => ({
            async publish () {},
            listen (listener) {
              channel = listener
              return async () => {}
            }
          }),
          timeout: 1000
        }
      },
      revocation: { onDisconnect }
    }))
    app.get('/', async () => 'in')
    await app.ready()
    return { app, channel: channel as EvictionListener }
  }
  const statusOf = async (app: FastifyInstance, token = 'good'): Promise<number> => (await app.inject({ url: '/', headers: by(owner, token) })).statusCode
  return { add, statusOf, known, calls: () => authorizationServer.calls.length }
}

for (const onDisconnect of ['clear', 'bypass', 'keep'] as const) {
  test(`${onDisconnect}: what others know counts only once this process has heard of what they have evicted`, async (t) => {
    const { add, statusOf, calls } = await scene(t, onDisconnect)
    const [one, other] = [await add(), await add()]
    one.channel.connected()
    assert.equal(await statusOf(one.app), 200)
    assert.equal(await statusOf(other.app), 200)
    assert.equal(calls(), 2)
    const third = await add()
    third.channel.connected()
    assert.equal(await statusOf(third.app), 200)
    assert.equal(calls(), 2)
  })
}

test('clear: while evictions may be missed, what others know does not count; what is known is forgotten when it breaks, and when it is back', async (t) => {
  const { add, statusOf, calls } = await scene(t)
  const [one, other] = [await add(), await add()]
  one.channel.connected()
  other.channel.connected()
  for (const { app } of [one, other]) assert.equal(await statusOf(app), 200)
  assert.equal(calls(), 1)
  other.channel.disconnected()
  assert.equal(await statusOf(other.app), 200)
  assert.equal(await statusOf(other.app), 200)
  assert.equal(calls(), 2)
  other.channel.connected()
  assert.equal(await statusOf(other.app), 200)
  assert.equal(calls(), 3)
})

test('clear: what another asks long after the break does not count either, until this process hears of evictions again', async (t) => {
  const { add, statusOf, calls, known } = await scene(t)
  const [one, other] = [await add(), await add()]
  one.channel.connected()
  other.channel.connected()
  other.channel.disconnected()
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 10_000 })
  t.after(() => mock.timers.reset())
  known.set('late', ownersClaims)
  assert.equal(await statusOf(one.app, 'late'), 200)
  assert.equal(await statusOf(other.app, 'late'), 200)
  assert.equal(calls(), 2)
})

test('bypass: each token is asked for, and what was known before does not come back', async (t) => {
  const { add, statusOf, calls, known } = await scene(t, 'bypass')
  known.set('also', ownersClaims)
  const { app, channel } = await add()
  channel.connected()
  for (const token of ['good', 'also']) assert.equal(await statusOf(app, token), 200)
  channel.disconnected()
  for (let n = 0; n < 3; n++) assert.equal(await statusOf(app), 200)
  assert.equal(calls(), 5)
  known.delete('also')
  channel.connected()
  assert.equal(await statusOf(app, 'also'), 401)
})

test('keep: nothing changes', async (t) => {
  const { add, statusOf, calls } = await scene(t, 'keep')
  const { app, channel } = await add()
  channel.connected()
  assert.equal(await statusOf(app), 200)
  channel.disconnected()
  assert.equal(await statusOf(app), 200)
  channel.connected()
  assert.equal(await statusOf(app), 200)
  assert.equal(calls(), 1)
})

test('a message that is sealed by us and says what nobody understands changes nothing, and one that does counts', async (t) => {
  const { add, statusOf, calls } = await scene(t)
  const { app, channel } = await add()
  channel.connected()
  assert.equal(await statusOf(app), 200)
  const seals = sealing([{ id: '', secret }])
  const at = Date.now()
  const claims = { '["sub"]': '"alice"' }
  const strange: unknown[] = [
    null, 7, 'text', [], {}, { evicted: { all: true } }, { evicted: { all: true }, at, revokedAt: 'x' }, { evicted: { all: 1 }, at, revokedAt: null }, { evicted: { keys: [7] }, at, revokedAt: null },
    { evicted: { keys: 'x' }, at, revokedAt: null }, { evicted: { issuer: null, claims: {} }, at, revokedAt: null }, { evicted: { issuer: 7, claims }, at, revokedAt: null },
    { evicted: { issuer: null, claims: { sub: '"alice"' } }, at, revokedAt: null }, { evicted: { issuer: null, claims: { '[7]': '"alice"' } }, at, revokedAt: null },
    { evicted: { issuer: null, claims: { '["sub"]': 7 } }, at, revokedAt: null }, { evicted: null, at, revokedAt: null }
  ]
  for (const message of strange) channel.message(seals.seal(JSON.stringify(message), 'eviction', ''))
  assert.equal(await statusOf(app), 200)
  assert.equal(calls(), 1)
  const good = JSON.stringify({ evicted: { issuer: null, claims }, at, revokedAt: null })
  channel.message(seals.seal(good, 'another place', ''))
  channel.message(seals.seal(good, 'eviction', 'token'))
  channel.message(sealing([{ id: '', secret: 'x'.repeat(32) }]).seal(good, 'eviction', ''))
  channel.message(Buffer.from(good))
  assert.equal(await statusOf(app), 200)
  assert.equal(calls(), 1)
  channel.message(seals.seal(good, 'eviction', ''))
  assert.equal(await statusOf(app), 200)
  assert.equal(calls(), 2)
})
