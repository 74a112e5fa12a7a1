// What an upstream, or a client of one, could once do.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { createServer as createTcpServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { listen } from '../../examples/demo/listen.ts'
import boundToken, { forward } from '../../lib/index.ts'
import type { UpstreamOptions } from '../../types/options.ts'
import { by, optionsFor, owner, startAuthorizationServer } from '../guard/protected-app.ts'

async function gateway (t: TestContext, answer: RequestListener, options: Partial<UpstreamOptions> = {}, server: FastifyServerOptions & { http2?: true } = {}): Promise<{ app: FastifyInstance, url: string }> {
  const { authorizationServer } = await startAuthorizationServer(t)
  const upstream = await listen(createServer(answer))
  t.after(() => upstream.close())
  const app = Fastify({ ...server, forceCloseConnections: true } as object) as FastifyInstance
  t.after(() => app.close())
  await app.register(boundToken, optionsFor(authorizationServer.origin))
  app.all('/*', { config: { boundToken: { upstream: { url: `http://127.0.0.1:${upstream.port}`, ...options } } } }, forward)
  return { app, url: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

test('an upstream with two Connection lines does not end the process', async (t) => {
  const { app } = await gateway(t, (_request, response) => {
    response.setHeader('connection', ['keep-alive', 'x-hop'])
    response.setHeader('x-hop', 'secret')
    response.end('ok')
  })
  const { body, headers } = await app.inject({ url: '/', headers: by(owner) })
  assert.deepEqual([body, headers['x-hop']], ['ok', undefined])
})

test('over HTTP/2: repeated headers of the upstream are answered, and a body without content-length arrives', async (t) => {
  let received = ''
  const { url } = await gateway(t, async (request, response) => {
    received = await text(request)
    for (const name of ['content-type', 'date', 'location', 'etag', 'retry-after', 'server']) response.setHeader(name, ['one', 'two'])
    response.setHeader('set-cookie', ['a=1', 'b=2'])
    response.end('ok')
  }, {}, { http2: true })
  const session = connectHttp2(url)
  const stream = session.request({ ':method': 'POST', ':path': '/', ...by(owner) })
  stream.end('the body')
  const [headers] = await once(stream.resume(), 'response') as [IncomingHttpHeaders & { ':status': number }]
  session.destroy()
  assert.deepEqual([headers[':status'], headers.etag, headers['set-cookie'], received], [200, 'one', ['a=1', 'b=2'], 'the body'])
})

test('S-35: encoded signs cannot move a request from a strict route to a weak one', async (t) => {
  const { authorizationServer } = await startAuthorizationServer(t)
  const upstream = await listen(createServer((request, response) => response.end(request.url)))
  t.after(() => upstream.close())
  const app = Fastify()
  t.after(() => app.close())
  await app.register(boundToken, optionsFor(authorizationServer.origin, { upstream: { url: `http://127.0.0.1:${upstream.port}` } }))
  for (const url of ['/users/@me', '/v1/items::cancel', '/a+b']) app.get(url, { config: { boundToken: { scopes: ['admin'] } } }, forward)
  app.get('/*', forward)
  for (const url of ['/users/@me', '/v1/items:cancel', '/a+b']) assert.equal((await app.inject({ url, headers: by(owner) })).statusCode, 403, url)
  for (const url of ['/users/%40me', '/users/%2540me', '/v1/items%3acancel', '/a%2Bb']) assert.equal((await app.inject({ url, headers: by(owner) })).statusCode, 400, url)
  assert.equal((await app.inject({ url: '/users/bob', headers: by(owner) })).body, '/users/bob')
})

test('S-38: what an upstream garbles does not bring token or constants into the log', async (t) => {
  const lines: string[] = []
  const echo = createTcpServer((socket) => { socket.pipe(socket).on('error', () => {}) })
  const { port, close } = await listen(echo)
  t.after(close)
  const { app } = await gateway(t, () => {}, { url: `http://127.0.0.1:${port}`, token: 'forward', headers: { 'x-api-key': 'constant-of-ours' } },
    { logger: { level: 'trace', stream: { write: (line: string) => { lines.push(line) } } } })
  assert.equal((await app.inject({ url: '/', headers: by(owner) })).statusCode, 502)
  assert.match(lines.join(''), /upstream_unavailable/)
  assert.doesNotMatch(lines.join(''), /Bearer good|constant-of-ours/)
})

test('Law 7: the secret header name of a sibling scope does not go upstream', async (t) => {
  const secretName = 'sec-client-x509-cert-aiDoh3thoo5ahgh2Ohpheiz7Cuu4ohth'
  const { authorizationServer } = await startAuthorizationServer(t)
  const upstream = await listen(createServer(({ headers }, response) => response.end(JSON.stringify(headers))))
  t.after(() => upstream.close())
  const app = Fastify()
  t.after(() => app.close())
  app.register(async (child) => {
    await child.register(boundToken, optionsFor(authorizationServer.origin))
    child.get('/a', { config: { boundToken: { upstream: { url: `http://127.0.0.1:${upstream.port}` } } } }, forward)
  })
  app.register(async (child) => {
    child.register(boundToken, optionsFor(authorizationServer.origin, { certificate: { header: secretName, secretName: {}, format: 'url-pem', trustedProxies: ['127.0.0.1'] } }))
  })
  const response = await app.inject({ url: '/a', headers: { ...by(owner), [secretName]: owner.escaped } })
  assert.equal(response.statusCode, 200)
  assert.equal(response.json()[secretName], undefined)
})

test('an upstream with a status that Fastify does not take is 502, and its connection is free again', async (t) => {
  const { app } = await gateway(t, (request, response) => {
    response.writeHead(request.url === '/odd' ? 999 : 200).end('x'.repeat(100_000))
  }, { timeout: 500 })
  for (let i = 0; i < 140; i++) assert.equal((await app.inject({ url: '/odd', headers: by(owner) })).statusCode, 502)
  assert.equal((await app.inject({ url: '/', headers: by(owner) })).statusCode, 200)
})

test('what hinders forwarding is named in the log', async (t) => {
  const lines: string[] = []
  const { app } = await gateway(t, (request, response) => {
    if (request.url === '/broken') response.destroy()
  }, { timeout: 100 }, { logger: { level: 'info', stream: { write: (line: string) => { lines.push(line) } } } })
  const reasonAt = async (url: string): Promise<[number, unknown]> => {
    lines.length = 0
    const { statusCode } = await app.inject({ url, headers: by(owner) })
    return [statusCode, lines.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'not forwarded')?.reason]
  }
  assert.deepEqual(await reasonAt('/broken'), [502, 'upstream_unavailable'])
  assert.deepEqual(await reasonAt('/slow'), [504, 'upstream_timeout'])
  assert.deepEqual(await reasonAt('/a;b'), [400, 'upstream_path_ambiguous'])
})
