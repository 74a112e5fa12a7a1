// What is published, and that nothing secret is in it (S-38).
import assert from 'node:assert/strict'
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mock, test, type TestContext } from 'node:test'
import { channels, channelOf } from '../../lib/channels.ts'
import type { Channels } from '../../types/channels.ts'
import type { EvictionChannel, EvictionListener, TokenStore } from '../../types/token-store.ts'
import { answer, json, jsonType, reset } from '../doubles/authorization-server.ts'
import { by, optionsFor, owner, ownersClaims, protectedApp, stranger } from './protected-app.ts'

type Name = keyof Channels
const names = Object.keys(channels).map((name) => `fastify-bound-token:${name}` as Name)

/** What is published while the test runs, oldest first. */
function record (t: TestContext): { of <Named extends Name> (name: Named): Array<Channels[Named]>, all: unknown[] } {
  const published: Array<{ name: Name, message: unknown }> = []
  for (const name of names) {
    const listen = (message: unknown): void => { published.push({ name, message }) }
    subscribe(name, listen)
    t.after(() => unsubscribe(name, listen))
  }
  return {
    of: (name) => published.filter((each) => each.name === name).map(({ message }) => message as never),
    get all () { return published.map(({ message }) => message) }
  }
}

/** A store that keeps nothing, and a channel that the test speaks for. */
function ownStore () {
  const listeners: EvictionListener[] = []
  const sent: Uint8Array[] = []
  const tokens: TokenStore = { get: async () => null, set: async () => {}, delete: async () => {}, close: async () => {} }
  const channel: EvictionChannel = {
    publish: async (message) => { sent.push(message) },
    listen (listener) {
      listeners.push(listener)
      return async () => {}
    }
  }
  return { listeners, sent, options: { store: { tokens: () => tokens, channel: () => channel }, secret: 'a-secret-that-all-processes-share-0123456789' } }
}

test('introspection: each token that was asked for, with outcome, time and attempts', async (t) => {
  const { of } = record(t)
  const { app, authorizationServer, known } = await protectedApp(t)
  known.set('good', ownersClaims)
  for (const token of ['good', 'good', 'unknown']) await app.inject({ url: '/', headers: by(owner, token) })
  authorizationServer.behave(json({}, 500))
  await app.inject({ url: '/', headers: by(owner, 'odd') })
  authorizationServer.behave(reset)
  await app.inject({ url: '/', headers: by(owner, 'torn') })
  const messages = of('fastify-bound-token:introspection')
  assert.deepEqual(messages.map(({ issuer, outcome, attempts }) => [issuer, outcome, attempts]), [
    ['https://login.example.com', 'active', 1], ['https://login.example.com', 'inactive', 1],
    ['https://login.example.com', 'issuer_unavailable', 1], ['https://login.example.com', 'issuer_unavailable', 2]
  ])
  assert.ok(messages.every((message) => message.duration > 0 && message.duration < 30_000 && Object.isFrozen(message)))
  const [stats] = app.boundToken.stats().issuers
  const { latency, ...counts } = stats?.introspection as NonNullable<NonNullable<typeof stats>['introspection']>
  assert.deepEqual(counts, { calls: 5, retries: 1, active: 1, inactive: 1, failures: { issuer_unavailable: 2 }, skipped: 0, breaker: 'closed' })
  assert.equal(latency.count, 4)
  assert.ok(Math.abs(latency.sum - messages.reduce((sum, { duration }) => sum + duration, 0)) < 0.001)
  for (const { upTo, count } of latency.buckets) assert.equal(count, messages.filter(({ duration }) => duration <= upTo).length)
})

test('breaker: each change of its state', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 })
  t.after(() => mock.timers.reset())
  const { of } = record(t)
  const { app, authorizationServer } = await protectedApp(t)
  authorizationServer.behave(answer(503, { ...jsonType, 'retry-after': '2' }))
  await app.inject({ url: '/', headers: by(owner, 'a') })
  await app.inject({ url: '/', headers: by(owner, 'b') })
  assert.equal(app.boundToken.stats().issuers[0]?.introspection?.skipped, 1)
  mock.timers.setTime(Date.now() + 2000)
  authorizationServer.behave(json({ active: false }))
  for (let n = 0; n < 7; n++) await app.inject({ url: '/', headers: by(owner, `c-${n}`) })
  assert.deepEqual(of('fastify-bound-token:breaker').map(({ issuer, state }) => [issuer, state]), ['open', 'half-open', 'recovering', 'closed'].map((state) => ['https://login.example.com', state]))
})

