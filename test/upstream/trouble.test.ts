// An upstream that is down, slow or broken.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { drip, hang, reset, resetMidBody, startDouble } from '../doubles/authorization-server.ts'
import { by, owner } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'
import { startGateway, type Exchange } from './gateway.ts'

const unavailable = {
  statusCode: 502, code: 'FST_BOUND_TOKEN_UPSTREAM_UNAVAILABLE', error: 'Bad Gateway', message: 'The upstream cannot be reached'
}
const late = {
  statusCode: 504, code: 'FST_BOUND_TOKEN_UPSTREAM_TIMEOUT', error: 'Gateway Timeout', message: 'The upstream did not answer in time'
}

function assertAnswer ({ status, headers, body }: Exchange, expected: typeof unavailable | typeof late): void {
  assert.deepEqual(JSON.parse(body.toString()), expected, 'something else, or something more')
  assert.equal(status, expected.statusCode)
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['www-authenticate'], undefined)
}

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

for (const method of ['GET', 'POST']) {
  test(`nobody listens: ${method}`, async (t) => {
    const gone = await startDouble(hang)
    await gone.close()
    const { send, logged } = await startGateway(t, { upstream: { url: gone.origin } })
    assertAnswer(await send({ method, headers: { 'content-length': '3' }, body: 'abc' }), unavailable)
    assert.ok(logged.some((line) => line.includes('"reason":"upstream_unavailable"')))
  })

  test(`torn down before an answer: ${method} is not tried again`, async (t) => {
    const { send, upstream } = await startGateway(t, { respond: reset })
    assertAnswer(await send({ method }), unavailable)
    assert.equal(upstream.calls.length, 1)
  })
}

test('something that is not HTTP', async (t) => {
  const port = await listen(t, (socket) => socket.on('data', () => socket.end('220 smtp.example.com ESMTP\r\n')))
  const { send } = await startGateway(t, { upstream: { url: `http://127.0.0.1:${port}` } })
  assertAnswer(await send(), unavailable)
})

test('P8: an answer of 101 that nobody asked for', async (t) => {
  const port = await listen(t, (socket) => socket.on('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n')))
  const { send } = await startGateway(t, { upstream: { url: `http://127.0.0.1:${port}`, timeout: 100 } })
  assertAnswer(await send(), unavailable)
})

test('P10: an answer that is framed twice', async (t) => {
  const port = await listen(t, (socket) => socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nabc')))
  const { send } = await startGateway(t, { upstream: { url: `http://127.0.0.1:${port}` } })
  assertAnswer(await send(), unavailable)
})

test('P8: no answer', async (t) => {
  const { send, upstream, logged } = await startGateway(t, { respond: hang, upstream: { timeout: 100 } })
  assertAnswer(await send(), late)
  assert.equal(upstream.calls.length, 1)
  assert.ok(logged.some((line) => line.includes('"reason":"upstream_timeout"')))
})

test('P8: a server that accepts and never shakes hands', async (t) => {
  const port = await listen(t, () => {})
  const { send } = await startGateway(t, { upstream: { url: `https://127.0.0.1:${port}`, timeout: 100 } })
  assertAnswer(await send(), late)
})

test('P8: a body that breaks off breaks off at the client too: it does not look complete', async (t) => {
  const { send } = await startGateway(t, { respond: resetMidBody })
  await assert.rejects(send(), { code: 'ECONNRESET' })
})

for (const [name, respond, expected] of [
  ['breaks off', (socket: Socket) => socket.resetAndDestroy(), unavailable], ['stalls', () => {}, late]
] as const) {
  test(`P8: a body that ${name} before it begins: the client is told`, async (t) => {
    const port = await listen(t, (socket) => socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Of: upstream\r\n\r\n', () => { respond(socket) })))
    const { send } = await startGateway(t, { upstream: { url: `http://127.0.0.1:${port}`, timeout: 100 } })
    const exchange = await send()
    assertAnswer(exchange, expected)
    assert.equal(exchange.headers['x-of'], undefined)
  })
}

test('P8: a body that stalls is given up', async (t) => {
  const { send } = await startGateway(t, {
    upstream: { timeout: 100 },
    respond: (_call, response) => { response.writeHead(200, { 'content-type': 'text/plain' }).write('half') }
  })
  await assert.rejects(send(), { code: 'ECONNRESET' })
})

test('a client that leaves does no harm', async (t) => {
  const { port, upstream, logged, send } = await startGateway(t, { respond: drip })
  const socket = connect(port, '127.0.0.1')
  const headers = Object.entries(by(owner)).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`GET / HTTP/1.1\r\nhost: x\r\n${headers}\r\n`)
  await once(socket, 'data')
  socket.destroy()
  await eventually('its request upstream has ended', () => upstream.connections.open === 0)
  upstream.behave((_call, response) => response.end('still here'))
  assert.equal((await send()).body.toString(), 'still here')
  assert.deepEqual(logged.filter((line) => line.includes('could not be judged')), [])
})

test('S-38: neither answer nor log says where the upstream is, or what the token was', async (t) => {
  const gone = await startDouble(hang)
  await gone.close()
  const { send, logged } = await startGateway(t, { upstream: { url: `${gone.origin}/internal-path` } })
  const { body, headers } = await send({ headers: { authorization: 'Bearer good' } })
  const answered = `${body} ${JSON.stringify(headers)}`
  for (const internal of [String(gone.port), 'internal-path', 'ECONNREFUSED', '127.0.0.1']) assert.equal(answered.includes(internal), false, answered)
  assert.equal(logged.join('').includes('Bearer'), false)
})
