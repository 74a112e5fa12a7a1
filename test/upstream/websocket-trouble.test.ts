// Upstreams that open no WebSocket, or should not be believed that they did.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createTlsServer } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { createPki } from '../../examples/demo/pki.ts'
import { eventually } from '../token/eventually.ts'
import { echo, handshake, refusalOf, startSocketGateway, statusOf, type OnUpgrade } from './websocket-gateway.ts'

const right = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
/** Nobody reads a socket of Node's HTTP server after an upgrade, and it stays half open, unless told otherwise. */
const read = (onUpgrade: OnUpgrade): OnUpgrade => (request, socket, head) => {
  socket.resume().on('end', () => socket.end())
  onUpgrade(request, socket, head)
}
const switching = (lines: Record<string, string | null> = {}, start = 'HTTP/1.1 101 Switching Protocols'): OnUpgrade => (_request, socket) => {
  const all: Record<string, string | null> = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': right, ...lines }
  socket.write([start, ...Object.entries(all).flatMap(([name, value]) => value === null ? [] : [`${name}: ${value}`]), '', ''].join('\r\n'))
}

const refused: Array<[name: string, status: number, onUpgrade: OnUpgrade, lines?: Record<string, string>]> = [
  ['another accept', 502, switching({ 'Sec-WebSocket-Accept': createHash('sha1').update('x').digest('base64') })],
  ['no accept', 502, switching({ 'Sec-WebSocket-Accept': null })],
  ['accept twice', 502, switching({ 'sec-websocket-accept': right })],
  ['a switch to h2c', 502, switching({ Upgrade: 'h2c' })],
  ['no Connection: upgrade', 502, switching({ Connection: 'keep-alive, close' })],
  ['a protocol that nobody offered', 502, switching({ 'Sec-WebSocket-Protocol': 'soap' })],
  ['another protocol than those offered', 502, switching({ 'Sec-WebSocket-Protocol': 'soap' }), { 'Sec-WebSocket-Protocol': 'chat, chat.v2' }],
  ['two protocols', 502, switching({ 'Sec-WebSocket-Protocol': 'chat, chat.v2' }), { 'Sec-WebSocket-Protocol': 'chat, chat.v2' }],
  ['an extension that nobody offered', 502, switching({ 'Sec-WebSocket-Extensions': 'permessage-deflate' })],
  ['headers without end', 502, (_request, socket) => { socket.write('HTTP/1.1 101 Switching Protocols\r\nX: ' + 'x'.repeat(100_000)) }],
  ['what is not HTTP', 502, (_request, socket) => { socket.write('SSH-2.0-OpenSSH\r\n\r\n') }],
  ['the end of the connection', 502, (_request, socket) => { socket.end() }],
  ['a reset', 502, (_request, socket) => { socket.resetAndDestroy() }],
  ['half an answer and the end', 502, (_request, socket) => { socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf') }],
  ['an answer without end', 502, (_request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n')
    const fill = (): void => { while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 'x'))); }
    socket.on('drain', fill)
    fill()
  }],
  ['a status that is none', 502, (_request, socket) => { socket.end('HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n') }],
  ['a header that cannot be sent on', 502, (_request, socket) => { socket.end('HTTP/1.1 403 No\r\nX-Odd: a\x01b\r\nContent-Length: 0\r\n\r\n') }],
  ['nothing', 504, () => {}],
  ['one byte now and then', 504, (_request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n')
    const timer = setInterval(() => socket.write('x'), 5)
    socket.on('close', () => clearInterval(timer))
  }],
  ['something before the end of its headers, and no more', 504, (_request, socket) => { socket.write('HTTP/1.1 101 Swi') }],
  ['100 and 103, and no more', 504, (_request, socket) => { socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n') }]
]
for (const [name, status, onUpgrade, lines] of refused) {
  test(`L9: the upstream's answer is ${name}: ${status}, and no socket is left on either side`, async (t) => {
    const { raw, upstream, clients } = await startSocketGateway(t, { onUpgrade: read(onUpgrade), upstream: { timeout: status === 504 ? 700 : 5000 } })
    const answer = await raw(handshake(lines))
    assert.equal(statusOf(answer), status, answer.slice(0, 300))
    assert.match(answer, status === 502 ? /FST_BOUND_TOKEN_UPSTREAM_UNAVAILABLE/ : /FST_BOUND_TOKEN_UPSTREAM_TIMEOUT/)
    assert.equal(upstream.requests.length, 1)
    await eventually('no socket is left', () => clients.size + upstream.sockets.size === 0)
  })
}

test('what is agreed on reaches the client, and nothing else of the upstream\'s 101', async (t) => {
  const { raw } = await startSocketGateway(t, {
    onUpgrade: (request, socket, head) => {
      switching({ 'Sec-WebSocket-Protocol': 'chat.v2', 'Sec-WebSocket-Extensions': 'x-fold; level=1', Server: 'hidden', 'Client-Cert': ':AA==:' })(request, socket, head)
      socket.end()
    }
  })
  const answer = await raw(handshake({ 'Sec-WebSocket-Protocol': 'chat, chat.v2', 'Sec-WebSocket-Extensions': 'permessage-deflate, X-Fold; level=3' }))
  assert.deepEqual(answer.trimEnd().split('\r\n').filter((line) => !line.startsWith('Date: ')), [
    'HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${right}`, 'Sec-WebSocket-Protocol: chat.v2', 'Sec-WebSocket-Extensions: x-fold; level=1'
  ])
})

test('the upstream refuses: its answer is passed on, without what belongs to the other hop', async (t) => {
  const { open, clients, upstream } = await startSocketGateway(t, {
    onUpgrade: read((_request, socket) => socket.end('HTTP/1.1 403 No\r\nContent-Type: text/plain\r\nConnection: upgrade, x-hop\r\nUpgrade: h2c\r\nX-Hop: 1\r\nX-Why: room is full\r\n' +
      'Client-Cert: :AA==:\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfull\r\n0\r\n\r\n'))
  })
  const { status, headers, body } = await refusalOf(open())
  const { date: _date, ...others } = headers
  assert.deepEqual([status, body, others], [403, 'full', { 'content-type': 'text/plain', 'content-length': '4', connection: 'close', 'x-why': 'room is full', 'set-cookie': ['a=1', 'b=2'] }])
  await eventually('no socket is left', () => clients.size + upstream.sockets.size === 0)
})

test('an upstream without WebSockets: its answer to the request is passed on, and its connection not kept', async (t) => {
  const { open, upstream } = await startSocketGateway(t)
  upstream.server.removeAllListeners('upgrade')
  const { status, body } = await refusalOf(open())
  assert.deepEqual([status, body], [200, 'no WebSocket'])
  await eventually('the upstream is left', () => upstream.sockets.size === 0)
})

test('the upstream is down: 502; it comes back: opened', async (t) => {
  const { open, upstream } = await startSocketGateway(t)
  const { port } = upstream.server.address() as AddressInfo
  await new Promise((resolve) => upstream.server.close(resolve))
  assert.equal((await refusalOf(open())).status, 502)
  await new Promise<void>((resolve) => upstream.server.listen(port, '127.0.0.1', resolve))
  const client = open()
  await once(client, 'open')
  client.terminate()
})

test('an upstream with TLS is verified, as on any other request', async (t) => {
  const { ca, server } = await createPki()
  const onUpgrade = echo()
  const tls = createTlsServer({ key: server.key, cert: server.certificate })
  tls.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => onUpgrade(request, socket, head))
  await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve))
  t.after(() => tls.close())
  const url = `https://localhost:${(tls.address() as AddressInfo).port}`
  const trusting = await startSocketGateway(t, { upstream: { url, tls: { ca } } })
  const client = trusting.open()
  await once(client, 'open')
  client.send('over TLS')
  assert.equal(String((await once(client, 'message'))[0]), 'over TLS')
  client.terminate()
  const other = await startSocketGateway(t, { upstream: { url, tls: { ca: (await createPki()).ca } } })
  assert.equal((await refusalOf(other.open())).status, 502)
})

test('L7: what goes wrong puts no token, certificate or key into the log', async (t) => {
  const { raw, logged } = await startSocketGateway(t, { onUpgrade: switching({ 'Sec-WebSocket-Accept': 'wrong' }) })
  assert.equal(statusOf(await raw(handshake({ 'Sec-WebSocket-Protocol': 'hidden-in-the-protocol' }, 'GET /ws/chat?hidden=in-the-query HTTP/1.1'))), 502)
  const lines = logged.filter((line) => !line.includes('"req":{')).join('')
  assert.match(lines, /upstream_unavailable/)
  for (const secret of ['Bearer', 'CERTIFICATE', 'dGhlIHNhbXBsZSBub25jZQ', 'hidden']) assert.equal(lines.includes(secret), false, secret)
})
