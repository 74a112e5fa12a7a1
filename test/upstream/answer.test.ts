// What the upstream answers is what the client gets.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { answer, redirect, startDouble } from '../doubles/authorization-server.ts'
import { startGateway } from './gateway.ts'

for (const status of [200, 201, 202, 206, 400, 402, 404, 409, 418, 429, 500, 502, 504, 599]) {
  test(`status ${status} goes on with its body, after one call`, async (t) => {
    const { send, upstream } = await startGateway(t, { respond: answer(status, { 'content-type': 'text/x-odd', 'x-any': 'thing' }, 'a body') })
    const { headers, body, ...response } = await send()
    assert.equal(response.status, status)
    assert.equal(body.toString(), 'a body')
    assert.equal(headers['content-type'], 'text/x-odd')
    assert.equal(headers['x-any'], 'thing')
    assert.equal(upstream.calls.length, 1)
  })
}

for (const status of [204, 304]) {
  test(`status ${status} goes on without a body`, async (t) => {
    const { send } = await startGateway(t, { respond: answer(status, { etag: '"x"' }) })
    const { headers, body, ...response } = await send({ headers: { 'if-none-match': '"x"' } })
    assert.equal(response.status, status)
    assert.equal(headers.etag, '"x"')
    assert.equal(body.length, 0)
  })
}

for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST']) {
  test(`status 503 with Retry-After: ${method} is not tried again`, async (t) => {
    const { send, upstream } = await startGateway(t, { respond: answer(503, { 'retry-after': '0' }, 'busy') })
    const { status, headers } = await send({ method })
    assert.equal(status, 503)
    assert.equal(headers['retry-after'], '0')
    assert.equal(upstream.calls.length, 1)
  })
}

for (const status of [301, 302, 303, 307, 308]) {
  test(`P6: status ${status} goes on and is not followed`, async (t) => {
    const target = await startDouble(answer(200, {}))
    t.after(() => target.close())
    const { send } = await startGateway(t, { respond: redirect(status, `${target.origin}/x`) })
    const response = await send()
    assert.equal(response.status, status)
    assert.equal(response.headers.location, `${target.origin}/x`)
    assert.equal(target.connections.made, 0)
  })
}

test('P7: 401 of the upstream is the upstream\'s: its challenge goes on, ours does not stand beside it', async (t) => {
  const { send, upstream, app } = await startGateway(t, { respond: answer(401, { 'www-authenticate': 'Basic realm="theirs"' }, 'theirs') })
  const { status, headers, body } = await send()
  assert.equal(status, 401)
  assert.equal(headers['www-authenticate'], 'Basic realm="theirs"')
  assert.equal(body.toString(), 'theirs')
  assert.equal(upstream.calls.length, 1)
  assert.deepEqual(app.boundToken.stats().decisions, { allowed: 1, refused: {} })
})

test('P3, 96: headers of an answer: several cookies stay, certificates and hop-by-hop headers go', async (t) => {
  const { send } = await startGateway(t, {
    respond: answer(200, {
      'set-cookie': ['a=b', 'c=d'] as unknown as string, 'client-cert': ':AAAA:', 'client-cert-chain': ':AAAA:', 'proxy-authenticate': 'Basic', upgrade: 'h2c', vary: 'accept'
    }, 'x')
  })
  const { headers } = await send()
  assert.deepEqual(headers['set-cookie'], ['a=b', 'c=d'])
  assert.equal(headers.vary, 'accept')
  for (const name of ['client-cert', 'client-cert-chain', 'proxy-authenticate', 'upgrade']) assert.equal(headers[name], undefined, name)
})

test('P2: what the upstream\'s Connection lists belongs to its hop and goes no further', async (t) => {
  const { send } = await startGateway(t, { respond: answer(200, { connection: 'close, X-Internal', 'x-internal': 'for the proxy only' }, 'x') })
  const { status, headers } = await send()
  assert.equal(status, 200)
  assert.equal(headers['x-internal'], undefined)
})

test('HEAD: the headers of the answer and no body', async (t) => {
  const { send, upstream } = await startGateway(t, { respond: answer(200, { 'content-length': '1234', 'content-type': 'text/plain' }) })
  const { status, headers, body } = await send({ method: 'HEAD' })
  assert.equal(status, 200)
  assert.equal(headers['content-length'], '1234')
  assert.equal(body.length, 0)
  assert.equal(upstream.calls[0]?.method, 'HEAD')
})

const bodies = { nothing: Buffer.alloc(0), 'every byte': Buffer.from(Array.from({ length: 256 }, (_, index) => index)), '1 MB': randomBytes(1_048_576) }
for (const [name, body] of Object.entries(bodies)) {
  test(`a body of ${name}, by length and in chunks`, async (t) => {
    const { send, upstream } = await startGateway(t, { respond: answer(200, { 'content-length': String(body.length) }, body) })
    assert.ok((await send()).body.equals(body))
    upstream.behave((_call, response) => {
      response.write(body.subarray(0, 100))
      response.end(body.subarray(100))
    })
    assert.ok((await send()).body.equals(body))
  })
}

test('a body that is packed goes on as it is', async (t) => {
  const packed = gzipSync('hello')
  const { send, upstream } = await startGateway(t, { respond: answer(200, { 'content-encoding': 'gzip' }, packed) })
  const { headers, body } = await send({ headers: { 'accept-encoding': 'gzip, br' } })
  assert.equal(headers['content-encoding'], 'gzip')
  assert.ok(body.equals(packed))
  assert.equal(upstream.calls[0]?.headers['accept-encoding'], 'gzip, br')
})

test('an answer without a content type gets none', async (t) => {
  const { send } = await startGateway(t, { respond: answer(200, {}, 'x') })
  assert.equal((await send()).headers['content-type'], undefined)
})

test('P8: early hints before the answer change nothing', async (t) => {
  const { send } = await startGateway(t, {
    respond: (_call, response) => {
      response.writeEarlyHints({ link: '</x>; rel=preload' })
      response.end('late')
    }
  })
  const { status, body } = await send()
  assert.deepEqual([status, body.toString()], [200, 'late'])
})
