// What may go upstream, and where it goes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answer, startDouble } from '../doubles/authorization-server.ts'
import { startGateway, type Message } from './gateway.ts'

const refused: Array<[name: string, status: number, message: Message]> = [
  ['without a token', 401, { anonymous: true }],
  ['with a token that is not active', 401, { headers: { authorization: 'Bearer bad' } }],
  ['with a token twice', 400, { headers: { authorization: ['Bearer good', 'Bearer good'] as unknown as string } }],
  ['without a certificate', 401, { anonymous: true, headers: { authorization: 'Bearer good' } }],
  ['HEAD without a token', 401, { method: 'HEAD', anonymous: true }],
  ['OPTIONS without a token', 401, { method: 'OPTIONS', anonymous: true }],
  ['POST with a body and without a token', 401, { method: 'POST', anonymous: true, headers: { 'content-length': '3' }, body: 'abc' }],
  ['an odd content type without a token', 401, { method: 'POST', anonymous: true, headers: { 'content-type': 'x/y', 'content-length': '3' }, body: 'abc' }],
  ['S-37, P13: an upgrade to WebSocket without a token', 401, {
    anonymous: true, headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' }
  }]
]
for (const [name, status, message] of refused) {
  test(`${name}: ${status}, and nothing goes upstream`, async (t) => {
    const { send, upstream } = await startGateway(t)
    assert.equal((await send(message)).status, status)
    assert.equal(upstream.connections.made, 0)
  })
}

test('a scope that is missing: 403, and nothing goes upstream', async (t) => {
  const { send, upstream } = await startGateway(t, { route: { scopes: ['payments'] } })
  assert.equal((await send()).status, 403)
  assert.equal(upstream.connections.made, 0)
})

test('S-37, P8: an upgrade with a good token is an ordinary request upstream', async (t) => {
  const { send, upstream } = await startGateway(t)
  const { status } = await send({ headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' } })
  assert.equal(status, 200)
  assert.equal(upstream.calls[0]?.headers.upgrade, undefined)
  assert.notEqual(upstream.calls[0]?.headers.connection?.toLowerCase(), 'upgrade')
})

const ambiguous = [
  '/any/../admin', '/any/%2e%2e/admin', '/any/..%2fadmin', '/any%2f..%2fadmin', '//admin', '//evil.example/x', '/any;/admin', '/any/..;/admin', '/any%00', '/any%5c..%5cadmin',
  '/any\\admin', '/any/%252e%252e/admin', '/any#x', '/%25/%252e%252e/admin', '/any/..?x', '/any/./x', 'http://evil.example/any/x'
]
for (const path of ambiguous) {
  test(`S-35, P4, P5: ${path} is refused, and nothing goes upstream`, async (t) => {
    const { send, upstream } = await startGateway(t)
    const { status, body, headers } = await send({ path })
    assert.equal(status, 400, body.toString())
    assert.equal(JSON.parse(body.toString()).code, 'FST_BOUND_TOKEN_AMBIGUOUS_PATH')
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(body.toString().includes('admin'), false)
    assert.equal(upstream.connections.made, 0)
  })
}

test('S-35: who has no token does not learn whether a path is ambiguous', async (t) => {
  const { send } = await startGateway(t)
  assert.equal((await send({ path: '/any/%2e%2e/admin', anonymous: true })).status, 401)
})

const targets: Array<[base: string, path: string, url: string]> = [
  ['', '/', '/'], ['', '/any/thing', '/any/thing'], ['', '/any/', '/any/'], ['/', '/any', '/any'], ['/base', '/any', '/base/any'], ['/base/', '/any', '/base/any'], ['/a/b//', '/', '/a/b/'],
  ['', '/x?a=1&a=2', '/x?a=1&a=2'], ['/base', '/x?', '/base/x?'], ['', '/x?a=%2e%2e%2f&b=//evil.example', '/x?a=%2e%2e%2f&b=//evil.example'], ['', '/x?a=b?c=d', '/x?a=b?c=d'],
  ['', '/?url=http://evil.example/', '/?url=http://evil.example/'], ['', '/x?a=b%20c+d', '/x?a=b%20c+d'], ['', '/caf%C3%A9', '/caf%C3%A9'], ['', '/a%20b', '/a%20b'], ['', '/100%25', '/100%25'],
  ['', '/%41', '/%41'], ['', '/a%3Fb', '/a%3Fb'], ['', '/a@b:c', '/a@b:c'], ['', '/.well-known/x', '/.well-known/x'], ['', '/a..b/x...y', '/a..b/x...y']
]
for (const [base, path, url] of targets) {
  test(`S-35: ${path} at "${base}" is ${url} upstream`, async (t) => {
    const upstream = await startDouble(answer(200, {}))
    t.after(() => upstream.close())
    const { send } = await startGateway(t, { upstream: { url: upstream.origin + base } })
    const { status, body } = await send({ path })
    assert.equal(status, 200, body.toString())
    assert.equal(upstream.calls[0]?.url, url)
  })
}

// @fastify/reply-from will not send these, though they are no dot segments.
for (const path of ['/..a', '/a../b', '/...', '/any/...slug']) {
  test(`S-35: ${path} goes on as it is, or is refused by us, not by a dependency`, async (t) => {
    const { send, upstream } = await startGateway(t)
    const { status, body } = await send({ path })
    if (status === 200) assert.equal(upstream.calls[0]?.url, path)
    else assert.equal(JSON.parse(body.toString()).code, 'FST_BOUND_TOKEN_AMBIGUOUS_PATH')
  })
}
