// A request is sent again only where nobody can mind: the connection broke, nothing was answered, and arriving twice does no harm.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { answer, hang, reset, startDouble, type Behaviour, type Call, type Double } from '../doubles/authorization-server.ts'
import { by, owner } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'
import { startGateway } from './gateway.ts'

const good = answer(200, { 'content-type': 'text/plain' }, 'at last')

/** These behaviours for the first requests, and then a good answer. */
function first (...behaviours: Behaviour[]): Behaviour {
  let count = 0
  return (call, response) => (behaviours[count++] ?? good)(call, response)
}

function methodsOf ({ calls }: Double): string[] {
  return calls.map(({ method }: Call) => method)
}

for (const method of ['GET', 'HEAD', 'OPTIONS']) {
  test(`${method} is sent again when the connection broke before an answer`, async (t) => {
    const { send, upstream } = await startGateway(t, { upstream: { retries: 2 }, respond: first(reset, reset) })
    const { status, body } = await send({ method })
    assert.equal(status, 200)
    assert.equal(body.toString(), method === 'HEAD' ? '' : 'at last')
    assert.deepEqual(methodsOf(upstream), [method, method, method])
  })
}

test('no more often than the option says', async (t) => {
  const { send, upstream } = await startGateway(t, { upstream: { retries: 2 }, respond: reset })
  const { status, body } = await send()
  assert.equal(status, 502)
  assert.equal(JSON.parse(body.toString()).code, 'FST_BOUND_TOKEN_UPSTREAM_UNAVAILABLE')
  assert.equal(upstream.calls.length, 3)
})

test('not at all without the option', async (t) => {
  const { send, upstream } = await startGateway(t, { respond: first(reset) })
  assert.equal((await send()).status, 502)
  assert.equal(upstream.calls.length, 1)
})

for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
  test(`${method} is not sent again, with a body or without`, async (t) => {
    const { send, upstream } = await startGateway(t, { upstream: { retries: 2 }, respond: reset })
    assert.equal((await send({ method })).status, 502)
    assert.equal((await send({ method, body: 'abc', headers: { 'content-length': '3' } })).status, 502)
    assert.deepEqual(methodsOf(upstream), [method, method])
  })
}

for (const headers of [{ 'content-length': '3' }, { 'transfer-encoding': 'chunked' }]) {
  test(`OPTIONS with a body (${Object.keys(headers)}) is not sent again`, async (t) => {
    const { send, upstream } = await startGateway(t, { upstream: { retries: 2 }, respond: reset })
    assert.equal((await send({ method: 'OPTIONS', body: 'abc', headers: headers as Record<string, string> })).status, 502)
    assert.deepEqual(upstream.calls.map(({ body }) => body), ['abc'])
  })
}

for (const status of [500, 502, 503, 504, 429]) {
  test(`an answer of ${status} is an answer, also with Retry-After`, async (t) => {
    const { send, upstream } = await startGateway(t, { upstream: { retries: 5 }, respond: first(answer(status, { 'retry-after': '0' }, 'no')) })
    const { status: received, body } = await send()
    assert.deepEqual([received, body.toString(), upstream.calls.length], [status, 'no', 1])
  })
}

test('a time-out is not tried again', async (t) => {
  const { send, upstream } = await startGateway(t, { upstream: { retries: 5, timeout: 100 }, respond: first(hang) })
  assert.equal((await send()).status, 504)
  assert.equal(upstream.calls.length, 1)
})

test('an answer that is not HTTP is not asked for again', async (t) => {
  const { port, requests } = await listen(t, (socket) => socket.end('220 smtp.example.com ESMTP\r\n'))
  const { send } = await startGateway(t, { upstream: { url: `http://127.0.0.1:${port}`, retries: 5 } })
  assert.equal((await send()).status, 502)
  assert.equal(requests(), 1)
})

test('a body that broke off is not asked for again', async (t) => {
  const { port, requests } = await listen(t, (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () => socket.resetAndDestroy()))
  const { send } = await startGateway(t, { upstream: { url: `http://127.0.0.1:${port}`, retries: 5 } })
  await assert.rejects(send(), { code: 'ECONNRESET' })
  assert.equal(requests(), 1)
})

test('all tries together stay within the time limit: the last one that hangs does not begin it anew', async (t) => {
  const timeout = 600
  const { send, upstream } = await startGateway(t, {
    upstream: { retries: 5, timeout },
    respond: first((_call, response) => { setTimeout(() => (response.socket as Socket).resetAndDestroy(), timeout / 2) }, hang)
  })
  const startedAt = performance.now()
  assert.equal((await send()).status, 504)
  const took = performance.now() - startedAt
  assert.equal(upstream.calls.length, 2)
  assert.ok(took < timeout * 1.45, `${took} ms: the second try had a time limit of its own`)
})

test('a client that has left is not asked for again', async (t) => {
  let leave = (): void => {}
  const { port, upstream, send } = await startGateway(t, {
    upstream: { retries: 5 },
    respond: first((_call, response) => {
      leave()
      // When the gateway has seen it.
      setTimeout(() => (response.socket as Socket).resetAndDestroy(), 50)
    })
  })
  const socket = connect(port, '127.0.0.1')
  leave = () => { socket.destroy() }
  socket.write(`GET /left HTTP/1.1\r\nhost: x\r\n${Object.entries(by(owner)).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  await once(socket, 'close')
  await eventually('the connection to the upstream has broken', () => upstream.connections.open === 0)
  assert.equal((await send({ path: '/next' })).status, 200)
  assert.deepEqual(upstream.calls.map(({ url }) => url), ['/left', '/next'])
})

test('no try begins that would come too late: the client is told at once', async (t) => {
  const { send, upstream } = await startGateway(t, { upstream: { retries: 5, timeout: 300 }, respond: reset })
  assert.equal((await send()).status, 502)
  assert.ok(upstream.calls.length > 1 && upstream.calls.length < 6, `${upstream.calls.length} tries`)
})

test('an upstream that refuses connections and comes back in time is reached', async (t) => {
  const gone = await startDouble(good)
  await gone.close()
  const { send } = await startGateway(t, { upstream: { url: gone.origin, retries: 5 } })
  let refused = 0
  const comeBack = (): void => {
    if (refused++ === 0) listen(t, (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nback'), gone.port)
  }
  subscribe('undici:client:connectError', comeBack)
  t.after(() => unsubscribe('undici:client:connectError', comeBack))
  assert.equal((await send()).body.toString(), 'back')
  assert.ok(refused > 0)
})

test('the same header lines are sent each time', async (t) => {
  const { send, upstream } = await startGateway(t, { upstream: { retries: 1, headers: { 'x-subject': { claim: 'sub' } } }, respond: first(reset) })
  assert.equal((await send({ headers: { 'x-subject': 'root', connection: 'close, x-hop', 'x-hop': '1' } })).status, 200)
  assert.equal(upstream.calls.length, 2)
  assert.deepEqual(upstream.calls[0]?.rawHeaders, upstream.calls[1]?.rawHeaders)
  assert.equal(upstream.calls[1]?.headers['x-subject'], 'alice')
})

/** A server below HTTP, and how many requests arrived; ends with the test. */
async function listen (t: TestContext, onRequest: (socket: Socket) => void, port = 0): Promise<{ port: number, requests: () => number }> {
  const sockets: Socket[] = []
  let count = 0
  const listener = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    socket.on('data', () => {
      count++
      onRequest(socket)
    })
  }).listen(port, '127.0.0.1')
  await once(listener, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    listener.close()
  })
  return { port: (listener.address() as AddressInfo).port, requests: () => count }
}
