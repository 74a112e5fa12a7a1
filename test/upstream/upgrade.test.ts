// Who routes an upgrade, where others listen as well.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import fastifyWebsocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import { WebSocket, WebSocketServer } from 'ws'
import { createClientCertificate, createPki } from '../../examples/demo/pki.ts'
import boundToken, { forward } from '../../lib/index.ts'
import { claimUpgrades, routeUpgrade } from '../../lib/upstream/upgrade.ts'
import { by, optionsFor, owner, ownersClaims, startAuthorizationServer } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'
import { exchangeRaw, handshake, refusalOf, startSocketGateway, startSocketUpstream, statusOf } from './websocket-gateway.ts'

interface Scene {
  readonly app: FastifyInstance
  /** Times that a request came to the first hook. */
  readonly routed: string[]
  readonly warnings: string[]
  listen (): Promise<number>
  connect (port: number, path: string): WebSocket
  declare (scope: FastifyInstance, url?: string): Promise<void>
}

/** An application that is still to be put together. */
async function scene (t: TestContext, server: object = {}): Promise<Scene> {
  const { authorizationServer } = await startAuthorizationServer(t)
  const upstream = await startSocketUpstream(t)
  const [routed, warnings]: [string[], string[]] = [[], []]
  const app = Fastify({ forceCloseConnections: true, logger: { level: 'warn', stream: { write: (line: string) => { warnings.push(line) } } }, ...server }) as FastifyInstance
  t.after(() => app.close())
  app.addHook('onRequest', async ({ url }) => { routed.push(url) })
  return {
    app,
    routed,
    warnings,
    async listen () {
      await app.listen({ host: '127.0.0.1', port: 0 })
      return (app.server.address() as AddressInfo).port
    },
    connect: (port, path) => new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: by(owner) }),
    async declare (scope, url = '/ws') {
      await scope.register(boundToken, optionsFor(authorizationServer.origin))
      scope.get(url, { config: { boundToken: { upstream: { url: upstream.origin, websocket: true } } } }, forward)
    }
  }
}

async function assertEcho (client: WebSocket): Promise<void> {
  await once(client, 'open')
  client.send('hello')
  assert.equal(String((await once(client, 'message'))[0]), 'hello')
  client.terminate()
}

async function own (scope: FastifyInstance): Promise<void> {
  await scope.register(fastifyWebsocket)
  scope.get('/own', { websocket: true }, (socket) => { socket.on('message', (data: Buffer) => socket.send(String(data))) })
}

for (const [name, order] of Object.entries({ before: ['theirs', 'ours'], behind: ['ours', 'theirs'] })) {
  test(`@fastify/websocket in a scope of its own, ${name} ours: each has its WebSockets, and each request is routed once`, async (t) => {
    const { app, declare, listen, connect, routed, warnings } = await scene(t)
    for (const who of order) await app.register(async (scope) => { await (who === 'ours' ? declare(scope) : own(scope)) })
    const port = await listen()
    await assertEcho(connect(port, '/ws'))
    await assertEcho(connect(port, '/own'))
    const answer = await exchangeRaw(port, handshake({ Authorization: null }, 'GET /ws HTTP/1.1'))
    assert.equal(statusOf(answer), 401)
    assert.deepEqual(routed, ['/ws', '/own', '/ws'])
    assert.deepEqual(warnings, [])
    await app.close()
  })
}

test('@fastify/websocket in a scope inside ours, guarded as well', async (t) => {
  const { app, declare, listen, connect, routed } = await scene(t)
  await declare(app)
  await app.register(own)
  const port = await listen()
  await assertEcho(connect(port, '/ws'))
  await assertEcho(connect(port, '/own'))
  assert.equal((await refusalOf(new WebSocket(`ws://127.0.0.1:${port}/own`))).status, 401)
  assert.deepEqual(routed, ['/ws', '/own', '/own'])
})

test('@fastify/websocket in our scope, after our routes', async (t) => {
  const { app, declare, listen, connect } = await scene(t)
  await declare(app)
  await own(app)
  const port = await listen()
  await assertEcho(connect(port, '/ws'))
  await assertEcho(connect(port, '/own'))
})

test('@fastify/websocket takes the handlers of our routes: the boot stops, whichever came first', async (t) => {
  const theirsFirst = await scene(t)
  await theirsFirst.app.register(fastifyWebsocket)
  await assert.rejects(theirsFirst.declare(theirsFirst.app), /route GET \/ws: config\.boundToken\.upstream: found on a route with another handler/)
  const { authorizationServer } = await startAuthorizationServer(t)
  const { app } = await scene(t)
  await app.register(boundToken, optionsFor(authorizationServer.origin))
  await app.register(fastifyWebsocket)
  app.get('/ws', { config: { boundToken: { upstream: { url: 'http://127.0.0.1:1', websocket: true } } } }, forward)
  await assert.rejects(async () => { await app.ready() }, /route GET \/ws: config\.boundToken\.upstream\.websocket: found true in a scope of @fastify\/websocket, which answers WebSockets itself; allowed: with/)
})

