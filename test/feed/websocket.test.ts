import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { feedCounts } from '../../lib/feed/counters.ts'
import type { Connection, ConnectionListener } from '../../lib/feed/connection.ts'
import { websocketFeed, type WebSocketFeedOptions } from '../../lib/feed/websocket.ts'
import { webSocketPresets } from '../../lib/feed/websocket-presets.ts'

const settled = async (): Promise<void> => { for (let i = 0; i < 10; i++) await Promise.resolve() }

/** A feed with connections that the test holds in its hand, and pauses of one second, two, three. */
function scene (more: Partial<WebSocketFeedOptions> = {}) {
  const connections: Array<{ listener: ConnectionListener, sent: string[], isReady: boolean, endedWith: string | null }> = []
  const states: boolean[] = []
  const troubles: string[] = []
  const revoked: unknown[] = []
  const counts = feedCounts()
  let cannotOpen = false
  let pause = 0
  const feed = websocketFeed({
    async open (listener) {
      if (cannotOpen) throw new Error('no secret')
      const held = { listener, sent: [] as string[], isReady: false, endedWith: null as string | null }
      connections.push(held)
      return connectionOf(held)
    },
    subscriptions: ['subscribe'],
    preset: null,
    topics: [],
    rules: [{ when: [], path: ['sub'], select: (subject) => ({ subject }) }],
    backOff: { next: () => ++pause * 1000 },
    counts,
    async revoke (selector) { revoked.push(selector) },
    onState: (isUp) => { states.push(isUp) },
    onTrouble: (detail) => { troubles.push(detail) },
    ...more
  })

  function connectionOf (held: typeof connections[0]): Connection {
    return {
      send: (text) => { held.sent.push(text) },
      ready: () => { held.isReady = true },
      end (detail) {
        if (held.endedWith !== null) return
        held.endedWith = detail
        held.listener.ended(detail)
      }
    }
  }

  return {
    feed,
    states,
    troubles,
    revoked,
    counts,
    refuse: (refusing: boolean) => { cannotOpen = refusing },
    attempts: () => connections.length,
    last: () => {
      const held = connections.at(-1)
      assert.ok(held)
      const connection = connectionOf(held)
      return { ...held, open: () => held.listener.opened(connection), tell: (text: string | null) => held.listener.message(text, connection), end: () => connection.end('it broke'), now: held }
    }
  }
}

function useClock (t: { after: (end: () => void) => void }): void {
  mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_800_000_000_000 })
  t.after(() => mock.timers.reset())
}

test('it subscribes when it is connected, and is up', async () => {
  const { feed, states, last } = scene()
  feed.start()
  await settled()
  assert.deepEqual(states, [])
  last().open()
  assert.deepEqual([last().sent, last().now.isReady, states], [['subscribe'], true, [true]])
})

test('it connects again after each end, and waits longer each time', async (t) => {
  useClock(t)
  const { feed, states, last, attempts } = scene()
  feed.start()
  await settled()
  for (let i = 1; i <= 4; i++) {
    assert.equal(attempts(), i)
    if (i === 2) last().open()
    last().end()
    mock.timers.tick(i * 1000 - 1)
    await settled()
    assert.equal(attempts(), i, 'too early')
    mock.timers.tick(1)
    await settled()
  }
  assert.equal(attempts(), 5)
  assert.deepEqual(states, [false, true, false, false, false])
})

test('how long it was up is what the pause hangs on', async (t) => {
  useClock(t)
  const seen: number[] = []
  const { feed, last } = scene({ backOff: { next: (wasUpFor) => { seen.push(wasUpFor); return 1000 } } })
  feed.start()
  await settled()
  last().end()
  mock.timers.tick(1000)
  await settled()
  last().open()
  mock.timers.tick(5000)
  last().end()
  assert.deepEqual(seen, [0, 5000])
})

test('what it needs to connect may be missing for a while', async (t) => {
  useClock(t)
  const { feed, states, troubles, refuse, attempts } = scene()
  refuse(true)
  feed.start()
  await settled()
  assert.deepEqual([attempts(), states, troubles], [0, [false], ['the WebSocket is not connected: what it needs to connect cannot be had']])
  refuse(false)
  mock.timers.tick(1000)
  await settled()
  assert.equal(attempts(), 1)
})

test('the same trouble is told once, and again after a success', async (t) => {
  useClock(t)
  const { feed, troubles, last } = scene()
  feed.start()
  await settled()
  for (let i = 1; i <= 3; i++) {
    last().end()
    mock.timers.tick(i * 1000)
    await settled()
  }
  assert.equal(troubles.length, 1)
  last().open()
  last().end()
  assert.equal(troubles.length, 2)
})

