import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { FastifyBoundTokenOptions, WebSocketOptions } from '../../types/options.ts'
import { jwtIssuer } from '../doubles/jwt-issuer.ts'
import { by, optionsFor, owner, ownersClaims, protectedApp } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'
import { startWebSocket, type WebSocketDouble, type WebSocketDoubleOptions } from './websocket-server.ts'

/** Seconds: it takes a pause or two until a feed is back. */
const patience = 30
const bySubject: WebSocketOptions['messages'] = [{ path: ['user', 'id'], selects: 'subject' }]

interface Scene {
  more?: Partial<FastifyBoundTokenOptions>
  feeds?: Partial<WebSocketOptions>
  server?: WebSocketDoubleOptions
  onDisconnect?: 'clear' | 'bypass' | 'keep'
}

async function scene (t: TestContext, { more = {}, feeds = {}, server = {}, onDisconnect = 'clear' }: Scene = {}) {
  const websocket = await startWebSocket(t, server)
  const protectedScene = await protectedApp(t, undefined, {}, {}, (origin) =>
    ({ ...optionsFor(origin, more), revocation: { onDisconnect, websocket: { url: websocket.url, messages: bySubject, ...feeds } } }))
  const { app, authorizationServer } = protectedScene
  return {
    ...protectedScene,
    websocket,
    asked: () => authorizationServer.calls.length,
    status: async (token = 'good') => (await app.inject({ url: '/', headers: by(owner, token) })).statusCode,
    down: async (count: number) => await eventually(`${count} are down`, () => app.boundToken.stats().feeds?.down === count, patience),
    applied: async (count: number) => await eventually(`${count} were applied`, () => app.boundToken.stats().feeds?.applied === count)
  }
}

test('a message evicts the tokens that it names, and no others', async (t) => {
  const { websocket, status, asked, known, down, applied } = await scene(t)
  await down(0)
  known.set('bobs', { ...ownersClaims, sub: 'bob' })
  assert.deepEqual([await status(), await status('bobs')], [200, 200])
  known.delete('good')
  assert.deepEqual([await status(), asked()], [200, 2])
  websocket.send({ user: { id: 'alice' } })
  await applied(1)
  assert.deepEqual([await status(), await status('bobs'), asked()], [401, 200, 3])
})

test('a JWT that was issued before a message is refused, and one that was issued later is not', async (t) => {
  const tokens = jwtIssuer()
  const { websocket, status, applied, down } = await scene(t, { more: { issuers: [tokens.options()] } })
  await down(0)
  const now = Math.floor(Date.now() / 1000)
  const cnf = { 'x5t#S256': owner.thumbprint }
  const [before, after] = [await tokens.issue({ cnf, iat: now - 1 }), await tokens.issue({ cnf, iat: now + 4 })]
  assert.equal(await status(before), 200)
  websocket.send({ user: { id: 'alice' } })
  await applied(1)
  assert.deepEqual([await status(before), await status(after)], [401, 200])
})

for (const [name, selects, value, isHit] of [
  ['sessionId', 'sessionId', 's1', true],
  ['grantId', 'grantId', 'g1', true],
  ['clientId', 'clientId', 'partner', true],
  ['jwtId', 'jwtId', 'j1', true],
  ['token', 'token', 'good', true],
  ['a claim', { claim: ['act', 'sub'] }, 'bob', true],
  ['another value', 'sessionId', 's2', false]
] as Array<[string, WebSocketOptions['messages'][0]['selects'], string, boolean]>) {
  test(`a message selects by ${name}`, async (t) => {
    const { websocket, status, asked, known, down, applied } = await scene(t, { feeds: { messages: [{ when: [{ path: 'type', value: 'revoked' }], path: 'value', selects }] } })
    known.set('good', { ...ownersClaims, sid: 's1', grant_id: 'g1', jti: 'j1', act: { sub: 'bob' } })
    await down(0)
    assert.equal(await status(), 200)
    websocket.send({ type: 'other', value })
    websocket.send({ type: 'revoked', value })
    await applied(1)
    assert.deepEqual([await status(), asked()], [200, isHit ? 2 : 1])
  })
}

async function cutAndBack (websocket: WebSocketDouble, down: (count: number) => Promise<void>, whileDown: () => Promise<void>): Promise<void> {
  websocket.refuse(true)
  websocket.cut()
  await down(1)
  await whileDown()
  websocket.refuse(false)
  await down(0)
}

test('onDisconnect clear: what is known is forgotten when it breaks, and when it is back', async (t) => {
  const { websocket, status, asked, down, known, logged } = await scene(t)
  await down(0)
  assert.deepEqual([await status(), await status(), asked()], [200, 200, 1])
  await cutAndBack(websocket, down, async () => {
    assert.deepEqual([await status(), asked()], [200, 2], 'asked again')
    known.delete('good')
    assert.deepEqual([await status(), asked()], [200, 2], 'known meanwhile')
  })
  assert.deepEqual([await status(), asked()], [401, 3])
  for (const said of ['a feed of revocations is down: clear', 'a feed of revocations is up again', 'options.revocation.websocket: the WebSocket is not connected: it broke']) {
    assert.ok(logged.some((line) => line.includes(said)), said)
  }
})

