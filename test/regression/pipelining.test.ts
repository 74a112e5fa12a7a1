// What clients that send more than they wait for could once do.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { request } from 'undici'
import type { GatewayOptions } from '../../lib/options.ts'
import { gatewayOptions } from '../gateway/gateway-file.ts'
import { gatewayHere, startUpstream } from '../gateway/running.ts'
import { eventually } from '../token/eventually.ts'
import { by, owner } from '../guard/protected-app.ts'
import { startGateway } from '../upstream/gateway.ts'

test('an answer that waits behind another one ends with its client: its place is free, and its configuration can end', async (t) => {
  const asked: string[] = []
  const upstream = await startUpstream(t, ({ url = '' }, response) => {
    asked.push(url)
    if (url === '/long') response.end('x'.repeat(1_000_000))
    if (url === '/short') response.end('short')
  })
  const options = gatewayOptions({
    server: { port: 0 },
    routes: [{ url: '/silent', public: true, upstream: { url: upstream, timeout: 60_000 } }, { url: '/*', public: true, upstream: { url: upstream, connections: 1 } }]
  }) as unknown as GatewayOptions
  const { gateway, port, origin } = await gatewayHere(t, options)
  const client = connect(port, '127.0.0.1')
  client.write('GET /silent HTTP/1.1\r\nHost: a\r\n\r\nGET /long HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually('both are under way', () => asked.length === 2)
  client.destroy()
  await eventually('the place is free', async () => await (await request(`${origin}/short`)).body.text() === 'short')
  await gateway.take(options)
  await eventually('its configuration is closed', () => gateway.configurations() === 1)
})

test('so it is in an application of one\'s own', async (t) => {
  const { port, send, upstream } = await startGateway(t, {
    upstream: { connections: 1 },
    respond: (_call, response) => { response.end('x'.repeat(1_000_000)) },
    declare: (app) => { app.get('/silent', { config: { boundToken: false } }, async () => await new Promise(() => {})) }
  })
  const client = connect(port, '127.0.0.1')
  const lines = Object.entries(by(owner)).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  client.write(`GET /silent HTTP/1.1\r\nHost: a\r\n\r\nGET /long HTTP/1.1\r\nHost: a\r\n${lines}\r\n`)
  await eventually('it is under way', () => upstream.calls.length === 1)
  client.destroy()
  await eventually('the place is free', async () => (await send({ path: '/next' })).status === 200)
})

test('a connection is closed with the refusal when the rest of a body will not be read', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.socket?.resetAndDestroy() })
  const { port } = await gatewayHere(t, gatewayOptions({ server: { port: 0 }, routes: [{ url: '/', public: true, upstream: { url: upstream } }] }))
  const client = connect(port, '127.0.0.1')
  client.on('error', () => {}).write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(100_000)}`)
  assert.match(String((await once(client, 'data') as [Buffer])[0]), /^HTTP\/1\.1 502 [^]*\r\nconnection: close\r\n/i)
  await once(client, 'close')
})
