// What becomes of a WebSocket once it is open.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { atTime } from '../../lib/upstream/tunnel.ts'
import { ownersClaims } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'
import { echo, handshake, refusalOf, startSocketGateway, statusOf, type OnUpgrade, type SocketGateway } from './websocket-gateway.ts'

/** Takes every handshake, and leaves the bytes to the test. */
function accepting (then: (socket: Socket, head: Buffer) => void): OnUpgrade {
  return (_request, socket, head) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n')
    then(socket, head)
  }
}

/** A client of which the test sees every byte behind the answer's headers. */
async function rawClient (t: TestContext, { port }: SocketGateway, first = ''): Promise<{ socket: Socket, received: () => string }> {
  let text = ''
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.write(handshake() + first, 'latin1'))
  t.after(() => socket.destroy())
  socket.on('error', () => {}).setEncoding('latin1').on('data', (piece: string) => { text += piece })
  await eventually('the answer is there', () => text.includes('\r\n\r\n'))
  assert.equal(statusOf(text), 101)
  return { socket, received: () => text.slice(text.indexOf('\r\n\r\n') + 4) }
}

async function nothingLeft ({ clients, upstream }: SocketGateway): Promise<void> {
  await eventually('no socket is left', () => clients.size + upstream.sockets.size === 0)
}

test('50 MB in one message, there and back', async (t) => {
  const gateway = await startSocketGateway(t)
  const client = gateway.open({ maxPayload: 200_000_000 })
  await once(client, 'open')
  const big = Buffer.alloc(50_000_000)
  for (let i = 0; i < big.length; i += 4096) big.writeUInt32LE(i, i)
  client.send(big)
  const [back] = await once(client, 'message') as [Buffer]
  assert.ok(big.equals(back))
  client.close()
  await nothingLeft(gateway)
})

test('bytes that come with the handshake, on either side, are not lost', async (t) => {
  let received = ''
  const gateway = await startSocketGateway(t, {
    onUpgrade: (_request, socket, head) => {
      received += head.toString('latin1')
      socket.on('data', (piece: Buffer) => { received += piece.toString('latin1') })
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nfrom upstream')
    }
  })
  const { socket, received: back } = await rawClient(t, gateway, 'GET /ws/chat?smuggled HTTP/1.1\r\n\r\n\x00\xff')
  await eventually('all is there', () => received.includes('\xff') && back() === 'from upstream')
  assert.equal(received, 'GET /ws/chat?smuggled HTTP/1.1\r\n\r\n\x00\xff')
  socket.write(', later')
  await eventually('more is there', () => received.endsWith('\xff, later'))
  assert.equal(gateway.upstream.requests.length, 1)
})

test('back-pressure: for a client that does not read, nothing is piled up, and what it reads later is all there', async (t) => {
  const chunk = Buffer.alloc(65_536, 'x')
  const total = 64 * 1024 * 1024
  let written = 0
  let isFull = false
  const gateway = await startSocketGateway(t, {
    onUpgrade: accepting((socket) => {
      const fill = (): void => {
        while (written < total) {
          written += chunk.length
          if (!socket.write(chunk)) {
            isFull = true
            return
          }
        }
        socket.end()
      }
      socket.on('drain', () => {
        isFull = false
        fill()
      })
      fill()
    })
  })
  const client = connect(gateway.port, '127.0.0.1', () => client.write(handshake()))
  t.after(() => client.destroy())
  client.on('error', () => {}).pause()
  // Full, and still so when everybody has had some turns.
  let seen = -1
  await eventually('the upstream has to wait', async () => {
    const before = seen
    seen = written
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    return isFull && seen === before && seen === written
  })
  assert.ok(written < total / 2, `${written} bytes were taken`)
  const [held] = [...gateway.clients]
  assert.ok((held as Socket).writableLength < 1_000_000)
  let bytes = 0
  client.on('data', (piece: Buffer) => { bytes += piece.length }).resume()
  await once(client, 'end')
  client.end()
  assert.ok(bytes > total, `${bytes} bytes came`)
  await nothingLeft(gateway)
})

test('back-pressure, the other way', async (t) => {
  let paused: Socket | undefined
  const gateway = await startSocketGateway(t, { onUpgrade: accepting((socket) => { paused = socket.pause() }) })
  const { socket } = await rawClient(t, gateway)
  const total = 64 * 1024 * 1024
  socket.write(Buffer.alloc(total, 'x'))
  const sent = (): number => socket.bytesWritten - socket.writableLength
  let seen = -1
  await eventually('the client has to wait', async () => {
    const before = seen
    seen = sent()
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    return seen === before
  })
  assert.ok(socket.writableLength > 0)
  let bytes = 0
  ;(paused as Socket).on('data', (piece: Buffer) => { bytes += piece.length }).resume()
  await eventually('all is there', () => bytes === total)
  socket.destroy()
  ;(paused as Socket).on('end', () => paused?.end())
  await nothingLeft(gateway)
})