test('once closed it neither connects nor tells of anything', async (t) => {
  useClock(t)
  const { feed, states, last, attempts } = scene()
  feed.start()
  await settled()
  last().open()
  feed.close()
  assert.equal(last().now.endedWith, 'closed')
  mock.timers.tick(100_000)
  await settled()
  assert.deepEqual([attempts(), states], [1, [true]])
})

test('closed while it waits, and while it connects', async (t) => {
  useClock(t)
  const waiting = scene()
  waiting.feed.start()
  await settled()
  waiting.last().end()
  waiting.feed.close()
  mock.timers.tick(100_000)
  await settled()
  assert.equal(waiting.attempts(), 1)
  const connecting = scene()
  connecting.feed.start()
  connecting.feed.close()
  await settled()
  assert.equal(connecting.last().now.endedWith, 'closed')
})

test('messages that cannot be read are counted, and those that mean nothing', async () => {
  const { feed, revoked, counts, last } = scene()
  feed.start()
  await settled()
  last().open()
  for (const bad of [null, '', 'x', '[]', '"alice"', '{"sub":"alice","sub":"bob"}', '{"sub":']) last().tell(bad)
  assert.deepEqual([revoked, counts], [[], { applied: 0, repeated: 0, ignored: 0, refused: 7 }])
  for (const other of ['{}', '{"sub":5}', '{"sub":""}', '{"sub":[]}', '{"sub":{"a":1}}', '{"__proto__":{"sub":"alice"}}']) last().tell(other)
  assert.deepEqual([revoked, counts.ignored], [[], 6])
  last().tell('{"sub":"alice"}')
  last().tell('{"sub":["bob",5,"carol"]}')
  assert.deepEqual([revoked, counts.applied], [[{ subject: 'alice' }, { subject: 'bob' }, { subject: 'carol' }], 3])
})

test('that others cannot be told is told, and ends nothing', async () => {
  const { feed, troubles, counts, last } = scene({ revoke: async () => { throw new Error('broken') } })
  feed.start()
  await settled()
  last().open()
  last().tell('{"sub":"alice"}')
  await settled()
  assert.deepEqual([troubles, counts.applied], [['a revocation could not be passed on to other processes'], 1])
})

const pingam = { preset: webSocketPresets.pingam, topics: ['/a', '/b'], subscriptions: ['/a', '/b'].map(webSocketPresets.pingam.subscribe) }
const confirmed = (topic: string): string => JSON.stringify({ topic, message: 'subscription registered' })

test('PingAM: it is up when every topic is confirmed; what is told meanwhile counts', async () => {
  const { feed, states, revoked, last } = scene(pingam)
  feed.start()
  await settled()
  last().open()
  assert.deepEqual(last().sent, ['{"action":"subscribe","topic":"/a"}', '{"action":"subscribe","topic":"/b"}'])
  last().tell(confirmed('/a'))
  last().tell(confirmed('/a'))
  last().tell('{"sub":"alice"}')
  assert.deepEqual([states, last().now.isReady, revoked], [[], false, [{ subject: 'alice' }]])
  last().tell(confirmed('/b'))
  assert.deepEqual([states, last().now.isReady], [[true], true])
})

test('PingAM: a subscription that it does not take ends the connection', async () => {
  const { feed, states, last } = scene(pingam)
  feed.start()
  await settled()
  last().open()
  last().tell('{"error":"unknown action"}')
  assert.deepEqual([last().now.endedWith, states], ['the server does not take the subscription', [false]])
})

test('PingAM: what was confirmed on a connection that broke counts no more', async (t) => {
  useClock(t)
  const { feed, states, last } = scene(pingam)
  feed.start()
  await settled()
  last().open()
  last().tell(confirmed('/a'))
  last().end()
  mock.timers.tick(1000)
  await settled()
  last().open()
  last().tell(confirmed('/b'))
  assert.deepEqual(states, [false])
})

test('PingAM: after a new connection all topics are confirmed anew', async (t) => {
  useClock(t)
  const { feed, states, last } = scene(pingam)
  feed.start()
  await settled()
  last().open()
  for (const topic of ['/a', '/b']) last().tell(confirmed(topic))
  last().end()
  mock.timers.tick(1000)
  await settled()
  last().open()
  last().tell(confirmed('/b'))
  assert.deepEqual(states, [true, false])
  last().tell(confirmed('/a'))
  assert.deepEqual(states, [true, false, true])
})
