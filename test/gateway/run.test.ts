import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { Pool, request } from 'undici'
import { json, startDouble } from '../doubles/authorization-server.ts'
import { by, ownersClaims, owner } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'
import { fileOf, gatewayOptions } from './gateway-file.ts'
import { startCommand, startGateway, startUpstream } from './running.ts'

const answering = (body: string, more: object = {}): object => gatewayOptions({ server: { port: 0 }, routes: [{ url: '/', public: true, respond: { body } }], ...more })
const textAt = async (url: string): Promise<string> => await (await request(url)).body.text()

async function portInUse (t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

test('it listens, reads the file again on SIGHUP, and ends on SIGTERM', async (t) => {
  const gateway = await startGateway(t, answering('one'))
  assert.equal(await textAt(gateway.origin), 'one')
  gateway.write(answering('two'))
  gateway.child.kill('SIGHUP')
  await gateway.line(({ msg }) => msg === 'configuration read again')
  assert.equal(await textAt(gateway.origin), 'two')
  gateway.child.kill('SIGTERM')
  assert.equal(await gateway.exited, 0)
  assert.deepEqual(gateway.stderr, [])
})

test('a file that has become wrong changes nothing, and the log says where it is', async (t) => {
  const gateway = await startGateway(t, answering('one'))
  gateway.write(answering('two', { realm: 5 }))
  gateway.child.kill('SIGHUP')
  const { level, msg } = await gateway.line(({ msg }) => msg.startsWith('the new configuration is not used'))
  assert.equal(level, 50)
  assert.match(msg, /^the new configuration is not used: gateway\.json:1:\d+: realm: found 5; allowed: printable ASCII$/)
  assert.equal(await textAt(gateway.origin), 'one')
  gateway.write(answering('three', { issuers: [{ issuer: 'https://a.example', audience: 'b', tls: { ca: { file: 'none.pem' } } }] }))
  gateway.child.kill('SIGHUP')
  await gateway.line(({ msg }) => msg.includes('issuers[0].tls.ca: cannot read none.pem (ENOENT)'))
  assert.equal(await textAt(gateway.origin), 'one')
})

test('of several SIGHUPs the last one wins', async (t) => {
  const gateway = await startGateway(t, answering('0'))
  for (let i = 1; i <= 10; i++) {
    gateway.write(answering(String(i)))
    gateway.child.kill('SIGHUP')
  }
  await eventually('the last one is there', async () => await textAt(gateway.origin) === '10')
})

test('a wrong configuration is one line on stderr, and exit code 2', async (t) => {
  for (const [options, named] of [
    [gatewayOptions({ server: { prot: 1 } }), /^fastify-bound-token: gateway\.json:\d+:\d+: server\.prot: unknown option; allowed: host, port, /],
    [gatewayOptions({ routes: [{ url: '/', upstream: { url: 'ftp://a' } }] }), /^fastify-bound-token: gateway\.json:\d+:\d+: routes\[0\]\.upstream\.url: /],
    [gatewayOptions({ routes: [{ url: '/' }] }), /^fastify-bound-token: gateway\.json:\d+:\d+: routes\[0\]/],
    [gatewayOptions({ server: { health: {} } }), /^fastify-bound-token: gateway\.json:\d+:\d+: server\.health: found neither liveness nor readiness/]
  ] as const) {
    for (const args of [[], ['--check']]) {
      const { exited, stderr, stdout } = startCommand(t, [...args, fileOf(t, 'gateway.json', options)])
      assert.equal(await exited, 2)
      assert.deepEqual([stderr.length, stdout], [1, []], stderr.join('\n'))
      assert.match(stderr[0] as string, named)
    }
  }
})

test('where it cannot listen, it says so with exit code 1', async (t) => {
  const { exited, stderr } = startCommand(t, [fileOf(t, 'gateway.json', gatewayOptions({ server: { port: await portInUse(t) } }))])
  assert.equal(await exited, 1)
  assert.match(stderr.join('\n'), /^fastify-bound-token: could not listen: listen EADDRINUSE[^\n]*$/)
})

test('what nobody has foreseen is logged, and ends the process', async (t) => {
  const failing = 'data:text/javascript,process.on("SIGUSR2", () => { Promise.reject(new Error("boom")) })'
  const started = startCommand(t, [fileOf(t, 'gateway.json', answering('one'))], {}, ['--import', failing])
  await started.line(({ msg }) => msg.startsWith('listening at'))
  started.child.kill('SIGUSR2')
  const { level, err } = await started.line(({ msg }) => msg === 'died')
  assert.deepEqual([level, (err as Error).message, await started.exited], [60, 'boom', 1])
})

test('SIGTERM under load: not one request fails', async (t) => {
  const upstream = await startUpstream(t, (request, response) => { setTimeout(() => response.end('slow'), Number(request.headers['x-wait'])) })
  const gateway = await startGateway(t, answering('', {
    server: { port: 0, health: { liveness: '/live', readiness: '/ready' }, shutdown: { delay: 300 } },
    routes: [{ url: '/slow', public: true, upstream: { url: upstream } }, { url: '/', public: true, respond: { body: 'fast' } }]
  }))
  // Of the kept connections, each closes with an answer when its time has come; none is opened later, since nobody listens.
  const answers = new Map<string, number>()
  const note = (answer: string): void => { answers.set(answer, (answers.get(answer) ?? 0) + 1) }
  const kept = async (path: string, wait: string): Promise<void> => {
    const pool = new Pool(gateway.origin, { connections: 1, pipelining: 1 })
    t.after(() => pool.destroy())
    for (let isClosed = false; !isClosed;) {
      const { statusCode, headers, body } = await pool.request({ path, method: 'GET', headers: { 'x-wait': wait } })
      note(`${statusCode} ${await body.text()}`)
      isClosed = headers['connection'] === 'close'
    }
  }
  const clients = Promise.all([kept('/', '0'), kept('/', '0'), kept('/', '0'), kept('/slow', '50'), kept('/slow', '200'), kept('/slow', '1500')])
  await eventually('they are all served', () => answers.size === 2)
  gateway.child.kill('SIGTERM')
  await eventually('it says that it is about to end', async () => (await request(`${gateway.origin}/ready`)).statusCode === 503)
  assert.equal((await request(`${gateway.origin}/live`)).statusCode, 200)
  await clients
  assert.equal(await gateway.exited, 0)
  assert.deepEqual([...answers.keys()].sort(), ['200 fast', '200 slow'])
  assert.equal(JSON.parse(gateway.stdout.at(-1) as string).msg, 'ended')
})

test('a connection that is idle gets an answer for what it sends in the first moment', async (t) => {
  const gateway = await startGateway(t, answering('one'))
  const socket = connect(Number(new URL(gateway.origin).port), '127.0.0.1')
  t.after(() => socket.destroy())
  const ask = async (): Promise<string> => {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    return String((await once(socket, 'data') as [Buffer])[0])
  }
  assert.match(await ask(), /\r\nConnection: keep-alive\r\n/)
  gateway.child.kill('SIGTERM')
  await gateway.line(({ msg }) => msg === 'told to end')
  assert.match(await ask(), /^HTTP\/1\.1 200 OK\r\n[^]*\r\nConnection: close\r\n/)
  assert.equal(await gateway.exited, 0)
})

test('what takes too long is cut off, and the exit code says so', async (t) => {
  const waiting: ServerResponse[] = []
  const upstream = await startUpstream(t, (_request, response) => { waiting.push(response) })
  const gateway = await startGateway(t, answering('', { server: { port: 0, shutdown: { timeout: 100 } }, routes: [{ url: '/', public: true, upstream: { url: upstream } }] }))
  const slow = request(gateway.origin).then(({ statusCode }) => statusCode, () => 'cut off')
  await eventually('it is under way', () => waiting.length === 1)
  gateway.child.kill('SIGINT')
  assert.equal(await gateway.exited, 1)
  assert.ok([502, 'cut off'].includes(await slow))
  assert.ok(gateway.stdout.some((line) => line.includes('answers were cut off')))
})

test('the second signal ends at once', async (t) => {
  const waiting: ServerResponse[] = []
  const upstream = await startUpstream(t, (_request, response) => { waiting.push(response) })
  const gateway = await startGateway(t, answering('', { routes: [{ url: '/', public: true, upstream: { url: upstream } }] }))
  const slow = request(gateway.origin).catch(() => {})
  await eventually('it is under way', () => waiting.length === 1)
  gateway.child.kill('SIGTERM')
  await gateway.line(({ msg }) => msg === 'told to end')
  gateway.child.kill('SIGTERM')
  assert.equal(await gateway.exited, 1)
  await slow
})

test('the log has a line for each request, and nothing secret', async (t) => {
  const token = 'a-token-that-nobody-may-read'
  const server = await startDouble(json({ ...ownersClaims, scope: 'accounts' }))
  t.after(() => server.close())
  const upstream = await startUpstream(t, (_request, response) => response.end('upstream'))
  const gateway = await startGateway(t, gatewayOptions({
    server: { port: 0, health: { liveness: '/live' } },
    log: { level: 'trace' },
    certificate: { preset: 'nginx', header: 'x-ssl-cert', verified: false, trustedProxies: [{ addresses: ['127.0.0.1'], secretHeader: { name: 'x-header-that-is-secret', value: { env: 'PROXY_SECRET' } } }] },
    issuers: [{
      issuer: 'https://login.example.com',
      audience: 'https://api.example.com',
      introspection: { endpoint: `${server.origin}/introspect`, clientAuth: { method: 'client_secret_basic', clientId: 'api', clientSecret: { env: 'CLIENT_SECRET' } } },
      allowInsecureLoopback: true
    }],
    routes: [{ url: '/accounts/:id', upstream: { url: upstream } }, { url: '/gone', public: true, upstream: { url: 'http://127.0.0.1:1' } }]
  }), { CLIENT_SECRET: 'client-secret-in-the-environment', PROXY_SECRET: 'proxy-secret-in-the-environment-0123456789' })
  const headers = { ...by(owner, token), 'x-header-that-is-secret': 'proxy-secret-in-the-environment-0123456789' }
  const status = async (path: string, more: object = {}): Promise<number> => (await request(`${gateway.origin}${path}`, { headers: { ...headers, ...more } })).statusCode
  assert.deepEqual([
    await status('/accounts/1?access=query-of-the-client'), await status('/accounts/2', { authorization: 'Bearer other token' }), await status('/accounts/3', { 'x-ssl-cert': 'not-a-certificate' }),
    await status('/gone?x=query-of-the-client'), await status('/%zz?x=query-of-the-client'), await status('/none?x=query-of-the-client'), await status('/live?x=query-of-the-client')
  ], [200, 400, 401, 502, 400, 404, 200])
  const broken = connect(Number(new URL(gateway.origin).port), '127.0.0.1')
  broken.write(`GET / HTTP/1.1\r\nAuthorization: Bearer ${token}\r\nbroken header\r\n\r\n`)
  assert.match(String((await once(broken, 'data') as [Buffer])[0]), /^HTTP\/1\.1 400 /)
  await gateway.line(({ msg }) => msg.startsWith('client error'))
  gateway.child.kill('SIGHUP')
  await gateway.line(({ msg }) => msg === 'configuration read again')
  gateway.child.kill('SIGTERM')
  await gateway.exited

  const lines = gateway.stdout.map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(lines.filter(({ msg }) => msg === 'request').map(({ method, path, route, statusCode, remoteAddress }) => [method, path, route, statusCode, remoteAddress]), [
    ['GET', '/accounts/1', '/accounts/:id', 200, '127.0.0.1'],
    ['GET', '/accounts/2', '/accounts/:id', 400, '127.0.0.1'],
    ['GET', '/accounts/3', '/accounts/:id', 401, '127.0.0.1'],
    ['GET', '/gone', '/gone', 502, '127.0.0.1'],
    ['GET', '/%zz', null, 400, '127.0.0.1'],
    ['GET', '/none', null, 404, '127.0.0.1']
  ])
  const requests = lines.filter(({ msg }) => msg === 'request')
  assert.ok(requests.every(({ responseTime }) => typeof responseTime === 'number'))
  assert.equal(new Set(requests.map(({ reqId }) => reqId)).size, 6)
  const all = gateway.stdout.join('\n')
  const secrets = [
    token, owner.escaped, decodeURIComponent(owner.escaped).slice(100, 140), 'not-a-certificate', 'x-header-that-is-secret', 'secret-in-the-environment', 'query-of-the-client', 'other token',
    String([...Buffer.from(token)])
  ]
  for (const secret of secrets) {
    assert.ok(!all.includes(secret), secret)
  }
})

test('levels, and no lines for requests', async (t) => {
  const gateway = await startGateway(t, answering('one', { log: { level: 'info', requests: false } }))
  await textAt(gateway.origin)
  gateway.write(answering('two', { log: { level: 'fatal' } }))
  gateway.child.kill('SIGHUP')
  await eventually('it is taken', async () => await textAt(gateway.origin) === 'two')
  gateway.child.kill('SIGTERM')
  assert.equal(await gateway.exited, 0)
  assert.deepEqual(gateway.stdout.map((line) => (JSON.parse(line) as { msg: string }).msg), [`listening at ${gateway.origin}`])
})
