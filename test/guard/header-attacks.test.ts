import assert from 'node:assert/strict'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import type { FastifyBoundTokenOptions } from '../../types/options.ts'
import { owner, protectedApp, stranger } from './protected-app.ts'

// Raw sockets: inject() joins and trims lines otherwise than the wire does.

interface Listening {
  /** Sends these lines as they are. */
  send (lines: readonly string[], method?: string, body?: string): Promise<number>
  /** How often the authorization server was asked. */
  asked (): number
}

async function listening (t: TestContext, options: Partial<FastifyBoundTokenOptions> = {}): Promise<Listening> {
  const { app, authorizationServer } = await protectedApp(t, (app) => {
    app.all('/', async () => 'in')
  }, options, { keepAliveTimeout: 50 })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return {
    asked: () => authorizationServer.calls.length,
    async send (lines, method = 'GET', body = '') {
      const socket = connect(port, '127.0.0.1')
      const connection = lines.some((line) => /^connection:/i.test(line)) ? [] : ['Connection: close']
      socket.write([`${method} / HTTP/1.1`, 'Host: localhost', ...lines, ...connection, '', body].join('\r\n'), 'latin1')
      return Number((await received(socket)).slice(9, 12))
    }
  }
}

/** What arrives until the connection ends; a server that refuses a long request may reset it while it is still being sent. */
async function received (socket: Socket): Promise<string> {
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => { answer += chunk }).on('error', () => {})
  await new Promise((resolve) => socket.on('close', resolve))
  return answer
}

const token = 'Authorization: Bearer good'
const certificate = `X-SSL-Cert: ${owner.escaped}`

test('83, S-1: a header from a peer that is not trusted is refused, however it is addressed', async (t) => {
  const { app, authorizationServer } = await protectedApp(t, undefined, { certificate: { preset: 'nginx', trustedProxies: ['10.0.0.0/8', '2001:db8::/32'], verified: false } })
  const headers = { authorization: 'Bearer good', 'x-ssl-cert': owner.escaped, 'x-forwarded-for': '10.0.0.1', forwarded: 'for=10.0.0.1' }
  const from = async (remoteAddress: string) => (await app.inject({ url: '/', headers, remoteAddress })).statusCode
  for (const peer of ['127.0.0.1', '11.0.0.1', '::1', '::ffff:127.0.0.1', '2001:db9::1', 'fe80::1%eth0', 'nonsense', '']) assert.equal(await from(peer), 401, peer)
  assert.equal(authorizationServer.calls.length, 0)
  for (const peer of ['10.0.0.1', '10.255.255.255', '::ffff:10.0.0.1', '2001:db8::1']) assert.equal(await from(peer), 200, peer)
})

test('S-1: no trust in anybody by default: a header source without trustedProxies does not boot', async (t) => {
  await assert.rejects(protectedApp(t, undefined, { certificate: { preset: 'nginx' } }), /options\.certificate\.trustedProxies: missing/)
})

test('S-1, S-10: what a proxy says about the address of its client moves nothing, also with trustProxy', async (t) => {
  const { app } = await protectedApp(t, undefined, { certificate: { preset: 'nginx', trustedProxies: ['10.0.0.1'], verified: false } }, { trustProxy: true })
  const headers = { authorization: 'Bearer good', 'x-ssl-cert': owner.escaped, 'x-forwarded-for': '10.0.0.1' }
  assert.equal((await app.inject({ url: '/', headers, remoteAddress: '192.0.2.1' })).statusCode, 401)
})

test('S-10: what it says of host, scheme and path moves neither verdict nor challenge, also with trustProxy', async (t) => {
  const { app } = await protectedApp(t, (app) => {
    app.get('/', async () => 'in')
    app.get('/admin', { config: { boundToken: { scopes: ['admin'] } } }, async () => 'in')
    app.get('/public', { config: { boundToken: false } }, async () => 'in')
  }, {}, { trustProxy: true })
  const claims = [
    {}, { 'x-forwarded-host': 'evil.example' }, { 'x-forwarded-proto': 'https' }, { 'x-forwarded-uri': '/public' }, { 'x-original-url': '/public' }, { 'x-rewrite-url': '/public' },
    { 'x-forwarded-prefix': '/public' }, { 'x-http-method-override': 'OPTIONS' }, { host: 'evil.example' }, { forwarded: 'host=evil.example;proto=https' }
  ]
  for (const [url, who, status] of [['/', owner, 200], ['/', stranger, 401], ['/', null, 401], ['/admin', owner, 403]] as const) {
    const challenges = new Set<unknown>()
    for (const claim of claims) {
      const { statusCode, headers } = await app.inject({ url, headers: { authorization: 'Bearer good', ...who !== null && { 'x-ssl-cert': who.escaped }, ...claim } })
      assert.equal(statusCode, status, JSON.stringify(claim))
      challenges.add(headers['www-authenticate'])
    }
    assert.equal(challenges.size, 1)
  }
})

