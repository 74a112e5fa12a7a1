// Requests as no HTTP client would write them.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { by, owner } from '../guard/protected-app.ts'
import { startGateway } from './gateway.ts'

const identity = Object.entries(by(owner)).map(([name, value]) => `${name}: ${value}\r\n`).join('')

/** Sends these bytes and gives all that comes back until the other side closes. */
async function exchange (port: number, head: string, rest: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${head}\r\nhost: x\r\nconnection: close\r\n${identity}${rest}`)
  return text(socket)
}

const badlyFramed: Array<[name: string, rest: string]> = [
  ['a length and chunks', 'content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['two lengths', 'content-length: 3\r\ncontent-length: 4\r\n\r\nabcd'],
  ['a list of lengths', 'content-length: 3, 3\r\n\r\nabc'],
  ['a length that is none', 'content-length: +3\r\n\r\nabc'],
  ['chunks twice', 'transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n'],
  ['chunks that are not last', 'transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
  ['a bare line feed', 'x-a: b\nx-c: d\r\n\r\n'],
  ['a space before the colon', 'x-a : b\r\n\r\n'],
  ['a folded line', 'x-a: b\r\n c\r\n\r\n']
]
for (const [name, rest] of badlyFramed) {
  test(`P10: ${name}: 400, and nothing goes upstream`, async (t) => {
    const { port, upstream } = await startGateway(t)
    assert.match(await exchange(port, 'POST / HTTP/1.1', rest), /^HTTP\/1\.1 400 /)
    assert.equal(upstream.connections.made, 0)
  })
}

test('P10: extensions of chunks do not go upstream, the body does', async (t) => {
  const { port, upstream } = await startGateway(t)
  assert.match(await exchange(port, 'POST / HTTP/1.1', 'transfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n'), /^HTTP\/1\.1 200 /)
  assert.equal(upstream.calls[0]?.body, 'abc')
})

test('P12, S-3: trailers do not go upstream, under no name', async (t) => {
  const { port, upstream } = await startGateway(t, { upstream: { headers: { 'x-auth-subject': { claim: 'sub' } } } })
  const trailers = 'authorization: Bearer good\r\nx-auth-subject: root\r\nx-ssl-cert: forged\r\nx-other: 1\r\n'
  assert.match(await exchange(port, 'POST / HTTP/1.1', `te: trailers\r\ntrailer: x-auth-subject\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n${trailers}\r\n`), /^HTTP\/1\.1 200 /)
  const [call] = upstream.calls
  assert.equal(call?.body, 'abc')
  assert.deepEqual(call.rawTrailers, [])
  assert.deepEqual([call.headers['x-auth-subject'], call.headers.authorization, call.headers['x-other'], call.headers.trailer], ['alice', undefined, undefined, undefined])
})

test('S-3: a token in a trailer is no token', async (t) => {
  const { port, upstream } = await startGateway(t)
  const socket = connect(port, '127.0.0.1')
  socket.write(`POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n${identity}\r\n`)
  assert.match(await text(socket), /^HTTP\/1\.1 401 /)
  assert.equal(upstream.connections.made, 0)
})

test('P5: absolute-form with our own host is refused too', async (t) => {
  const { port, upstream } = await startGateway(t)
  assert.match(await exchange(port, `GET http://127.0.0.1:${upstream.port}/x HTTP/1.1`, '\r\n'), /^HTTP\/1\.1 400 /)
  assert.equal(upstream.connections.made, 0)
})
