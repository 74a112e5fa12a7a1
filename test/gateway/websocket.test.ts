import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { request } from 'undici'
import { WebSocket } from 'ws'
import type { GatewayOptions } from '../../lib/options.ts'
import { eventually } from '../token/eventually.ts'
import { startSocketUpstream } from '../upstream/websocket-gateway.ts'
import { gatewayOptions } from './gateway-file.ts'
import { gatewayHere } from './running.ts'

const plain = { url: '/', public: true, respond: { body: 'in' } }

async function withWebSockets (t: TestContext, more: object = {}): Promise<GatewayOptions> {
  const { origin } = await startSocketUpstream(t)
  return gatewayOptions({ server: { port: 0, ...more }, routes: [plain, { method: 'GET', url: '/ws', public: true, upstream: { url: origin, websocket: true } }] }) as unknown as GatewayOptions
}

async function opened (t: TestContext, port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  t.after(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

async function echoOf (socket: WebSocket, text: string): Promise<string> {
  socket.send(text)
  return String((await once(socket, 'message') as [Buffer])[0])
}

test('a WebSocket of a configuration that was replaced stays open, and its configuration with it', async (t) => {
  const options = await withWebSockets(t)
  const { gateway, port, origin } = await gatewayHere(t, options)
  const before = await opened(t, port)
  assert.equal(await echoOf(before, 'one'), 'one')
  await gateway.take(gatewayOptions({ server: { port: 0 }, routes: [plain] }) as unknown as GatewayOptions)
  assert.equal(await echoOf(before, 'two'), 'two')
  assert.equal(gateway.configurations(), 2)
  // The new configuration knows of no WebSockets: an upgrade is a request as any other.
  assert.equal(gateway.server.listenerCount('upgrade'), 0)
  const [error] = await once(new WebSocket(`ws://127.0.0.1:${port}/ws`), 'error') as [Error]
  assert.match(error.message, /401/)
  await gateway.take(options)
  assert.equal(await echoOf(await opened(t, port), 'three'), 'three')
  assert.equal(await (await request(origin)).body.text(), 'in')
  before.close()
  await eventually('its configuration is closed', () => gateway.configurations() === 1)
})

test('a WebSocket of a configuration that was replaced ends when its time is over', async (t) => {
  const { gateway, port } = await gatewayHere(t, await withWebSockets(t, { shutdown: { timeout: 50 } }))
  const before = await opened(t, port)
  const closed = once(before, 'close')
  await gateway.take(await withWebSockets(t))
  await closed
  await eventually('its configuration is closed', () => gateway.configurations() === 1)
})

test('the end closes WebSockets when all requests are answered, and does not wait for them', async (t) => {
  const { gateway, port } = await gatewayHere(t, await withWebSockets(t))
  const open = await opened(t, port)
  const closed = once(open, 'close')
  await gateway.take(await withWebSockets(t))
  const second = once(await opened(t, port), 'close')
  assert.equal(await gateway.end(), true)
  await Promise.all([closed, second])
})