test('S-2: an alias of a trusted name is refused, alone and beside the real one', async (t) => {
  const { send, asked } = await listening(t, { certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'] } })
  const verdict = 'X-SSL-Verify: SUCCESS'
  for (const alias of ['X_SSL_Cert', 'x-ssl_cert', 'X.SSL.Cert', 'x_ssl-cert']) {
    assert.equal(await send([token, `${alias}: ${owner.escaped}`, verdict]), 401, alias)
    assert.equal(await send([token, certificate, verdict, `${alias}: ${owner.escaped}`]), 401, `${alias} beside`)
  }
  assert.equal(await send([token, certificate, verdict, 'X_SSL_Verify: SUCCESS']), 401, 'an alias of the verify header')
  assert.equal(asked(), 0)
  assert.equal(await send([token, certificate, verdict]), 200)
})

test('S-2: a configured name with underscores works, and its dashed alias is refused', async (t) => {
  const { send } = await listening(t, { certificate: { header: 'ssl_client_cert', format: 'url-pem', trustedProxies: ['127.0.0.1'] } })
  assert.equal(await send([token, `ssl_client_cert: ${owner.escaped}`]), 200)
  assert.equal(await send([token, `SSL-Client-Cert: ${owner.escaped}`]), 401)
})

test('S-3: a certificate, a verdict or a token in the trailers is never read', async (t) => {
  const { send } = await listening(t)
  const trailers = `0\r\nX-SSL-Cert: ${owner.escaped}\r\nAuthorization: Bearer good\r\n\r\n`
  assert.equal(await send([token, 'Content-Type: text/plain', 'Transfer-Encoding: chunked', 'Trailer: X-SSL-Cert'], 'POST', trailers), 401)
  assert.equal(await send([certificate, 'Content-Type: text/plain', 'Transfer-Encoding: chunked'], 'POST', trailers), 401)
})

test('S-4: a Connection header that names a trusted header or the token is refused', async (t) => {
  const { send, asked } = await listening(t, { certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'] } })
  const rest = [token, certificate, 'X-SSL-Verify: SUCCESS']
  for (const connection of ['close, X-SSL-Cert', 'x-ssl-verify', 'CLOSE,x_ssl_cert', ' close ,\tX-SSL-CERT ', 'x-ssl-cert,close']) {
    assert.equal(await send([...rest, `Connection: ${connection}`]), 401, connection)
  }
  assert.equal(await send([...rest, 'Connection: close, authorization']), 400)
  assert.equal(await send([...rest, 'Connection: close', 'Connection: x-ssl-cert']), 401, 'in a second line')
  assert.equal(asked(), 0)
  assert.equal(await send([...rest, 'Connection: close, x-other']), 200)
})

test('S-5: repeated lines are refused, also equal ones', async (t) => {
  const { send, asked } = await listening(t, { certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'] } })
  const verdict = 'X-SSL-Verify: SUCCESS'
  assert.equal(await send([token, certificate, certificate, verdict]), 401)
  assert.equal(await send([token, certificate, `x-ssl-cert: ${stranger.escaped}`, verdict]), 401)
  assert.equal(await send([token, certificate, 'X-SSL-Cert:', verdict]), 401, 'an empty second line')
  assert.equal(await send([token, certificate, verdict, verdict]), 401)
  assert.equal(await send([token, token, certificate, verdict]), 400)
  assert.equal(await send([token, 'Authorization: Basic YTpi', certificate, verdict]), 400)
  assert.equal(await send(['Authorization: Basic YTpi', token, certificate, verdict]), 400)
  assert.equal(asked(), 0)
})

test('S-14: a header that Node itself refuses is 431, and the process lives', async (t) => {
  const { send, asked } = await listening(t)
  const long = [[token, `X-SSL-Cert: ${'A'.repeat(20_000)}`], [token, `X-SSL-Cert: ${'A'.repeat(100_000)}`], [`Authorization: Bearer ${'A'.repeat(1_000_000)}`, certificate]]
  // 0: reset before the answer was read.
  for (const lines of long) assert.ok([431, 0].includes(await send(lines)))
  assert.equal(asked(), 0)
  assert.equal(await send([token, certificate]), 200)
})
