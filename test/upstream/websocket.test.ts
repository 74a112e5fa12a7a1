// A WebSocket is opened only for requests that the guard lets in.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { owner, ownersClaims, protectedApp, stranger } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'
import { exchangeRaw, handshake, refusalOf, startSocketGateway, statusOf } from './websocket-gateway.ts'

test('a known token: messages go both ways', async (t) => {
  const { open, upstream } = await startSocketGateway(t)
  const client = open()
  await once(client, 'open')
  for (const text of ['one', 'two', '€'.repeat(70_000)]) {
    client.send(text)
    assert.equal(String((await once(client, 'message'))[0]), text)
  }
  client.close(1000, 'done')
  const [code, reason] = await once(client, 'close')
  assert.deepEqual([code, String(reason)], [1000, 'done'])
  await eventually('the upstream is left', () => upstream.sockets.size === 0)
})

const refused: Array<[name: string, status: number, headers: Record<string, string | null>]> = [
  ['no token', 401, { Authorization: null }],
  ['a token that is not active', 401, { Authorization: 'Bearer bad' }],
  ['the certificate of another', 401, { 'X-SSL-Cert': stranger.escaped }],
  ['no certificate', 401, { 'X-SSL-Cert': null }],
  ['a token in the subprotocol', 401, { Authorization: null, 'Sec-WebSocket-Protocol': 'bearer, good' }]
]
for (const [name, status, lines] of refused) {
  test(`S-37: ${name}: ${status} on the socket, which ends, and nothing goes upstream`, async (t) => {
    const { raw, upstream, clients, app } = await startSocketGateway(t)
    const answer = await raw(handshake(lines))
    assert.equal(statusOf(answer), status)
    assert.match(answer, /\r\nconnection: close\r\n/i)
    assert.match(answer, /\r\nwww-authenticate: Bearer realm="/i)
    assert.match(answer, /\r\ncache-control: no-store\r\n/i)
    assert.equal(upstream.requests.length, 0)
    assert.equal(app.boundToken.stats().decisions.allowed, 0)
    await eventually('no socket is left', () => clients.size === 0)
  })
}

test('S-37: a scope that is missing: 403', async (t) => {
  const { raw, upstream } = await startSocketGateway(t, { route: { scopes: ['payments'] } })
  assert.equal(statusOf(await raw(handshake())), 403)
  assert.equal(upstream.requests.length, 0)
})

test('S-37: an unknown path: 401 without a token, 404 with one', async (t) => {
  const { raw } = await startSocketGateway(t)
  assert.equal(statusOf(await raw(handshake({ Authorization: null }, 'GET /unknown HTTP/1.1'))), 401)
  assert.equal(statusOf(await raw(handshake({}, 'GET /unknown HTTP/1.1'))), 404)
})

test('S-37: the authorization server is down: 503 and Retry-After', async (t) => {
  const { raw, authorizationServer, upstream } = await startSocketGateway(t)
  await authorizationServer.close()
  const answer = await raw(handshake())
  assert.equal(statusOf(answer), 503)
  assert.match(answer, /\r\nretry-after: \d/i)
  assert.equal(upstream.requests.length, 0)
})

test('S-35, S-37: an ambiguous path: 400', async (t) => {
  const { raw, upstream } = await startSocketGateway(t)
  assert.equal(statusOf(await raw(handshake({}, 'GET /ws/..%2fadmin HTTP/1.1'))), 400)
  assert.equal(upstream.requests.length, 0)
})

test('S-37: all hooks of the route run, in their order, and the last may still refuse', async (t) => {
  const ran: string[] = []
  const { raw, upstream } = await startSocketGateway(t, {
    declare: (app) => {
      for (const name of ['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const) app.addHook(name, async () => { ran.push(name) })
      app.addHook('preHandler', async (_request, reply) => await reply.code(418).send('no'))
    }
  })
  const answer = await raw(handshake())
  assert.equal(statusOf(answer), 418)
  assert.ok(answer.endsWith('\r\n\r\nno'))
  assert.deepEqual(ran, ['onRequest', 'preParsing', 'preValidation', 'preHandler'])
  assert.equal(upstream.requests.length, 0)
})

test('S-29, S-37: the upstream gets our headers, and none of the client\'s under their names, nor token and certificate', async (t) => {
  const { open, upstream } = await startSocketGateway(t, { upstream: { headers: { 'x-client-id': { claim: 'client_id' } }, certificate: { header: 'x-thumbprint' } } })
  const client = open({
    origin: 'https://app.example',
    headers: { 'x-client-id': 'forged', x_client_id: 'forged', 'x-thumbprint': 'forged', 'Client-Cert': ':Zm9yZ2Vk:', sec_websocket_key: 'forged', 'x-passed': 'yes', 'http2-settings': 'AA' }
  }, '/ws/chat?room=1&room=2')
  await once(client, 'open')
  client.terminate()
  const { url, rawHeaders } = upstream.requests[0] as { url: string, rawHeaders: string[] }
  const arrived = Object.fromEntries(rawHeaders.flatMap((name, index) => index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1]]] : []))
  const { 'sec-websocket-key': key, ...others } = arrived
  assert.equal(url, '/ws/chat?room=1&room=2')
  assert.match(key as string, /==$/)
  assert.deepEqual(others, {
    connection: 'Upgrade',
    upgrade: 'websocket',
    host: new URL(upstream.origin).host,
    origin: 'https://app.example',
    'sec-websocket-version': '13',
    'x-client-id': 'partner',
    'x-passed': 'yes',
    'x-thumbprint': owner.thumbprint
  })
})

