// An upstream that is spoken to in HTTP/2: with and without TLS, both ways at a time, and with all the trouble that it can make.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { createSecureServer, createServer, constants, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { before, test, type TestContext } from 'node:test'
import type { UpstreamOptions } from '../../types/options.ts'
import { by, owner } from '../guard/protected-app.ts'
import { createAuthority, type CertificateAuthority } from '../token/certificate-authority.ts'
import { eventually } from '../token/eventually.ts'
import { startGateway, type Gateway, type GatewayOptions } from './gateway.ts'

let authority: CertificateAuthority
before(async () => { authority = await createAuthority('ours') })

type Behaviour = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void

interface Http2Double {
  readonly url: string
  readonly calls: IncomingHttpHeaders[]
  readonly sessions: ServerHttp2Session[]
  readonly sockets: Socket[]
  behave (behaviour: Behaviour): void
}

async function listen (t: TestContext, server: Server | Http2Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

const hello: Behaviour = (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'text/plain' })
  stream.end('from upstream')
}

async function startHttp2 (t: TestContext, behaviour: Behaviour, tls?: { cert: string, key: string }): Promise<Http2Double> {
  const calls: IncomingHttpHeaders[] = []
  const sessions: ServerHttp2Session[] = []
  const sockets: Socket[] = []
  let current = behaviour
  const server = tls === undefined ? createServer() : createSecureServer(tls)
  server.on('connection', (socket: Socket) => sockets.push(socket))
  server.on('session', (session) => sessions.push(session.on('error', () => {})))
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {})
    calls.push(headers)
    current(stream, headers)
  })
  const port = await listen(t, server)
  return { url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, calls, sessions, sockets, behave (next) { current = next } }
}

interface Scene extends Gateway {
  readonly http2: Http2Double
}

async function start (t: TestContext, behaviour: Behaviour = hello, upstream: Partial<UpstreamOptions> = {}, options: GatewayOptions = {}): Promise<Scene> {
  const http2 = await startHttp2(t, behaviour)
  return { ...await startGateway(t, { ...options, upstream: { url: http2.url, http2: true, timeout: 2000, ...upstream } }), http2 }
}

/** Resets a stream at once, as no API of Node's does: END_STREAM is not sent before. */
function resetStream (stream: ServerHttp2Stream, code: number): void {
  const symbol = Object.getOwnPropertySymbols(stream).find(({ description }) => description === 'kHandle') ??
    Object.getOwnPropertySymbols(Object.getPrototypeOf(stream)).find(({ description }) => description === 'kHandle')
  const handle = (stream as unknown as Record<symbol, { rstStream (code: number): void }>)[symbol as symbol]
  assert.ok(handle !== undefined, 'Node keeps its handle elsewhere now')
  handle.rstStream(code)
}

test('over http, where it is known that the upstream speaks HTTP/2', async (t) => {
  const { send, http2 } = await start(t)
  const { status, body, headers } = await send({ path: '/x?y=%2F', headers: { 'x-a': 'b', te: 'trailers', cookie: 'a=1; b=2' } })
  assert.deepEqual([status, body.toString(), headers['content-type']], [200, 'from upstream', 'text/plain'])
  const { ':method': method, ':path': path, ':authority': host, ':scheme': scheme, ...fields } = http2.calls[0] as IncomingHttpHeaders
  assert.deepEqual([method, path, `${scheme}://${host}`, fields['x-a'], fields.cookie], ['GET', '/x?y=%2F', http2.url, 'b', 'a=1; b=2'])
  for (const name of ['host', 'connection', 'te', 'authorization', 'x-ssl-cert']) assert.equal(fields[name], undefined, name)
})

test('over https, agreed upon by ALPN, and verified', async (t) => {
  const { url, calls } = await startHttp2(t, hello, await authority.issue('127.0.0.1'))
  const { send } = await startGateway(t, { upstream: { url, http2: true, tls: { ca: authority.ca } } })
  assert.equal((await send()).body.toString(), 'from upstream')
  assert.equal(calls[0]?.[':scheme'], 'https')
})

test('S-31: an upstream of another authority, or with another name, gets nothing', async (t) => {
  const another = await createAuthority('another')
  const stranger = await startHttp2(t, hello, await another.issue('127.0.0.1'))
  const misnamed = await startHttp2(t, hello, await authority.issue('127.0.0.2'))
  for (const { url, calls } of [stranger, misnamed]) {
    for (const tls of [undefined, { ca: authority.ca }]) {
      const { send } = await startGateway(t, { upstream: { url, http2: true, ...(tls === undefined ? {} : { tls }) } })
      assert.equal((await send()).status, 502)
    }
    assert.equal(calls.length, 0)
  }
})