test('onDisconnect bypass: the authorization server is asked each time until it is back', async (t) => {
  const { websocket, status, asked, down } = await scene(t, { onDisconnect: 'bypass' })
  await down(0)
  assert.deepEqual([await status(), await status(), asked()], [200, 200, 1])
  await cutAndBack(websocket, down, async () => {
    assert.deepEqual([await status(), await status(), await status(), asked()], [200, 200, 200, 4])
  })
  assert.deepEqual([await status(), await status(), asked()], [200, 200, 5], 'what was asked meanwhile may have been revoked since')
})

test('onDisconnect keep: nothing is done', async (t) => {
  const { websocket, status, asked, down } = await scene(t, { onDisconnect: 'keep' })
  await down(0)
  assert.equal(await status(), 200)
  await cutAndBack(websocket, down, async () => assert.equal(await status(), 200))
  assert.deepEqual([await status(), asked()], [200, 1])
})

for (const [onDisconnect, whileDown, later] of [['clear', 1, 2], ['bypass', 2, 3], ['keep', 1, 1]] as const) {
  test(`a feed that is down at boot stops no boot; ${onDisconnect} counts from the beginning`, async (t) => {
    const websocket = await startWebSocket(t)
    websocket.refuse(true)
    const { app, authorizationServer } = await protectedApp(t, undefined, {}, {}, (origin) =>
      ({ ...optionsFor(origin), revocation: { onDisconnect, websocket: { url: websocket.url, messages: bySubject } } }))
    const status = async () => (await app.inject({ url: '/', headers: by(owner) })).statusCode
    assert.deepEqual([await status(), await status(), authorizationServer.calls.length], [200, 200, whileDown])
    websocket.refuse(false)
    await eventually('it is up', () => app.boundToken.stats().feeds?.down === 0, patience)
    assert.deepEqual([await status(), authorizationServer.calls.length], [200, later])
  })
}

test('several feeds: while one is down, all is down', async (t) => {
  const [one, other] = [await startWebSocket(t), await startWebSocket(t)]
  const { app, authorizationServer } = await protectedApp(t, undefined, {}, {}, (origin) =>
    ({ ...optionsFor(origin), revocation: { onDisconnect: 'bypass', websocket: [one, other].map(({ url }) => ({ url, messages: bySubject })) } }))
  const status = async () => (await app.inject({ url: '/', headers: by(owner) })).statusCode
  const down = async (count: number) => await eventually(`${count} are down`, () => app.boundToken.stats().feeds?.down === count, patience)
  await down(0)
  await status()
  for (const server of [one, other]) {
    server.refuse(true)
    server.cut()
  }
  await down(2)
  one.refuse(false)
  await down(1)
  assert.deepEqual([await status(), await status(), authorizationServer.calls.length], [200, 200, 3])
  other.refuse(false)
  await down(0)
  assert.deepEqual([await status(), await status(), authorizationServer.calls.length], [200, 200, 4])
})

test('headers are asked for on each connection, and stand in no log', async (t) => {
  let count = 0
  const { websocket, down, logged } = await scene(t, { feeds: { headers: { iPlanetDirectoryPro: () => `a-session-${++count}`, authorization: 'Bearer not-for-the-log' } } })
  await down(0)
  const first = websocket.handshakes.at(-1)?.headers
  assert.equal(first?.['authorization'], 'Bearer not-for-the-log')
  websocket.cut()
  await eventually('it is back', () => websocket.handshakes.length === 2 && websocket.open() === 1, patience)
  assert.notEqual(websocket.handshakes.at(-1)?.headers['iplanetdirectorypro'], first?.['iplanetdirectorypro'])
  assert.ok(logged.length > 1 && !logged.join().includes('a-session') && !logged.join().includes('not-for-the-log'))
})

test('PingAM: sub-protocol, subscription, and what stands in `body`', async (t) => {
  const reply = (text: string): string => JSON.stringify({ topic: JSON.parse(text).topic, message: 'subscription registered' })
  const { websocket, down, status, asked, applied, known } = await scene(t, {
    server: { protocol: 'v1.notifications.forgerock.org', reply },
    feeds: {
      preset: 'pingam',
      topics: ['/agent/session'],
      messages: [{ when: [{ path: 'topic', value: '/agent/session' }, { path: ['body', 'eventType'], value: 'LOGOUT' }], path: ['body', 'tokenId'], selects: 'sessionId' }]
    }
  })
  known.set('good', { ...ownersClaims, sid: 's1' })
  await down(0)
  assert.deepEqual([websocket.received, websocket.handshakes[0]?.headers['sec-websocket-protocol']], [['{"action":"subscribe","topic":"/agent/session"}'], 'v1.notifications.forgerock.org'])
  assert.equal(await status(), 200)
  const body = { tokenId: 's1', eventType: 'LOGOUT' }
  websocket.send({ topic: '/agent/session', timestamp: '2026-11-20T12:00:00.000Z', body: { ...body, eventType: 'IDLE' } })
  websocket.send({ topic: '/agent/session', timestamp: '2026-11-20T12:00:00.000Z', body })
  await applied(1)
  assert.deepEqual([await status(), asked()], [200, 2])
})

test('an application that is closed closes its connections, and one that did not start makes none', async (t) => {
  const { app, websocket, down } = await scene(t)
  await down(0)
  await app.close()
  await websocket.connected(0)
  assert.equal(websocket.handshakes.length, 1)
})