for (const [name, take] of Object.entries<(socket: Socket, request: IncomingMessage, head: Buffer) => void>({
  'answers at once': (socket) => socket.end('HTTP/1.1 200 Foreign\r\nConnection: close\r\n\r\n'),
  'answers later and pauses': (socket) => {
    socket.pause()
    setImmediate(() => socket.end('HTTP/1.1 200 Foreign\r\nConnection: close\r\n\r\n'))
  },
  'opens a WebSocket': (socket, request, head) => new WebSocketServer({ noServer: true }).handleUpgrade(request, socket, head, (client) => client.terminate())
})) {
  test(`a listener of the application's own that ${name} keeps what it takes, and we route the others`, async (t) => {
    const { app, declare, listen, connect, routed } = await scene(t)
    await declare(app)
    app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => { if (request.url === '/foreign') take(socket, request, head) })
    const port = await listen()
    assert.match(await exchangeRaw(port, handshake({}, 'GET /foreign HTTP/1.1')), /^HTTP\/1\.1 (200 Foreign|101 Switching)/)
    await assertEcho(connect(port, '/ws'))
    assert.deepEqual(routed, ['/ws'])
  })
}

test('the certificate of the TLS connection itself', async (t) => {
  const pki = await createPki()
  const [partner, thief] = [await createClientCertificate('partner', { issuer: pki }), await createClientCertificate('thief', { issuer: pki })]
  const { authorizationServer, known } = await startAuthorizationServer(t)
  known.set('good', { ...ownersClaims, cnf: { 'x5t#S256': partner.thumbprint } })
  const upstream = await startSocketUpstream(t)
  const app = Fastify({ forceCloseConnections: true, https: { key: pki.server.key, cert: pki.server.certificate, requestCert: true, rejectUnauthorized: false } }) as unknown as FastifyInstance
  t.after(() => app.close())
  await app.register(boundToken, { ...optionsFor(authorizationServer.origin), certificate: { source: 'tls' } })
  app.get('/ws', { config: { boundToken: { upstream: { url: upstream.origin, websocket: true } } } }, forward)
  const url = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('https://127.0.0.1', 'wss://localhost')
  const open = ({ certificate: cert, key }: typeof partner): WebSocket => new WebSocket(`${url}/ws`, { ca: pki.ca, cert, key, headers: { authorization: 'Bearer good' } })
  await assertEcho(open(partner))
  assert.equal((await refusalOf(open(thief))).status, 401)
})

test('two registrations on one server have one listener, and it goes when the application closes', async (t) => {
  const { app, declare, listen, connect, routed } = await scene(t)
  for (const url of ['/a', '/b']) await app.register(async (scope) => { await declare(scope, url) })
  const port = await listen()
  assert.equal(app.server.listenerCount('upgrade'), 1)
  await assertEcho(connect(port, '/a'))
  await assertEcho(connect(port, '/b'))
  assert.deepEqual(routed, ['/a', '/b'])
  await app.close()
  assert.equal(app.server.listenerCount('upgrade'), 0)
})

test('whoever shares a server between applications claims its upgrades and routes them', async (t) => {
  const server = createServer() as Server
  claimUpgrades(server)
  const first = await scene(t, { serverFactory: () => server })
  await first.declare(first.app)
  await first.app.ready()
  assert.equal(server.listenerCount('upgrade'), 0)
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => routeUpgrade(first.app, request, socket, head))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  await assertEcho(first.connect(port, '/ws'))
  assert.equal((await refusalOf(new WebSocket(`ws://127.0.0.1:${port}/ws`))).status, 401)
})

test('an ordinary answer to an upgrade, longer than any buffer, arrives whole', async (t) => {
  const size = 5_000_000
  const { raw } = await startSocketGateway(t, {
    declare: (app) => app.get('/long', async (_request, reply) => reply.header('content-length', size).send(Readable.from(function * () { for (let i = 0; i < 50; i++) yield Buffer.alloc(size / 50, 'x') }())))
  })
  const answer = await raw(handshake({}, 'GET /long HTTP/1.1'))
  assert.equal(answer.slice(answer.indexOf('\r\n\r\n') + 4).length, size)
})

test('S-36: a body beside an upgrade is read by nobody, on no route', async (t) => {
  const bodies: unknown[] = []
  const { raw } = await startSocketGateway(t, {
    declare: (app) => app.post('/form', { config: { boundToken: false } }, async ({ body }) => {
      bodies.push(body)
      return 'taken'
    })
  })
  const post = (lines: Record<string, string | null>): Promise<string> => raw(handshake(lines, 'POST /form HTTP/1.1') + 'GET / HTTP/1.1\r\n\r\n')
  assert.equal(statusOf(await post({ 'Content-Length': '18' })), 400)
  assert.equal(statusOf(await post({ 'Transfer-Encoding': 'chunked' })), 400)
  assert.deepEqual(bodies, [])
  const without = await post({})
  assert.ok(without.endsWith('taken'))
  assert.equal(without.split('HTTP/1.1 ').length, 2)
})

test('a client that resets the connection while it is judged ends nothing but itself', async (t) => {
  const { port, clients, authorizationServer, open } = await startSocketGateway(t)
  let answer = (): void => {}
  authorizationServer.behave((_call, response) => { answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"active":false}') })
  const client = connect(port, '127.0.0.1', () => client.write(handshake()))
  await eventually('somebody is asked', () => authorizationServer.calls.length === 1)
  client.resetAndDestroy()
  answer()
  await eventually('no socket is left', () => clients.size === 0)
  authorizationServer.behave((_call, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"active":false}'))
  assert.equal((await refusalOf(open())).status, 401)
})
