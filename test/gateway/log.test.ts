import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { request } from 'undici'
import { json, startDouble } from '../doubles/authorization-server.ts'
import { by, ownersClaims, owner } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'
import { gatewayOptions } from './gateway-file.ts'
import { startGateway, startUpstream } from './running.ts'

const answering = (body: string, more: object = {}): object => gatewayOptions({ server: { port: 0 }, routes: [{ url: '/', public: true, respond: { body } }], ...more })
const textAt = async (url: string): Promise<string> => await (await request(url)).body.text()

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

// undici takes the socket away from a request whose body it has sent on.
test('a request with a body that went upstream has its line, with the address it came from', async (t) => {
  const upstream = await startUpstream(t, (request, response) => { request.resume().on('end', () => response.end('read')) })
  const gateway = await startGateway(t, gatewayOptions({ server: { port: 0 }, routes: [{ url: '/', public: true, upstream: { url: upstream } }] }))
  for (const method of ['POST', 'PUT'] as const) {
    const { statusCode, body } = await request(gateway.origin, { method, body: 'a body' })
    assert.deepEqual([statusCode, await body.text()], [200, 'read'])
    const line = await gateway.line((line) => line['method'] === method)
    assert.deepEqual([line.msg, line['statusCode'], line['remoteAddress']], ['request', 200, '127.0.0.1'])
  }
})
