// Bodies go upstream byte for byte, unread.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import type { Call } from '../doubles/authorization-server.ts'
import { by, owner } from '../guard/protected-app.ts'
import { startGateway, type Message } from './gateway.ts'

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
const bodies: Array<[name: string, type: string | undefined, body: string | Buffer]> = [
  ['JSON with duplicate members and odd spaces', 'application/json', '{ "a":1,\n"a" :2, "n": 1.0, "__proto__": {} }'],
  ['JSON that is none', 'application/json', '{"a":'],
  ['JSON with a charset', 'application/json; charset=latin1', Buffer.from('{"a":"\xe9"}', 'latin1')],
  ['a form', 'application/x-www-form-urlencoded', 'a=1&a=2&access_token=x'],
  ['a multipart form', 'multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'],
  ['plain text', 'text/plain', 'caf\u00e9'],
  ['every byte', 'application/octet-stream', everyByte],
  ['a content type that nobody knows', 'application/vnd.acme.odd+x; a="b;c"', everyByte],
  ['a content type that is none', 'odd', everyByte],
  ['no content type', undefined, everyByte],
  ['1 MB', 'application/octet-stream', randomBytes(1_048_576)],
  ['1 MB of JSON', 'application/json', JSON.stringify({ a: 'x'.repeat(1_048_576) })]
]

for (const [name, type, body] of bodies) {
  for (const framing of ['content-length', 'transfer-encoding'] as const) {
    test(`S-36: ${name}, by ${framing}`, async (t) => {
      const { send, upstream } = await startGateway(t)
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
      headers[framing] = framing === 'content-length' ? String(Buffer.byteLength(body)) : 'chunked'
      const { status } = await send({ method: 'POST', headers, body })
      assert.equal(status, 200)
      assert.equal(upstream.calls.length, 1)
      const [call] = upstream.calls as [Call]
      assert.ok(call.bytes.equals(Buffer.from(body)), 'other bytes')
      assert.equal(call.headers['content-type'], type)
      const framings = [call.headers['content-length'], call.headers['transfer-encoding']].filter((value) => value !== undefined)
      assert.equal(framings.length, 1, 'framed twice, or not at all')
    })
  }
}

for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
  test(`a body of ${method}`, async (t) => {
    const { send, upstream } = await startGateway(t)
    await send({ method, headers: { 'content-type': 'application/json', 'content-length': '9' }, body: '{"a": 1 }' })
    assert.equal(upstream.calls[0]?.method, method)
    assert.equal(upstream.calls[0]?.body, '{"a": 1 }')
  })
}

const empty: Array<[name: string, message: Message]> = [
  ['POST with content-length 0', { method: 'POST', headers: { 'content-length': '0' } }],
  ['POST with content-length 0 and a content type', { method: 'POST', headers: { 'content-length': '0', 'content-type': 'application/json' } }],
  ['POST with a content type that nobody knows', { method: 'POST', headers: { 'content-length': '0', 'content-type': 'x/y' } }],
  ['POST of no chunks', { method: 'POST', headers: { 'transfer-encoding': 'chunked', 'content-type': 'application/json' } }],
  ['DELETE', { method: 'DELETE' }],
  ['DELETE with a content type', { method: 'DELETE', headers: { 'content-type': 'application/json' } }],
  ['GET', {}],
  ['GET with a content type', { headers: { 'content-type': 'application/json' } }],
  ['HEAD', { method: 'HEAD' }],
  ['OPTIONS', { method: 'OPTIONS' }]
]
for (const [name, message] of empty) {
  test(`without a body: ${name}`, async (t) => {
    const { send, upstream } = await startGateway(t)
    assert.equal((await send(message)).status, 200)
    const [call] = upstream.calls
    assert.equal(call?.method, message.method ?? 'GET')
    assert.equal(call.bytes.length, 0)
    assert.equal(call.headers['content-type'], message.headers?.['content-type'])
  })
}

for (const method of ['GET', 'HEAD']) {
  test(`a body of ${method} goes nowhere, and cannot become a request of its own`, async (t) => {
    const { send, upstream } = await startGateway(t)
    const smuggled = 'GET /admin HTTP/1.1\r\nHost: x\r\n\r\n'
    await send({ method, headers: { 'content-length': String(smuggled.length) }, body: smuggled })
    await send({ path: '/after' })
    assert.deepEqual(upstream.calls.map(({ url, body }) => [url, body]), [['/', ''], ['/after', '']])
  })
}

test('a body that is larger than `bodyLimit`: it is not read here, so it is not limited here', async (t) => {
  const { send, upstream } = await startGateway(t, { server: { bodyLimit: 1000 } })
  const body = randomBytes(5000)
  assert.equal((await send({ method: 'POST', headers: { 'content-length': '5000' }, body })).status, 200)
  assert.ok(upstream.calls[0]?.bytes.equals(body))
})

test('other routes of the app read their bodies as before', async (t) => {
  const { send, upstream } = await startGateway(t, {
    declare: (app) => { app.post('/own', async ({ body }) => ({ body })) }
  })
  const headers = { 'content-type': 'application/json', 'content-length': '7' }
  assert.equal((await send({ method: 'POST', path: '/own', headers, body: '{"a":1}' })).body.toString(), '{"body":{"a":1}}')
  assert.equal((await send({ method: 'POST', path: '/own', headers, body: '{"a":1 ' })).status, 400)
  assert.equal(upstream.calls.length, 0)
})

test('P8: an upload that goes on may take longer than the time limit, one that stops may not', async (t) => {
  const timeout = 400
  const { port, upstream } = await startGateway(t, { upstream: { timeout } })
  const pieces = async (count: number): Promise<number> => {
    const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', headers: { ...by(owner), 'content-length': '8' }, agent: false })
    request.on('error', () => {})
    const answered = once(request, 'response') as Promise<[IncomingMessage]>
    for (let i = 0; i < count; i++) {
      await new Promise((resolve) => setTimeout(resolve, timeout / 4))
      request.write('x')
    }
    const [response] = await answered
    request.destroy()
    return response.statusCode ?? 0
  }
  assert.equal(await pieces(8), 200)
  assert.equal(upstream.calls[0]?.body, 'xxxxxxxx')
  assert.equal(await pieces(2), 504)
})