test('S-37: a client cannot have our headers dropped by naming them in Connection', async (t) => {
  const { raw, upstream } = await startSocketGateway(t, { upstream: { headers: { 'x-client-id': { claim: 'client_id' } } }, onUpgrade: (_request, socket) => socket.destroy() })
  await raw(handshake({ Connection: 'Upgrade, X-Client-Id, X-Own, Host', 'X-Own': '1' }))
  assert.equal(upstream.requests[0]?.headers['x-client-id'], 'partner')
  assert.equal(upstream.requests[0]?.headers['x-own'], undefined)
  assert.equal(upstream.requests[0]?.headers.host, new URL(upstream.origin).host)
})

test('a route without `websocket` answers as to an ordinary request, and the connection ends', async (t) => {
  const { raw, upstream } = await startSocketGateway(t)
  const answer = await raw(handshake({}, 'GET /plain HTTP/1.1') + 'GET /plain?smuggled HTTP/1.1\r\nHost: x\r\n\r\n')
  assert.equal(statusOf(answer), 200)
  assert.ok(answer.endsWith('no WebSocket'))
  assert.equal(answer.split('HTTP/1.1 ').length, 2)
  assert.equal(upstream.requests.length, 1)
  assert.equal(upstream.requests[0]?.headers.upgrade, undefined)
})

test('a route with `websocket` takes ordinary requests as well', async (t) => {
  const { raw, upstream } = await startSocketGateway(t)
  assert.ok((await raw(handshake({ Upgrade: null, Connection: 'close' }))).endsWith('no WebSocket'))
  assert.equal(upstream.requests[0]?.headers['sec-websocket-key'], 'dGhlIHNhbXBsZSBub25jZQ==')
})

test('an application without a WebSocket route leaves upgrades to Node', async (t) => {
  const { app } = await startSocketGateway(t)
  assert.equal(app.server.listenerCount('upgrade'), 1)
  const { app: without } = await protectedApp(t)
  assert.equal(without.server.listenerCount('upgrade'), 0)
})

