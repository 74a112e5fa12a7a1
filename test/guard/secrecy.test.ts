import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { answer, hang, html, json } from '../doubles/authorization-server.ts'
import { owner, ownersClaims, protectedApp, stranger } from './protected-app.ts'

const secretName = 'sec-client-x509-cert-aiDoh3thoo5ahgh2Ohpheiz7Cuu4ohth'
const token = 'a-token-that-nobody-may-read-0123456789'

test('S-38: no token, certificate, secret or secret header name in any log line, answer or decision', async (t) => {
  const published: unknown[] = []
  const listen = (decision: unknown): void => { published.push(decision) }
  subscribe('fastify-bound-token:decision', listen)
  t.after(() => unsubscribe('fastify-bound-token:decision', listen))
  const { app, authorizationServer, logged } = await protectedApp(t, (app) => {
    app.get('/', async () => 'in')
    app.get('/admin', { config: { boundToken: { scopes: ['admin'] } } }, async () => 'in')
    app.get('/report', { config: { boundToken: { mode: 'report' } } }, async () => 'in')
  }, { certificate: { header: secretName, secretName: { minLength: 32 }, format: 'url-pem', trustedProxies: ['127.0.0.1'] } })

  const bodies: string[] = []
  const headers = { authorization: `Bearer ${token}`, [secretName]: owner.escaped }
  const send = async (url: string, changed: Record<string, string> = {}, remoteAddress = '127.0.0.1'): Promise<void> => {
    const response = await app.inject({ url, headers: { ...headers, ...changed }, remoteAddress })
    bodies.push(response.body, JSON.stringify(response.headers))
  }
  const playAll = async (): Promise<void> => {
    for (const url of ['/', '/admin', '/report', '/nowhere']) {
      await send(url)
      await send(url, { [secretName]: stranger.escaped })
      await send(url, { [secretName]: `${owner.escaped}x` })
      await send(url, { [secretName]: `${owner.escaped}, ${owner.escaped}` })
      await send(url, { [secretName.replace('-', '_')]: owner.escaped })
      await send(url, { connection: `close, ${secretName}` })
      await send(url, { authorization: `Bearer ${token} ${token}` })
      await send(url, {}, '192.0.2.1')
    }
  }
  // The ones that open the breaker come last.
  for (const behaviour of [json(ownersClaims), json({ ...ownersClaims, exp: token }), answer(401, {}, token), html, answer(500, {}, token), hang]) {
    authorizationServer.behave(behaviour)
    await playAll()
    await app.boundToken.evict({ all: true })
  }

  const all = [...logged, ...bodies, JSON.stringify(published), JSON.stringify(app.boundToken.stats())].join('\n')
  assert.ok(logged.length > 200, `only ${logged.length} lines were logged`)
  assert.match(all, /binding_mismatch/)
  const der = Buffer.from(decodeURIComponent(owner.escaped).replace(/-----.*-----|\s/g, ''), 'base64')
  const secrets = {
    token,
    'part of the token': token.slice(4, 30),
    certificate: owner.escaped.slice(40, 120),
    'its base64': der.toString('base64').slice(20, 60),
    'our secret': 'kept-by-the-service',
    'name of the header': secretName
  }
  for (const [name, secret] of Object.entries(secrets)) {
    assert.ok(!all.toLowerCase().includes(secret.toLowerCase()), `${name} stands in: ${all.split('\n').find((line) => line.toLowerCase().includes(secret.toLowerCase()))}`)
  }
})