const endings: Array<[name: string, onUpgrade: (socket: Socket) => void, client: (socket: Socket) => void]> = [
  ['the client ends its half', (socket) => socket.resume().on('end', () => socket.end()), (socket) => socket.end()],
  ['the client ends its half, and the upstream never its own', (socket) => socket.resume(), (socket) => socket.end()],
  ['the client resets', (socket) => socket.resume().on('end', () => socket.end()), (socket) => socket.resetAndDestroy()],
  ['the upstream ends its half', (socket) => socket.end(), (socket) => socket.on('end', () => socket.end())],
  ['the upstream ends its half, and the client never its own', (socket) => socket.resume().end(), () => {}],
  ['the upstream resets', (socket) => { setImmediate(() => socket.resetAndDestroy()) }, (socket) => socket.on('end', () => socket.end())],
  ['the client goes while a lot is under way', (socket) => { socket.write(Buffer.alloc(20_000_000)) }, (socket) => socket.destroy()],
  ['the upstream ends behind more than buffers hold, and the client does not read', (socket) => { socket.resume().end(Buffer.alloc(20_000_000)) }, (socket) => socket.pause()],
  ['the client goes behind more than buffers hold, and the upstream does not read', (socket) => { socket.pause() }, (socket) => {
    socket.write(Buffer.alloc(20_000_000), () => {})
    socket.end()
  }]
]
for (const [name, onUpgrade, client] of endings) {
  test(`${name}: both end, and the place is free again`, async (t) => {
    const gateway = await startSocketGateway(t, { onUpgrade: accepting(onUpgrade), upstream: { timeout: /never|does not read/.test(name) ? 1000 : 60_000 } })
    const { socket } = await rawClient(t, gateway)
    client(socket)
    // Who does not read does not see the end.
    await eventually('the gateway has let go of the client', () => gateway.clients.size === 0)
    if (name.endsWith('client does not read')) socket.destroy()
    await eventually('the gateway has let go of the upstream', () => {
      // One that keeps its half open learns of it when it writes.
      for (const half of gateway.upstream.sockets) half.write('x')
      return gateway.upstream.sockets.size === 0
    })
  })
}

test('what was sent before the end is delivered first', async (t) => {
  let received = 0
  const gateway = await startSocketGateway(t, { onUpgrade: accepting((socket) => { socket.on('data', (piece: Buffer) => { received += piece.length }).on('end', () => socket.end('farewell')) }) })
  const { socket, received: back } = await rawClient(t, gateway)
  socket.end(Buffer.alloc(5_000_000))
  await eventually('the farewell is there', () => back() === 'farewell')
  assert.equal(received, 5_000_000)
  await nothingLeft(gateway)
})

test('the token expires: both sides are closed, and not before; who comes back needs another one', async (t) => {
  const gateway = await startSocketGateway(t)
  const now = Date.parse('2026-01-01T00:00:00Z')
  gateway.known.set('good', { ...ownersClaims, exp: now / 1000 + 3600 })
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now })
  const client = gateway.open()
  const other = gateway.open({ headers: { authorization: 'Bearer unlimited' } })
  gateway.known.set('unlimited', ownersClaims)
  await Promise.all([once(client, 'open'), once(other, 'open')])
  t.mock.timers.tick(3_599_000)
  client.send('still there')
  assert.equal(String((await once(client, 'message'))[0]), 'still there')
  const closed = once(client, 'close')
  t.mock.timers.tick(1000)
  assert.equal((await closed)[0], 1006)
  assert.ok(gateway.logged.some((line) => line.includes('WebSocket closed') && line.includes('token_expired')))
  assert.equal((await refusalOf(gateway.open())).status, 401)
  other.send('no end')
  assert.equal(String((await once(other, 'message'))[0]), 'no end')
  other.terminate()
  t.mock.timers.reset()
  await nothingLeft(gateway)
})

test('a WebSocket that was opened with a token in report mode does not end with it', async (t) => {
  const gateway = await startSocketGateway(t, { route: { mode: 'report' } })
  const now = Date.parse('2026-01-01T00:00:00Z')
  gateway.known.set('good', { ...ownersClaims, exp: now / 1000 + 3600 })
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now })
  const client = gateway.open()
  await once(client, 'open')
  t.mock.timers.tick(7_200_000)
  client.send('still there')
  assert.equal(String((await once(client, 'message'))[0]), 'still there')
  client.terminate()
  t.mock.timers.reset()
})

