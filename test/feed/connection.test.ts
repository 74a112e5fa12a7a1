import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { openConnection, type ConnectionOptions } from '../../lib/feed/connection.ts'
import { createPki } from '../../examples/demo/pki.ts'
import { eventually } from '../token/eventually.ts'
import { startWebSocket } from './websocket-server.ts'

/** A connection, and what became of it. */
function connect (t: TestContext, url: string, more: Partial<ConnectionOptions> = {}) {
  const told: Array<string | null> = []
  const ends: string[] = []
  let opened = 0
  const connection = openConnection({ url: new URL(url), protocols: [], headers: {}, tls: {}, timeout: 5000, pingInterval: 60_000, maxBytes: 1000, ...more }, {
    opened () { opened++ },
    message (text) { told.push(text) },
    ended (detail) { ends.push(detail) }
  })
  t.after(() => connection.end('the test is over'))
  return {
    connection,
    told,
    ends,
    opened: async () => await eventually('it is open', () => opened === 1),
    ended: async () => {
      await eventually('it ends', () => ends.length > 0)
      return ends[0]
    }
  }
}

test('RFC 6455: headers, sub-protocol, messages both ways', async (t) => {
  const server = await startWebSocket(t, { protocol: 'v1.example' })
  const { connection, told, opened } = connect(t, `${server.url}/feed?a=1`, { headers: { 'x-session': 'secret' }, protocols: ['v1.example'] })
  await opened()
  connection.send('hello')
  await eventually('it came', () => server.received.length === 1)
  server.send('one')
  server.send({ two: 2 })
  server.send(Buffer.from('three'))
  await eventually('they came', () => told.length === 3)
  assert.deepEqual(told, ['one', '{"two":2}', null])
  const [{ url, headers }] = server.handshakes as [typeof server.handshakes[0]]
  assert.deepEqual([url, headers['x-session'], headers['sec-websocket-protocol'], server.received], ['/feed?a=1', 'secret', 'v1.example', ['hello']])
})

test('it tells once that it ended, and of nothing afterwards', async (t) => {
  const server = await startWebSocket(t)
  const { connection, told, ends, opened } = connect(t, server.url)
  await opened()
  connection.end('enough')
  connection.end('again')
  server.send('late')
  await server.connected(0)
  connection.send('into the void')
  connection.ready()
  assert.deepEqual([ends, told, server.received], [['enough'], [], []])
})

for (const [name, disturb, expected] of [
  ['is cut', (server) => server.cut(), /^it broke/],
  ['is closed', (server) => server.close(4001), /^it was closed \(4001\)$/],
  ['brings a message that is too long', (server) => server.send('x'.repeat(1001)), /^it (broke|was closed \(1009\))/],
  ['brings a message that is too long when unpacked', (server) => server.send('x'.repeat(900_000)), /^it (broke|was closed \(1009\))/]
] as Array<[string, (server: Awaited<ReturnType<typeof startWebSocket>>) => void, RegExp]>) {
  test(`a connection that ${name} ends`, async (t) => {
    const server = await startWebSocket(t)
    const { told, ends, opened, ended } = connect(t, server.url)
    await opened()
    disturb(server)
    assert.match(await ended() ?? '', expected)
    assert.deepEqual([told, ends.length], [[], 1])
    await server.connected(0)
  })
}

test('a message of just as many bytes is taken', async (t) => {
  const server = await startWebSocket(t)
  const { told, opened } = connect(t, server.url)
  await opened()
  server.send('x'.repeat(1000))
  await eventually('it came', () => told.length === 1)
})

test('nobody there, and a handshake that is refused', async (t) => {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  await new Promise((resolve) => free.close(resolve))
  assert.match(await connect(t, `ws://127.0.0.1:${port}`).ended() ?? '', /^the connection failed \(ECONNREFUSED\)$/)
  const server = await startWebSocket(t)
  server.refuse(true)
  assert.equal(await connect(t, server.url).ended(), 'the handshake was refused')
  assert.equal(await connect(t, (await startWebSocket(t, { protocol: 'v1.example' })).url, { protocols: ['v9.example'] }).ended(), 'the handshake was refused', 'no sub-protocol')
})

