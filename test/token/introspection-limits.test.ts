// Each call ends: a deadline for the whole of it, a size, a number of connections.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { after, before, test, type TestContext } from 'node:test'
import * as doubles from '../doubles/authorization-server.ts'
import { eventually } from './eventually.ts'
import { refused } from './refused.ts'
import { resolverAt } from './resolver-at.ts'

const timeout = 80
let server: doubles.Double
before(async () => { server = await doubles.startDouble(doubles.hang) })
after(() => server.close())

/** Asks with a short time limit, and holds the call to it. */
async function resolve (behaviour: doubles.Behaviour, origin = server.origin) {
  server.behave(behaviour)
  const resolver = resolverAt(origin, { timeout })
  const startedAt = performance.now()
  return resolver.record('abc').finally(() => {
    assert.ok(performance.now() - startedAt < timeout + 350, 'much later than the time limit')
    return resolver.close()
  })
}

const allClosed = (): Promise<void> => eventually('all connections are closed', () => server.connections.open === 0)

/** A server below HTTP; ends with the test. */
async function listen (t: TestContext, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = []
  const listener = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    onSocket(socket)
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    listener.close()
  })
  return (listener.address() as AddressInfo).port
}

const late: Record<string, doubles.Behaviour> = {
  'I9: no answer at all': doubles.hang,
  'I3: one byte every few milliseconds, for ever': doubles.drip,
  'I9: headers in time, a body that never comes': (_call, response) => { response.writeHead(200, doubles.jsonType).flushHeaders() },
  'I9: headers late but in time, and a body that is late': (_call, response) => {
    setTimeout(() => response.writeHead(200, doubles.jsonType).flushHeaders(), timeout * 0.75)
    setTimeout(() => response.end('{"active":true}'), timeout * 1.5)
  },
  'I9: early hints, again and again': (_call, response) => {
    const timer = setInterval(() => response.writeEarlyHints({ link: '</x>; rel=preload' }), 5)
    response.on('close', () => clearInterval(timer))
  },
  'I9: status 503 with a body that never ends': (_call, response) => { response.writeHead(503, doubles.jsonType).write('{') }
}

for (const [name, behaviour] of Object.entries(late)) {
  test(`${name}: unavailable when the time is up`, async () => {
    const refusal = await refused('issuer_unavailable', resolve(behaviour))
    assert.equal(refusal.detail, 'no complete answer in time')
    assert.equal(refusal.isOutage, true)
    await allClosed()
  })
}

test('I9: a server that accepts and never shakes hands', async (t) => {
  const port = await listen(t, () => {})
  const refusal = await refused('issuer_unavailable', resolve(doubles.hang, `https://127.0.0.1:${port}`))
  assert.equal(refusal.detail, 'no complete answer in time')
})

test('I9: nobody waits longer for a connection because others wait too', async (t) => {
  const port = await listen(t, () => {})
  const resolver = resolverAt(`https://127.0.0.1:${port}`, { timeout })
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: 200 }, (_, index) => refused('issuer_unavailable', resolver.record(`token-${index}`))))
  const took = performance.now() - startedAt
  await resolver.close()
  assert.ok(took < timeout + 350, `the last one waited ${Math.round(took)} ms`)
})

test('I9: nobody listens', async () => {
  const gone = await doubles.startDouble(doubles.hang)
  await gone.close()
  assert.equal((await refused('issuer_unavailable', resolve(doubles.hang, gone.origin))).detail?.replace(/ \(\w+\)$/, ''), 'the connection failed')
})

for (const [name, behaviour] of [['at once', doubles.reset], ['in the middle of the body', doubles.resetMidBody]] as const) {
  test(`I9: torn down ${name}`, async () => {
    const refusal = await refused('issuer_unavailable', resolve(behaviour))
    assert.equal(refusal.detail?.replace(/ \(\w+\)$/, ''), 'the connection failed')
    assert.equal(refusal.isOutage, true)
  })
}

test('I9: something that is not HTTP', async (t) => {
  const port = await listen(t, (socket) => socket.on('data', () => socket.end('220 smtp.example.com ESMTP\r\n')))
  assert.equal((await refused('issuer_unavailable', resolve(doubles.hang, `http://127.0.0.1:${port}`))).detail?.replace(/ \(\w+\)$/, ''), 'the connection failed')
})

test('I3: longer than is read', async () => {
  assert.equal((await refused('issuer_bad_response', resolve(doubles.big))).detail, 'longer than 131072 bytes')
})

test('I3: a body without end is left, and its connection with it', async () => {
  assert.equal((await refused('issuer_bad_response', resolve(doubles.endless))).detail, 'longer than 131072 bytes')
  await allClosed()
})

test('I3: 50 MB that are announced are not read', async () => {
  const announced: doubles.Behaviour = (call, response) => {
    response.setHeader('content-length', 50_000_000)
    doubles.endless(call, response)
  }
  assert.equal((await refused('issuer_bad_response', resolve(announced))).detail, 'longer than 131072 bytes')
  await allClosed()
})

test('131072 bytes are read', async () => {
  const frame = '{"active":true,"padding":""}'
  const text = frame.replace('""', `"${'x'.repeat(131_072 - frame.length)}"`)
  assert.equal(text.length, 131_072)
  assert.ok(await resolve(doubles.jsonText(text)))
  await refused('issuer_bad_response', resolve(doubles.jsonText(text + ' ')))
})

test('I28: a gzip bomb is not unpacked', async () => {
  await refused('issuer_bad_response', resolve(doubles.gzipBomb))
})

test('I9: many calls to a server that hangs use a bounded number of connections, and all end', async (t) => {
  const slow = await doubles.startDouble(doubles.hang)
  t.after(() => slow.close())
  const resolver = resolverAt(slow.origin, { timeout: 300 })
  const calls = Array.from({ length: 200 }, (_, index) => refused('issuer_unavailable', resolver.record(`token-${index}`)))
  await Promise.all(calls)
  await resolver.close()
  assert.ok(slow.connections.made <= 128, `${slow.connections.made} connections`)
})

test('I26: beyond 2048 calls under way the next is refused at once', async () => {
  server.behave(doubles.hang)
  const resolver = resolverAt(server.origin, { timeout: 200 })
  const waiting = Array.from({ length: 2048 }, (_, index) => resolver.record(`token-${index}`).catch(() => {}))
  const refusal = await refused('issuer_unavailable', resolver.record('one-more'))
  assert.equal(refusal.detail, 'too many calls under way')
  assert.notEqual(refusal.isOutage, true, 'our own crowd is no outage of the server')
  await Promise.all(waiting)
  assert.notEqual((await refused('issuer_unavailable', resolver.record('one-more'))).detail, 'too many calls under way', 'the places are not free again')
  await resolver.close()
})

test('I9: calls that were given up cost a server that comes back nothing: it is asked at once, over a connection that is kept', async (t) => {
  const slow = await doubles.startDouble(doubles.hang)
  const resolver = resolverAt(slow.origin, { timeout: 200 })
  t.after(async () => {
    await resolver.close()
    await slow.close()
  })
  await Promise.all(Array.from({ length: 1000 }, (_, index) => resolver.record(`token-${index}`).catch(() => {})))
  slow.behave(doubles.json({ active: false }))
  const before = slow.connections.made
  assert.equal(await resolver.record('after-the-crowd'), null)
  // Those that the crowd held are made anew; those who waited and gave up make none, but for a few whose turn came as they left.
  assert.ok(slow.connections.made - before < 500, `${slow.connections.made - before} connections for one call`)
})
