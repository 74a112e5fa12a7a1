import assert from 'node:assert/strict'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { test } from 'node:test'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import boundToken from '../../lib/index.ts'
import { by, optionsFor, owner, protectedApp, startAuthorizationServer } from './protected-app.ts'

test('S-36: a token in the body, the query, a cookie or another header is as none; the body is not even read', async (t) => {
  const { app, authorizationServer } = await protectedApp(t, (app) => { app.post('/', async () => 'in') })
  const certificate = { 'x-ssl-cert': owner.escaped }
  const challenge = async (url: string, headers: Record<string, string>, payload = '') =>
    String((await app.inject({ method: 'POST', url, headers: { ...certificate, ...headers }, payload })).headers['www-authenticate'])
  const none = 'Bearer realm="api"'
  assert.equal(await challenge('/', { 'content-type': 'application/x-www-form-urlencoded' }, 'access_token=good'), none)
  assert.equal(await challenge('/', { 'content-type': 'application/json' }, '{"access_token":"good"}'), none)
  assert.equal(await challenge('/', { 'content-type': 'application/json' }, '{not json'), none, 'refused before it is parsed')
  assert.equal(await challenge('/?access_token=good', {}), none)
  assert.equal(await challenge('/', { cookie: 'access_token=good' }), none)
  assert.equal(await challenge('/', { 'x-access-token': 'good', 'proxy-authorization': 'Bearer good' }), none)
  assert.equal(authorizationServer.calls.length, 0)
})

for (const withPlugin of [false, true]) {
  test(`S-37: an upgrade to WebSocket is judged like any request, ${withPlugin ? 'with' : 'without'} @fastify/websocket`, async (t) => {
    const { authorizationServer } = await startAuthorizationServer(t)
    const app = Fastify()
    t.after(() => app.close())
    if (withPlugin) await app.register(websocket)
    await app.register(boundToken, optionsFor(authorizationServer.origin))
    if (withPlugin) app.get('/socket', { websocket: true }, (socket) => socket.send('in'))
    else app.get('/socket', async () => 'in')
    await app.listen({ port: 0, host: '127.0.0.1' })

    const upgrade = async (headers: Record<string, string>): Promise<string> => {
      const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
      const lines = Object.entries({ host: 'localhost', connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers })
      socket.write(`GET /socket HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
      const [answer] = await once(socket, 'data') as [Buffer]
      socket.destroy()
      return answer.toString('latin1').slice(9, 12)
    }
    assert.equal(await upgrade({}), '401')
    assert.equal(await upgrade(by({ escaped: 'garbage' })), '401')
    assert.equal(await upgrade(by(owner)), withPlugin ? '101' : '200')
  })
}

test('HTTP/2: the same rules, also for repeated lines', async (t) => {
  const { authorizationServer } = await startAuthorizationServer(t)
  const app = Fastify({ http2: true, forceCloseConnections: true })
  t.after(() => app.close())
  await app.register(boundToken, optionsFor(authorizationServer.origin))
  app.get('/', async (request) => request.clientCertificate?.thumbprint)
  const session = connectHttp2(await app.listen({ port: 0, host: '127.0.0.1' }))
  t.after(() => session.destroy())
  const status = async (headers: Record<string, string | string[]>): Promise<number> => {
    const [answer] = await once(session.request({ ':path': '/', ...headers }).resume(), 'response')
    return answer[':status']
  }
  assert.equal(await status(by(owner)), 200)
  assert.equal(await status({}), 401)
  assert.equal(await status({ ...by(null), 'x-ssl-cert': [owner.escaped, owner.escaped] }), 401)
  assert.equal(await status({ ...by(owner), x_ssl_cert: owner.escaped }), 401)
})