test('an upstream that does not speak HTTP/2 gets nothing, with TLS and without', async (t) => {
  let calls = 0
  const count = (): void => { calls++ }
  const secureServer = createHttpsServer(await authority.issue('127.0.0.1'), count).on('clientError', ({ code }: NodeJS.ErrnoException) => {
    if (code?.startsWith('HPE_') === true) count() // Something was sent that is not HTTP/1.1.
  })
  const secure = await listen(t, secureServer)
  const plain = await listen(t, createHttpServer(count))
  for (const upstream of [{ url: `https://127.0.0.1:${secure}`, tls: { ca: authority.ca } }, { url: `http://127.0.0.1:${plain}` }]) {
    const { send } = await startGateway(t, { upstream: { ...upstream, http2: true } })
    assert.equal((await send()).status, 502)
    assert.equal((await send({ method: 'POST', headers: { 'content-length': '1' }, body: 'x' })).status, 502)
  }
  assert.equal(calls, 0)
})

test('requests that come together share one connection', async (t) => {
  const held: ServerHttp2Stream[] = []
  const { send, http2 } = await start(t, (stream) => { held.push(stream) })
  const sent = Array.from({ length: 20 }, () => send())
  await eventually('all have arrived', () => held.length === 20)
  assert.equal(http2.sessions.length, 1)
  for (const stream of held.reverse()) hello(stream, {})
  assert.deepEqual([...new Set((await Promise.all(sent)).map(({ status }) => status))], [200])
})

test('`connections` is the number of requests at a time', async (t) => {
  const held: ServerHttp2Stream[] = []
  const { send } = await start(t, (stream) => { held.push(stream) }, { connections: 2 })
  const sent = [send(), send(), send()]
  await eventually('two have arrived', () => held.length === 2)
  for (const stream of held.splice(0)) hello(stream, {})
  await eventually('the third arrives', () => held.length === 1)
  for (const stream of held.splice(0)) hello(stream, {})
  assert.deepEqual((await Promise.all(sent)).map(({ status }) => status), [200, 200, 200])
})

test('bodies go both ways at a time, piece by piece', async (t) => {
  const { port } = await start(t, (stream) => {
    stream.respond({ ':status': 200 })
    stream.pipe(stream)
  })
  const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', path: '/', headers: by(owner), agent: false })
  t.after(() => request.destroy())
  request.write('ping')
  const [response] = await once(request, 'response') as [IncomingMessage]
  for (const piece of ['ping', 'pong', 'ping']) {
    if (piece !== 'ping' || request.writableLength === 0) assert.equal(String((await once(response, 'data'))[0]), piece)
    if (piece === 'ping') request.write('pong')
    else request.write('ping')
  }
  request.end()
  response.resume()
  await once(response, 'end')
})

const large = randomBytes(5_000_000)
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

for (const framing of ['content-length', 'transfer-encoding'] as const) {
  test(`5 MB up and down, by ${framing}`, async (t) => {
    const { send, http2 } = await start(t, (stream) => {
      buffer(stream).then((bytes) => {
        stream.respond({ ':status': 201 })
        stream.end(bytes)
      }, () => {})
    })
    const { status, body } = await send({ method: 'PUT', headers: { [framing]: framing === 'content-length' ? String(large.length) : 'chunked' }, body: large })
    assert.deepEqual([status, digest(body)], [201, digest(large)])
    assert.equal(http2.calls[0]?.['content-length'], framing === 'content-length' ? String(large.length) : undefined)
  })
}

/** Reads the answer with pauses in between, so that it waits on the way. */
async function readSlowly (port: number): Promise<Buffer> {
  const request = httpRequest({ host: '127.0.0.1', port, path: '/', headers: by(owner), agent: false })
  request.end()
  const [response] = await once(request, 'response') as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) {
    chunks.push(chunk as Buffer)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return Buffer.concat(chunks)
}

test('trailers are left out, and cost nothing of the body, also where its reader is slow', async (t) => {
  const { port, send } = await start(t, (stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(large)
  })
  assert.equal(digest(await readSlowly(port)), digest(large))
  assert.equal((await send()).headers['grpc-status'], undefined)
})

test('clients that do not read hold up nobody else', async (t) => {
  const piece = Buffer.alloc(16_384)
  let drained = 0
  const { port, send, http2 } = await start(t, (stream) => {
    const fill = (): void => {
      while (!stream.destroyed && stream.write(piece));
    }
    stream.respond({ ':status': 200 })
    stream.on('drain', () => {
      drained++
      fill()
    })
    fill()
  }, { connections: 30, timeout: 30_000 })
  for (let i = 0; i < 20; i++) {
    const request = httpRequest({ host: '127.0.0.1', port, path: '/', headers: by(owner), agent: false }).end()
    t.after(() => request.destroy())
    request.on('error', () => {})
    const [response] = await once(request, 'response') as [IncomingMessage]
    response.pause()
  }
  let seen = -1
  let still = 0
  await eventually('nothing flows any more', () => {
    still = drained === seen ? still + 1 : 0
    seen = drained
    return still >= 20
  })
  http2.behave((stream) => {
    stream.respond({ ':status': 200 })
    stream.end(large)
  })
  assert.equal(digest((await send()).body), digest(large))
  assert.equal(http2.sessions.length, 1)
})