const malformed: Array<[name: string, status: number, lines: Record<string, string | null>, start?: string]> = [
  ['h2c', 400, { Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAoAAAAAIAAAAA', Connection: 'Upgrade, HTTP2-Settings' }],
  ['a list of protocols', 400, { Upgrade: 'websocket, h2c' }],
  ['another protocol after a tab', 400, { Upgrade: 'websocket\th2c' }],
  ['a version before 13', 426, { 'Sec-WebSocket-Version': '8' }],
  ['a list of versions', 426, { 'Sec-WebSocket-Version': '13, 8' }],
  ['no version', 426, { 'Sec-WebSocket-Version': null }],
  ['no key', 400, { 'Sec-WebSocket-Key': null }],
  ['a key of 15 bytes', 400, { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAA' }],
  ['a key of 17 bytes', 400, { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAAA=' }],
  ['a key with bits too many', 400, { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAB==' }],
  ['POST', 400, {}, 'POST /ws/chat HTTP/1.1'],
  ['HTTP/1.0', 400, {}, 'GET /ws/chat HTTP/1.0'],
  ['a length', 400, { 'Content-Length': '0' }],
  ['a body', 400, { 'Content-Length': '5' }],
  ['a transfer coding', 400, { 'Transfer-Encoding': 'chunked' }],
  ['no Host', 400, { Host: null }]
]
for (const [name, status, lines, start] of malformed) {
  test(`S-36, S-37: a handshake with ${name}: ${status}, and nothing goes upstream`, async (t) => {
    const { raw, upstream, clients } = await startSocketGateway(t)
    const answer = await raw(handshake(lines, start) + 'hello')
    assert.equal(statusOf(answer), status, answer)
    assert.match(answer, /\r\nconnection: (upgrade, )?close\r\n/i)
    if (status === 426) assert.match(answer, /\r\nupgrade: websocket\r\n[^]*sec-websocket-version: 13\r\n/i)
    assert.equal(upstream.requests.length, 0)
    await eventually('no socket is left', () => clients.size === 0)
  })
}

test('S-37: lines that are there twice', async (t) => {
  const { raw, upstream, app } = await startSocketGateway(t)
  for (const line of ['Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', 'Host: gateway.example', 'Authorization: Bearer good']) {
    const status = statusOf(await raw(handshake().replace('Connection:', `${line}\r\nConnection:`)))
    assert.equal(status, line.includes('Version') ? 426 : 400, line)
  }
  assert.equal(upstream.requests.length, 0)
  assert.equal(app.boundToken.stats().decisions.refused['token_malformed'], 1)
})

test('who has no token learns nothing of the handshake', async (t) => {
  const { raw, logged } = await startSocketGateway(t)
  assert.equal(statusOf(await raw(handshake({ Authorization: null, 'Sec-WebSocket-Version': '8' }))), 401)
  const isLogged = (reason: string): boolean => logged.some((line) => line.includes(reason))
  assert.deepEqual(['websocket_version_unsupported', 'websocket_handshake_malformed'].map(isLogged), [false, false])
  await raw(handshake({ 'Sec-WebSocket-Version': '8' }))
  await raw(handshake({ Upgrade: 'h2c' }))
  assert.deepEqual(['websocket_version_unsupported', 'websocket_handshake_malformed'].map(isLogged), [true, true])
})

for (const [kind, lines, body] of [['an upgrade', {}, ''], ['an upgrade with a body', { 'Content-Length': '9' }, 'incom']] as const) {
  test(`S-37: ${kind} behind a request that is not answered yet is cut off, and nothing of it is routed`, async (t) => {
    let answer = (): void => {}
    const { port, upstream, clients } = await startSocketGateway(t, { onRequest: (_request, response) => { answer = () => response.end('late') } })
    const answered = exchangeRaw(port, handshake({ Upgrade: null, Connection: null }, 'GET /plain HTTP/1.1') + handshake(lines) + body)
    assert.equal(await answered, '')
    await eventually('no socket is left', () => clients.size === 0)
    answer()
    assert.ok(upstream.requests.every(({ headers }) => headers.upgrade === undefined))
  })
}

test('subprotocols and extensions are agreed between client and upstream', async (t) => {
  const { open } = await startSocketGateway(t)
  const client = open({ perMessageDeflate: true }, '/ws/chat', ['chat.v2', 'chat.v1'])
  await once(client, 'open')
  assert.equal(client.protocol, 'chat.v2')
  client.terminate()
})

test('a token that was not known is asked for first', async (t) => {
  const { open, known, authorizationServer } = await startSocketGateway(t)
  known.set('other', ownersClaims)
  const client = open({ headers: { authorization: 'Bearer other' } })
  await once(client, 'open')
  client.terminate()
  assert.equal(authorizationServer.calls.length, 1)
  assert.equal((await refusalOf(open({ headers: { authorization: 'Bearer gone' } }))).status, 401)
})

test('report mode: opened without identity headers', async (t) => {
  const { open, upstream } = await startSocketGateway(t, { route: { mode: 'report' }, upstream: { headers: { 'x-client-id': { claim: 'client_id' } } } })
  for (const authorization of ['Bearer good', 'Bearer bad']) {
    const client = open({ headers: { authorization, 'x-client-id': 'forged' } })
    await once(client, 'open')
    client.terminate()
  }
  assert.deepEqual(upstream.requests.map(({ headers }) => headers['x-client-id']), [undefined, undefined])
})

test('not together with a request of one\'s own', async (t) => {
  await assert.rejects(startSocketGateway(t, { upstream: { request: { path: '/login' } } }),
    /config\.boundToken\.upstream\.websocket: found beside request; allowed: one of them/)
})
