// A request made from claims in the place of the client's, over real sockets.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import Fastify from 'fastify'
import boundToken, { forward } from '../../lib/index.ts'
import { answer, hang, reset, startDouble } from '../doubles/authorization-server.ts'
import { by, optionsFor, owner, ownersClaims, startAuthorizationServer } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'
import { startGateway, type Gateway, type GatewayOptions, type Message } from './gateway.ts'

const request = { path: '/login', form: { username: { claim: 'mail' }, password: { claim: ['legacy', 'password'] }, realm: 'old' } }
const knownAs = { ...ownersClaims, mail: 'alice@example.com', legacy: { password: 'se&cret=1' } }
const form = 'username=alice%40example.com&password=se%26cret%3D1&realm=old'

async function replaying (t: TestContext, options: GatewayOptions = {}): Promise<Gateway> {
  const gateway = await startGateway(t, { ...options, upstream: { request, ...options.upstream } })
  gateway.known.set('good', knownAs)
  return gateway
}

test('whatever the client asks, the upstream gets the login, and the client its answer', async (t) => {
  const { send, upstream } = await replaying(t, { respond: answer(200, { 'set-cookie': 'session=1' }, 'welcome') })
  const messages: Message[] = [
    { path: '/some/where?username=mallory&x=1' },
    { method: 'POST', path: '/', headers: { 'content-type': 'application/json', 'content-length': '16' }, body: '{"username":"m"}' },
    { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', 'transfer-encoding': 'chunked' }, body: 'username=mallory' },
    { method: 'DELETE', path: '/x' },
    { method: 'PUT', headers: { 'content-length': '0', 'content-encoding': 'gzip', content_type: 'text/x', 'if-none-match': '"x"', range: 'bytes=0-1' } }
  ]
  for (const message of messages) {
    const { status, body, headers } = await send(message)
    assert.deepEqual([status, body.toString(), headers['set-cookie']], [200, 'welcome', ['session=1']])
    const { method, url, body: sent, headers: got } = upstream.calls.at(-1) ?? assert.fail('nothing was sent')
    assert.deepEqual([method, url, sent], ['POST', '/login', form])
    const content = Object.entries(got).filter(([name]) => /content|transfer|^if|range|expect/.test(name)).sort()
    assert.deepEqual(content, [['content-length', String(form.length)], ['content-type', 'application/x-www-form-urlencoded']])
    assert.equal(got.authorization, undefined)
  }
  assert.equal(upstream.calls.length, messages.length)
})

test('HEAD of the client: the upstream gets the POST, the client no body', async (t) => {
  const { send, upstream } = await replaying(t)
  const { status, body } = await send({ method: 'HEAD' })
  assert.deepEqual([status, body.length, upstream.calls[0]?.method], [200, 0, 'POST'])
})

for (const method of ['GET', 'DELETE', 'PUT'] as const) {
  test(`${method} without a form has no body, and nothing of the client's`, async (t) => {
    const { send, upstream } = await startGateway(t, { upstream: { request: { method, path: '/fixed' } } })
    const { status } = await send({ method: 'POST', path: '/x?y', headers: { 'content-length': '3', 'content-type': 'text/plain' }, body: 'abc' })
    assert.equal(status, 200)
    const [call] = upstream.calls
    assert.deepEqual([call?.method, call?.url, call?.body, call?.headers['content-type'], call?.headers['content-length']], [method, '/fixed', '', undefined, method === 'PUT' ? '0' : undefined])
  })
}

test('headers and certificate are set as on any other request', async (t) => {
  const { send, upstream } = await replaying(t, { upstream: { headers: { 'x-subject': { claim: 'sub' } }, certificate: { header: 'x-thumbprint' }, token: 'forward' } })
  await send({ headers: { 'x-subject': 'mallory', 'x-other': 'kept' } })
  const { headers } = upstream.calls[0] ?? assert.fail('nothing was sent')
  assert.deepEqual([headers['x-subject'], headers['x-thumbprint'], headers.authorization, headers['x-other']], ['alice', owner.thumbprint, 'Bearer good', 'kept'])
})

test('a token without one of the claims: 403, and nothing is sent, logged or told', async (t) => {
  const { send, upstream, known, logged } = await replaying(t)
  known.set('good', { ...knownAs, legacy: { password: 4711e30 } })
  const { status, body, headers } = await send({ method: 'POST', headers: { 'content-length': '3' }, body: 'abc' })
  assert.equal(status, 403)
  assert.deepEqual(JSON.parse(body.toString()), { statusCode: 403, code: 'FST_BOUND_TOKEN_INSUFFICIENT_SCOPE', error: 'Forbidden', message: 'The access token does not allow this request' })
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(upstream.calls.length, 0)
  assert.ok(logged.some((line) => line.includes('claims_insufficient')))
  assert.ok(!logged.join().includes('alice@example.com') && !logged.join().includes('4711'))
})

test('S-38: neither claims nor secrets nor the form stand in a log, also when the upstream fails', async (t) => {
  process.env['LOGIN_REPLAY_TEST'] = 'the-kept-secret'
  t.after(() => { delete process.env['LOGIN_REPLAY_TEST'] })
  const { send, upstream, logged } = await replaying(t, { upstream: { request: { ...request, form: { ...request.form, client: { env: 'LOGIN_REPLAY_TEST' } } }, timeout: 300 } })
  assert.equal((await send()).status, 200)
  assert.equal(upstream.calls[0]?.body, `${form}&client=the-kept-secret`)
  upstream.behave(reset)
  assert.equal((await send()).status, 502)
  upstream.behave(hang)
  assert.equal((await send()).status, 504)
  assert.doesNotMatch(logged.join('\n'), /alice(?:@|%40)|se&cret|se%26cret|the-kept-secret|username/)
})

test('it is sent once, also when the connection breaks', async (t) => {
  const { send, upstream } = await replaying(t, { respond: reset, upstream: { retries: 5, request } })
  assert.equal((await send()).status, 502)
  assert.equal(upstream.calls.length, 1)
})

/** A POST of which only so much of the body is sent; the connection stays open. */
async function begin (t: TestContext, port: number, headers: string, body: Buffer | string): Promise<{ socket: Socket, said: () => string }> {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  let said = ''
  socket.on('data', (chunk: Buffer) => { said += chunk.toString() })
  const credentials = Object.entries(by(owner)).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`POST /x HTTP/1.1\r\nhost: x\r\n${headers}${credentials}\r\n`)
  socket.write(body)
  return { socket, said: () => said }
}