test('HEAD, 204, 304, an empty body and early hints', async (t) => {
  const { send, http2 } = await start(t, (stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</x>' })
    stream.respond({ ':status': 200, 'content-length': '10' }, { endStream: true })
  })
  const { status, headers, body } = await send({ method: 'HEAD' })
  assert.deepEqual([status, headers['content-length'], headers.link, body.length], [200, '10', undefined, 0])
  for (const code of [204, 304, 200]) {
    http2.behave((stream) => stream.respond({ ':status': code, 'set-cookie': ['a=1', 'b=2'] }, { endStream: true }))
    const { status, headers, body } = await send()
    assert.deepEqual([status, headers['set-cookie'], body.length], [code, ['a=1', 'b=2'], 0])
  }
})

test('a form of our own', async (t) => {
  let body = ''
  const { send, http2 } = await start(t, (stream, headers) => {
    buffer(stream).then((bytes) => {
      body = bytes.toString()
      hello(stream, headers)
    }, () => {})
  }, { request: { path: '/login', form: { user: { claim: 'sub' } } } })
  assert.equal((await send()).status, 200)
  const { ':method': method, ':path': path, 'content-length': length } = http2.calls[0] as IncomingHttpHeaders
  assert.deepEqual([method, path, length, body], ['POST', '/login', '10', 'user=alice'])
})

const codes = [constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_PROTOCOL_ERROR, constants.NGHTTP2_INTERNAL_ERROR, constants.NGHTTP2_REFUSED_STREAM, constants.NGHTTP2_CANCEL]
for (const code of codes) {
  test(`RST_STREAM with code ${code} before headers: 502, once, and the connection is used on`, async (t) => {
    const { send, http2 } = await start(t, (stream) => resetStream(stream, code))
    assert.equal((await send()).status, 502)
    assert.equal((await send({ method: 'POST', headers: { 'content-length': '1' }, body: 'x' })).status, 502)
    assert.equal(http2.calls.length, 2)
    http2.behave(hello)
    assert.equal((await send()).status, 200)
    assert.equal(http2.sessions.length, 1)
  })

  test(`RST_STREAM with code ${code} in the middle of a body: it breaks off, and does not look complete`, async (t) => {
    const { send, http2 } = await start(t, (stream) => {
      stream.respond({ ':status': 200 })
      stream.write('half')
      setImmediate(() => setImmediate(() => resetStream(stream, code)))
    })
    await assert.rejects(send(), { code: 'ECONNRESET' })
    http2.behave(hello)
    assert.equal((await send()).status, 200)
  })
}

test('a body that is shorter than its length breaks off', async (t) => {
  const { send } = await start(t, (stream) => {
    stream.respond({ ':status': 200, 'content-length': '100' })
    stream.end('short')
  })
  await assert.rejects(send(), { code: 'ECONNRESET' })
})

test('GOAWAY lets what is under way end, and new requests get a new connection', async (t) => {
  const held: ServerHttp2Stream[] = []
  const { send, http2 } = await start(t, (stream) => { held.push(stream) })
  const first = send()
  await eventually('it has arrived', () => held.length === 1)
  http2.sessions[0]?.close()
  http2.behave(hello)
  await eventually('the next request goes elsewhere', async () => (await send()).status === 200 && http2.sessions.length === 2)
  hello(held[0] as ServerHttp2Stream, {})
  assert.equal((await first).status, 200)
})

test('GOAWAY with an error, and a connection that breaks: 502, once each, and the next request gets a new one', async (t) => {
  const { send, http2 } = await start(t, (stream) => stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM))
  assert.equal((await send()).status, 502)
  http2.behave((stream) => stream.session?.destroy())
  assert.equal((await send()).status, 502)
  assert.equal(http2.calls.length, 2)
  http2.behave(hello)
  assert.equal((await send()).status, 200)
})

test('a connection that breaks in the middle of bodies breaks them all off, and harms nothing else', async (t) => {
  const held: ServerHttp2Stream[] = []
  const { send, http2 } = await start(t, (stream) => {
    stream.respond({ ':status': 200 })
    stream.write('half')
    held.push(stream)
  })
  const sent = Array.from({ length: 5 }, async () => await send().then(() => 'complete', ({ code }) => code))
  await eventually('all have arrived', () => held.length === 5)
  http2.sockets[0]?.destroy()
  assert.deepEqual([...new Set(await Promise.all(sent))], ['ECONNRESET'])
  http2.behave(hello)
  assert.equal((await send()).status, 200)
})