test('a time that is far away, none at all, one that has passed, and a clock that is set', (t) => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now })
  const timers = t.mock.method(globalThis, 'setTimeout')
  let times = 0
  atTime(now + 2 ** 33, () => { times++ })
  atTime(Infinity, () => { times++ })
  atTime(now + 1000, () => { times += 10 })()
  t.mock.timers.tick(3_600_000)
  assert.equal(times, 0)
  // What is longer than a timer can count would end at once.
  assert.ok(timers.mock.callCount() > 1)
  assert.ok(timers.mock.calls.every(({ arguments: [, delay] }) => delay as number <= 60_000))
  t.mock.timers.setTime(now + 2 ** 33)
  t.mock.timers.tick(60_000)
  assert.equal(times, 1)
  atTime(0, () => { times++ })
  assert.equal(times, 2)
})

test('200 at once, opened and closed in every way: no socket and no place is left', async (t) => {
  const gateway = await startSocketGateway(t, { upstream: { timeout: 5000 } })
  for (let round = 0; round < 2; round++) {
    const open = await Promise.all(Array.from({ length: 100 }, async (_, n) => {
      const client = gateway.open()
      await once(client, 'open')
      client.send(String(n))
      assert.equal(String((await once(client, 'message'))[0]), String(n))
      return client
    }))
    assert.deepEqual([gateway.clients.size, gateway.upstream.sockets.size], [100, 100])
    const [byUpstream] = [[...gateway.upstream.sockets].slice(0, 25)]
    for (const socket of byUpstream) socket.destroy()
    open.forEach((client, n) => n % 2 === 0 ? client.close() : client.terminate())
    await nothingLeft(gateway)
  }
})

test('an open WebSocket takes a place: who finds none free in time gets 504, and then one', async (t) => {
  const gateway = await startSocketGateway(t, { upstream: { timeout: 1500 } })
  const open: WebSocket[] = []
  while (open.length < 128) {
    const client = gateway.open()
    await once(client, 'open')
    open.push(client)
  }
  assert.equal((await refusalOf(gateway.open())).status, 504)
  open.pop()?.terminate()
  await eventually('one is free', () => gateway.clients.size === 127 && gateway.upstream.sockets.size === 127)
  await once(gateway.open(), 'open')
  for (const client of open) client.terminate()
})

test('app.close() ends what is open and what is being opened, and waits for nobody', async (t) => {
  const onUpgrade = echo()
  const gateway = await startSocketGateway(t, { onUpgrade: (request, socket, head) => { if (request.url !== '/ws/silent') onUpgrade(request, socket, head) }, server: { forceCloseConnections: false } })
  const client = gateway.open()
  await once(client, 'open')
  const waiting = gateway.open({}, '/ws/silent')
  const refused = refusalOf(waiting)
  await eventually('both are upstream', () => gateway.upstream.requests.length === 2)
  const closed = once(client, 'close')
  await gateway.app.close()
  await closed
  assert.equal((await refused).status, 502)
  await eventually('no socket of a client is left', () => gateway.clients.size === 0)
})

test('requests are logged, and their `onResponse` hooks run, once: when a WebSocket is closed', async (t) => {
  const statuses: number[] = []
  const gateway = await startSocketGateway(t, { declare: (app) => app.addHook('onResponse', async (_request, reply) => { statuses.push(reply.raw.statusCode) }) })
  const client = gateway.open()
  await once(client, 'open')
  assert.deepEqual(statuses, [])
  client.close()
  await nothingLeft(gateway)
  await eventually('the hook has run', () => statuses.length > 0)
  assert.equal((await refusalOf(new WebSocket(`ws://127.0.0.1:${gateway.port}/ws/chat`))).status, 401)
  await eventually('it has run again', () => statuses.length > 1)
  assert.deepEqual(statuses, [101, 401])
  assert.equal(gateway.logged.filter((line) => line.includes('"request completed"')).length, 2)
})

test('silence is no reason to close: the server\'s own time limits do not count for an open WebSocket', async (t) => {
  const gateway = await startSocketGateway(t, { server: { connectionTimeout: 2000, keepAliveTimeout: 2000, requestTimeout: 2000 } })
  const client = gateway.open()
  await once(client, 'open')
  const [socket] = [...gateway.clients]
  assert.equal((socket as Socket).timeout, 0)
  client.terminate()
})