/** A server of which the test says what it answers to anything. */
async function startRaw (t: TestContext, answer: (socket: Socket) => void): Promise<{ url: string, open: () => number }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    answer(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, open: () => sockets.size }
}

test('S-21: a redirect is not followed', async (t) => {
  const other = await startWebSocket(t)
  const { url } = await startRaw(t, (socket) => socket.once('data', () => socket.end(`HTTP/1.1 302 Found\r\nlocation: ${other.url.replace('ws', 'http')}\r\ncontent-length: 0\r\n\r\n`)))
  assert.equal(await connect(t, url).ended(), 'the handshake was refused')
  assert.equal(other.handshakes.length, 0)
})

for (const [name, answer] of [
  ['says nothing', () => {}],
  ['answers half', (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n')],
  ['answers without end', (socket) => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n')]
] as Array<[string, (socket: Socket) => void]>) {
  test(`a server that ${name} is given up`, async (t) => {
    const { url } = await startRaw(t, answer)
    assert.match(await connect(t, url, { timeout: 50 }).ended() ?? '', /^(it was not ready in time|the handshake was refused)$/)
  })
}

test('one that is open and never said to be ready has its time limit, too', async (t) => {
  const server = await startWebSocket(t)
  const { opened, ended } = connect(t, server.url, { timeout: 100 })
  await opened()
  assert.equal(await ended(), 'it was not ready in time')
  await server.connected(0)
})

for (const isTls of [false, true]) {
  test(`a half-open connection is noticed, and one whose other end answers lives${isTls ? ', with TLS' : ''}`, async (t) => {
    const { ca, server: { certificate: cert, key } } = await createPki()
    const of = isTls ? { tls: { cert, key } } : {}
    const [deaf, good] = [await startWebSocket(t, { ...of, isDeaf: true }), await startWebSocket(t, of)]
    const more = { pingInterval: 20, tls: { ca: [ca] } }
    const [dead, alive] = [connect(t, deaf.url, more), connect(t, good.url, more)]
    await Promise.all([dead.opened(), alive.opened()])
    dead.connection.ready()
    alive.connection.ready()
    assert.equal(await dead.ended(), 'nobody answers to pings')
    assert.deepEqual([alive.ends, good.open()], [[], 1])
    await deaf.connected(0)
  })
}

test('one that is ready outlives the time that it had to become so', async (t) => {
  const server = await startWebSocket(t)
  const { connection, ends, opened } = connect(t, server.url, { timeout: 1000, pingInterval: 20 })
  await opened()
  connection.ready()
  await eventually('it has lived for longer', () => server.pings() >= 60, 30)
  assert.deepEqual(ends, [])
})

test('nothing is left of a connection whose other end does not even close it', async (t) => {
  const { url, open } = await startRaw(t, (socket) => socket.once('data', (data) => {
    const key = /^sec-websocket-key: (.+)\r$/im.exec(data.toString())?.[1] ?? ''
    const accept = hash('sha1', `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64')
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`)
  }))
  const { connection, opened, ended } = connect(t, url, { pingInterval: 20 })
  await opened()
  connection.ready()
  assert.equal(await ended(), 'nobody answers to pings')
  await eventually('it is gone', () => open() === 0)
})

test('S-31: the certificate of the server is verified, and its name', async (t) => {
  const { ca, server: { certificate: cert, key } } = await createPki()
  const server = await startWebSocket(t, { tls: { cert, key } })
  assert.match(await connect(t, server.url).ended() ?? '', /^the connection failed \([A-Z_]+\)$/)
  const good = connect(t, server.url, { tls: { ca: [ca] } })
  await good.opened()
  assert.equal(server.handshakes.length, 1)
})
