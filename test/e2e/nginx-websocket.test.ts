import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import Fastify from 'fastify'
import { WebSocket } from 'ws'
import { createClientCertificate, createPki, type ClientCertificate } from '../../examples/demo/pki.ts'
import boundToken, { forward } from '../../lib/index.ts'
import { jwtIssuer } from '../doubles/jwt-issuer.ts'
import { eventually } from '../token/eventually.ts'
import { refusalOf, startSocketUpstream } from '../upstream/websocket-gateway.ts'
import { asking, nginx, startNginx } from './front-nginx.ts'
import { requires } from './requires.ts'

/** What a location needs for WebSockets, besides the recommended lines. */
const upgrading = `
  proxy_http_version 1.1;
  proxy_set_header Upgrade    $http_upgrade;
  proxy_set_header Connection "upgrade";
`

test('S-37: WebSockets through a real nginx', requires({ nginx }), async (t) => {
  const pki = await createPki()
  const [partner, thief] = [await createClientCertificate('partner', { issuer: pki }), await createClientCertificate('thief', { issuer: pki })]
  const issuer = jwtIssuer()
  const token = await issuer.issue({ cnf: { 'x5t#S256': partner.thumbprint } })
  const upstream = await startSocketUpstream(t)
  const app = Fastify({ forceCloseConnections: true })
  t.after(() => app.close())
  await app.register(boundToken, { certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'] }, issuers: [issuer.options()] })
  app.get('/ws', { config: { boundToken: { upstream: { url: upstream.origin, websocket: true, certificate: { header: 'x-thumbprint' } } } } }, forward)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const directives = asking('optional').replace('location / {', `location / {${upgrading}`)
  const { port, close } = await startNginx({ pki, upstreamPort: (app.server.address() as AddressInfo).port, directives })
  t.after(close)
  const open = (who: ClientCertificate | null, headers: Record<string, string> = { authorization: `Bearer ${token}` }): WebSocket =>
    new WebSocket(`wss://localhost:${port}/ws`, { ca: pki.ca, ...who !== null && { cert: who.certificate, key: who.key }, headers })

  await t.test('the owner of the token: messages go both ways', async () => {
    const client = open(partner)
    await once(client, 'open')
    for (const size of [1, 1_000_000]) {
      client.send(Buffer.alloc(size, 'x'))
      assert.equal((await once(client, 'message') as [Buffer])[0].length, size)
    }
    client.close(1000)
    assert.equal((await once(client, 'close'))[0], 1000)
    const { headers } = upstream.requests[0] as { headers: Record<string, string> }
    assert.deepEqual([headers['x-thumbprint'], headers['x-ssl-cert'], headers['authorization']], [partner.thumbprint, undefined, undefined])
    await eventually('the upstream is left', () => upstream.sockets.size === 0)
  })

  await t.test('everybody else gets 401, through nginx', async () => {
    const forged = { authorization: `Bearer ${token}`, 'x-ssl-cert': encodeURIComponent(partner.certificate), 'x-ssl-verify': 'SUCCESS' }
    for (const client of [open(thief), open(null), open(partner, {}), open(thief, forged), open(null, forged)]) assert.equal((await refusalOf(client)).status, 401)
    assert.equal(upstream.requests.length, 1)
  })
})