test('cache: evictions, whoever told of them, and how many entries went', async (t) => {
  const { of } = record(t)
  const [here, elsewhere] = [ownStore(), ownStore()]
  const { app } = await protectedApp(t, undefined, { cache: here.options })
  const other = await protectedApp(t, undefined, { cache: elsewhere.options })
  const use = async (): Promise<void> => { await app.inject({ url: '/', headers: by(owner) }) }
  await use()
  await app.boundToken.evict({ token: 'good' })
  await use()
  await app.boundToken.revoke({ subject: 'alice' })
  await app.boundToken.evict({ all: true })
  await use()
  await other.app.boundToken.evict({ clientId: 'partner' })
  here.listeners[0]?.message(elsewhere.sent[0] as Uint8Array)
  await new Promise((resolve) => setImmediate(resolve))
  const [claims, token] = ['claims', 'token'] as const
  assert.deepEqual(of('fastify-bound-token:cache'), [
    { by: token, isRevocation: false, from: 'here', entries: 1 },
    { by: claims, isRevocation: true, from: 'here', entries: 1 },
    { by: 'all', isRevocation: false, from: 'here', entries: 0 },
    { by: claims, isRevocation: false, from: 'here', entries: 0 },
    { by: claims, isRevocation: false, from: 'elsewhere', entries: 0 }
  ])
  assert.equal(app.boundToken.stats().tokens.evictions, 4)
})

test('feed: when the channel of the store is connected, and when it is not', async (t) => {
  const { of } = record(t)
  const { listeners, options } = ownStore()
  const { app } = await protectedApp(t, undefined, { cache: options })
  assert.deepEqual(app.boundToken.stats().feeds?.connections, [{ feed: 'store', isUp: null }])
  for (const what of ['connected', 'connected', 'disconnected', 'connected'] as const) listeners[0]?.[what]()
  assert.deepEqual(of('fastify-bound-token:feed'), [true, false, true].map((isUp) => ({ feed: 'store', isUp })))
  assert.deepEqual(app.boundToken.stats().feeds?.connections, [{ feed: 'store', isUp: true }])
})

test('S-38: in no message on any channel, and in no figure, is a token, a certificate, a claim of somebody or a secret', async (t) => {
  const recorded = record(t)
  const token = 'a-token-that-nobody-may-read-0123456789'
  const { listeners, options } = ownStore()
  const { app, authorizationServer, known } = await protectedApp(t, undefined, { cache: options })
  known.set(token, { ...ownersClaims, sub: 'alice-whom-nobody-may-see' })
  listeners[0]?.connected()
  for (const who of [owner, stranger]) await app.inject({ url: '/', headers: by(who, token) })
  await app.boundToken.evict({ token })
  await app.boundToken.revoke({ subject: 'alice-whom-nobody-may-see' })
  authorizationServer.behave(answer(503, { ...jsonType, 'retry-after': token }, token))
  for (let n = 0; n < 6; n++) await app.inject({ url: '/', headers: by(owner, `${token}${n}`) })
  listeners[0]?.disconnected()
  const seen = new Set(names.filter((name) => recorded.of(name).length > 0))
  assert.deepEqual([...seen].sort(), [...names].sort(), 'every channel has spoken')

  const withoutDecisions = names.filter((name) => name !== 'fastify-bound-token:decision').flatMap((name) => recorded.of(name))
  const text = JSON.stringify([recorded.all, app.boundToken.stats()])
  for (const secret of [token, token.slice(4, 30), owner.escaped.slice(40, 120), 'kept-by-the-service', options.secret]) assert.ok(!text.includes(secret), secret)
  // A decision names whose request it was; nothing else does.
  assert.ok(!JSON.stringify([withoutDecisions, app.boundToken.stats()]).includes('alice-whom-nobody-may-see'))
})

test('a token\'s reference is the same in all processes that have the secret, and another one without', async (t) => {
  const { of } = record(t)
  const { options } = ownStore()
  const { issuers } = optionsFor('http://127.0.0.1:1')
  for (const cache of [options, options, { ...options, secret: 'another-secret-that-processes-share-0123456789' }, {}, {}]) {
    const { app } = await protectedApp(t, undefined, { cache, issuers })
    await app.inject({ url: '/', headers: by(owner) })
  }
  const references = of('fastify-bound-token:decision').map(({ tokenReference }) => tokenReference)
  assert.equal(references[0], references[1])
  assert.equal(new Set(references).size, 4)
})

test('without a subscriber nothing is published, nor made', async (t) => {
  for (const name of Object.keys(channels) as Array<keyof typeof channels>) assert.equal(channelOf(name).hasSubscribers, false, name)
  const publish = mock.method(Object.getPrototypeOf(channel('fastify-bound-token:decision')) as { publish: () => void }, 'publish', () => {})
  const freeze = mock.method(Object, 'freeze')
  t.after(() => mock.restoreAll())
  const { app } = await protectedApp(t)
  await app.inject({ url: '/', headers: by(owner) })
  const isMessage = (value: unknown): boolean => typeof value === 'object' && value !== null && ['stale', 'attempts', 'by', 'state'].some((member) => member in value)
  freeze.mock.resetCalls()
  await app.inject({ url: '/', headers: by(owner) })
  await app.boundToken.evict({ all: true })
  await app.inject({ url: '/', headers: by(owner) })
  assert.ok(freeze.mock.callCount() > 0)
  assert.deepEqual(freeze.mock.calls.filter(({ arguments: [value] }) => isMessage(value)), [])
  assert.equal(publish.mock.callCount(), 0)
})