test('no headers in time: 504, the request is called back, and the connection gets no more requests', async (t) => {
  let wasReset = false
  const { send, http2 } = await start(t, (stream) => { stream.on('close', () => { wasReset = stream.rstCode === constants.NGHTTP2_CANCEL }) }, { timeout: 200 })
  assert.equal((await send()).status, 504)
  await eventually('it is called back', () => wasReset)
  http2.behave(hello)
  assert.equal((await send()).status, 200)
  assert.equal(http2.sessions.length, 2)
})

test('a body that stalls is given up', async (t) => {
  const { send } = await start(t, (stream) => {
    stream.respond({ ':status': 200 })
    stream.write('half')
  }, { timeout: 200 })
  await assert.rejects(send(), { code: 'ECONNRESET' })
})

test('nobody listens: 502; somebody accepts and says nothing: 504', async (t) => {
  const silent = createTcpServer()
  const port = await listen(t, silent)
  for (const scheme of ['http', 'https']) {
    const { send } = await startGateway(t, { upstream: { url: `${scheme}://127.0.0.1:${port}`, http2: true, timeout: 200 } })
    assert.equal((await send()).status, 504)
  }
  const { send } = await startGateway(t, { upstream: { url: 'http://127.0.0.1:1', http2: true } })
  assert.equal((await send()).status, 502)
})

test('an answer that comes before the body has been read reaches the client', async (t) => {
  const { port } = await start(t, (stream) => {
    stream.respond({ ':status': 413 })
    stream.end('too large')
    stream.on('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
  })
  const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', path: '/', headers: { ...by(owner), 'transfer-encoding': 'chunked' }, agent: false })
  request.on('error', () => {})
  request.write('x'.repeat(100_000))
  const [response] = await once(request, 'response') as [IncomingMessage]
  assert.deepEqual([response.statusCode, (await buffer(response)).toString()], [413, 'too large'])
  request.destroy()
})

test('a client that leaves in the middle of its body: the upstream sees no end of it', async (t) => {
  const held: ServerHttp2Stream[] = []
  const { port, http2, send } = await start(t, (stream) => { held.push(stream.resume()) }, { timeout: 30_000 })
  const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', path: '/', headers: { ...by(owner), 'transfer-encoding': 'chunked' }, agent: false })
  request.on('error', () => {})
  request.write('half')
  await eventually('it has arrived', () => held.length === 1)
  request.destroy()
  await eventually('it is called back', () => held[0]?.closed === true)
  assert.equal(held[0]?.rstCode, constants.NGHTTP2_CANCEL)
  http2.behave(hello)
  assert.equal((await send()).status, 200)
})

test('a client that leaves in the middle of the answer: the upstream is told', async (t) => {
  const held: ServerHttp2Stream[] = []
  const { port } = await start(t, (stream) => {
    stream.respond({ ':status': 200 })
    stream.write('half')
    held.push(stream)
  })
  const request = httpRequest({ host: '127.0.0.1', port, path: '/', headers: by(owner), agent: false }).end()
  request.on('error', () => {})
  await once(request, 'response')
  request.destroy()
  await eventually('it is called back', () => held[0]?.closed === true)
})

test('closing the application closes the connection', async (t) => {
  const { send, http2, app } = await start(t)
  assert.equal((await send()).status, 200)
  await app.close()
  await eventually('it is closed', () => http2.sessions.every(({ destroyed }) => destroyed))
})

test('S-38: nothing of what is sent stands in a log when it fails', async (t) => {
  const { send, logged } = await start(t, (stream) => stream.session?.destroy(), { token: 'forward' })
  assert.equal((await send({ headers: { 'x-a': 'very private' } })).status, 502)
  assert.ok(logged.some((line) => line.includes('upstream_unavailable')))
  assert.doesNotMatch(logged.join('\n'), /Bearer|very private/)
})

test('a GET or HEAD with a body goes on without it, and without its length', async (t) => {
  const { send, http2 } = await start(t)
  for (const method of ['GET', 'HEAD']) {
    const { status } = await send({ method, headers: { 'content-length': '5' }, body: 'hello' })
    assert.deepEqual([status, http2.calls.at(-1)?.[':method'], http2.calls.at(-1)?.['content-length']], [200, method, undefined])
  }
  const { status } = await send({ method: 'POST', headers: { 'content-length': '5' }, body: 'hello' })
  assert.deepEqual([status, http2.calls.at(-1)?.['content-length']], [200, '5'])
})