test('a client that never ends its body does not hold up its request', async (t) => {
  const { port, upstream } = await replaying(t)
  const { socket, said } = await begin(t, port, 'content-length: 1000\r\n', 'a few')
  await once(socket, 'close')
  assert.match(said(), /^HTTP\/1\.1 200 /)
  assert.match(said(), /connection: close/i)
  assert.equal(upstream.calls[0]?.body, form)
})

test('a large body is not read, and its connection ends with the answer', async (t) => {
  const { port, upstream } = await replaying(t)
  const { socket, said } = await begin(t, port, 'transfer-encoding: chunked\r\n', `100000\r\n${'x'.repeat(0x100000)}\r\n`)
  await once(socket, 'close')
  assert.match(said(), /^HTTP\/1\.1 200 [^]*connection: close/i)
  assert.equal(upstream.calls[0]?.body, form)
})

test('a large body, and an upstream that fails: its connection ends with the refusal', async (t) => {
  const { port, upstream } = await replaying(t, { respond: hang, upstream: { timeout: 300 } })
  const { socket, said } = await begin(t, port, 'transfer-encoding: chunked\r\n', `100000\r\n${'x'.repeat(0x100000)}\r\n`)
  await once(socket, 'close')
  assert.match(said(), /^HTTP\/1\.1 504 [^]*connection: close/i)
  assert.equal(upstream.calls.length, 1)
})

test('a small body is read, and its connection is used again', async (t) => {
  const { port, upstream } = await replaying(t)
  const { socket, said } = await begin(t, port, 'content-length: 60000\r\n', 'x'.repeat(60_000))
  await eventually('the answer is there', () => said().includes('from upstream'))
  assert.doesNotMatch(said(), /connection: close/i)
  const credentials = Object.entries(by(owner)).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`GET /x HTTP/1.1\r\nhost: x\r\n${credentials}\r\n`)
  await eventually('the second answer is there', () => said().split('from upstream').length === 3)
  assert.equal(upstream.calls.length, 2)
})

test('expect: 100-continue: the client may go on, the upstream is not asked', async (t) => {
  const { port, upstream } = await replaying(t)
  const { said } = await begin(t, port, 'content-length: 3\r\nexpect: 100-continue\r\n', 'abc')
  await eventually('the answer is there', () => said().includes('from upstream'))
  assert.match(said(), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
  assert.equal(upstream.calls[0]?.headers['expect'], undefined)
})

test('a client that leaves in the middle of its body does no harm', async (t) => {
  const { port, upstream, send } = await replaying(t, { respond: hang, upstream: { timeout: 300 } })
  const { socket } = await begin(t, port, 'content-length: 1000\r\n', 'a few')
  await eventually('the upstream was asked', () => upstream.calls.length === 1)
  socket.resetAndDestroy()
  upstream.behave(answer(200, {}, 'from upstream'))
  assert.equal((await send()).status, 200)
})

test('a client of HTTP/2 whose body does not end gets its answer, and the end of its stream', async (t) => {
  const upstream = await startDouble(answer(200, {}, 'from upstream'))
  t.after(() => upstream.close())
  const { authorizationServer, known } = await startAuthorizationServer(t)
  known.set('good', knownAs)
  const app = Fastify({ http2: true })
  const sessions: ClientHttp2Session[] = []
  t.after(async () => {
    for (const each of sessions) each.destroy()
    await app.close()
  })
  await app.register(boundToken, optionsFor(authorizationServer.origin))
  app.all('/*', { config: { boundToken: { upstream: { url: upstream.origin, request } } } }, forward as never)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const session = connectHttp2(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  sessions.push(session)
  const stream = session.request({ ':method': 'POST', ':path': '/x', ...by(owner) })
  stream.on('error', () => {})
  stream.write('x'.repeat(65_537))
  const [headers] = await once(stream, 'response') as [{ ':status'?: number }]
  assert.equal(headers[':status'], 200)
  stream.resume()
  await once(stream, 'close')
  assert.equal(upstream.calls[0]?.body, form)
})

test('in report mode there are no claims: a form that needs one stops the boot, one that needs none does not', async (t) => {
  await assert.rejects(startGateway(t, { route: { mode: 'report' }, upstream: { request } }), /route .*upstream\.request\.form: found \{ claim \} in report mode/)
  await assert.rejects(startGateway(t, { plugin: { mode: 'report' }, upstream: { request } }), /found \{ claim \} in report mode/)
  const { send, upstream } = await startGateway(t, { route: { mode: 'report' }, upstream: { request: { path: '/x', form: { a: 'b' } } } })
  assert.equal((await send({ anonymous: true })).status, 200)
  assert.equal(upstream.calls[0]?.body, 'a=b')
})

test('S-35: an ambiguous path goes nowhere, though nothing of it would go on', async (t) => {
  const { send, upstream } = await replaying(t)
  assert.equal((await send({ path: '/x/%2e%2e/y' })).status, 400)
  assert.equal(upstream.calls.length, 0)
})
