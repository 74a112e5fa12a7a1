// Many requests at a time: each ends, and none is left in the way of later ones.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { answer, endless, hang } from '../doubles/authorization-server.ts'
import { by, owner } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'
import { startGateway, type Gateway } from './gateway.ts'

/** Statuses of so many parallel requests; all of them must come in time. */
async function statusesOf ({ app }: Gateway, count: number, timeout: number): Promise<number[]> {
  const startedAt = performance.now()
  const responses = await Promise.all(Array.from({ length: count }, () => app.inject({ url: '/', headers: by(owner) })))
  assert.ok(performance.now() - startedAt < timeout + 3000, 'somebody waited much longer than the time limit')
  return [...new Set(responses.map(({ statusCode }) => statusCode))]
}

async function accepting (t: TestContext): Promise<number> {
  const sockets: Socket[] = []
  const listener = createServer((socket) => { sockets.push(socket.on('error', () => {})) }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    listener.close()
  })
  return (listener.address() as AddressInfo).port
}

test('P8: a crowd before an upstream that hangs: all are told so in time, and when it is back it is used again', async (t) => {
  const gateway = await startGateway(t, { respond: hang, upstream: { timeout: 300 } })
  assert.deepEqual(await statusesOf(gateway, 1, 300), [504])
  assert.deepEqual(await statusesOf(gateway, 400, 300), [504])
  gateway.upstream.behave(answer(200, {}, 'back'))
  // undici's timers are coarse: it may let go of the last connections a second later.
  let status = 0
  for (let i = 0; i < 20 && status !== 200; i++) status = (await gateway.send()).status
  assert.equal(status, 200)
})

test('P8: a crowd before an upstream that never shakes hands', async (t) => {
  const port = await accepting(t)
  const gateway = await startGateway(t, { upstream: { url: `https://127.0.0.1:${port}`, timeout: 300 } })
  assert.deepEqual(await statusesOf(gateway, 400, 300), [504])
})

test('a crowd that is served is served', async (t) => {
  const gateway = await startGateway(t)
  assert.deepEqual(await statusesOf(gateway, 400, 30_000), [200])
  assert.deepEqual(await statusesOf(gateway, 400, 30_000), [200])
})

test('places that failed requests took are free again', async (t) => {
  const gateway = await startGateway(t, { respond: (_call, response) => { response.socket?.destroy() } })
  assert.deepEqual(await statusesOf(gateway, 400, 30_000), [502])
  gateway.upstream.behave(answer(200, {}, 'back'))
  assert.deepEqual(await statusesOf(gateway, 200, 30_000), [200])
})

test('as many connections at a time as the option says, and the others wait', async (t) => {
  const open = new Set<ServerResponse>()
  let most = 0
  const gateway = await startGateway(t, {
    upstream: { connections: 3 },
    respond (_call, response) {
      most = Math.max(most, open.add(response).size)
      // Only together are they answered.
      if (open.size >= 3) setImmediate(() => [...open].forEach((each) => open.delete(each) && each.writeHead(200, { 'content-type': 'text/plain', 'content-length': 2 }).end('ok')))
    }
  })
  assert.deepEqual(await statusesOf(gateway, 48, 30_000), [200])
  assert.deepEqual([most, gateway.upstream.connections.made, gateway.upstream.calls.length], [3, 3, 48])
})

test('who leaves while waiting for a connection costs the upstream nothing', async (t) => {
  let answerFirst = (): void => {}
  const { port, upstream, app, send } = await startGateway(t, { upstream: { connections: 1 }, respond: (_call, response) => { answerFirst = () => response.end() } })
  const first = send({ path: '/first' })
  await eventually('the first has the connection', () => upstream.calls.length === 1)
  const arrived = new Promise<void>((resolve) => app.server.once('request', () => resolve()))
  const socket = connect(port, '127.0.0.1')
  socket.write(`GET /left HTTP/1.1\r\nhost: x\r\n${Object.entries(by(owner)).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  await arrived
  socket.resetAndDestroy()
  await eventually('the gateway knows that the client has left', () => new Promise((resolve) => app.server.getConnections((_error, count) => resolve(count === 1))))
  upstream.behave((_call, response) => response.end())
  answerFirst()
  assert.equal((await first).status, 200)
  assert.equal((await send({ path: '/last' })).status, 200)
  assert.deepEqual(upstream.calls.map(({ url }) => url), ['/first', '/last'])
})

test('a client that does not read is given up, and so is the upstream\'s answer to it', async (t) => {
  const { port, upstream } = await startGateway(t, { respond: endless, upstream: { timeout: 200 } })
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  socket.pause()
  socket.write(`GET / HTTP/1.1\r\nhost: x\r\n${Object.entries(by(owner)).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  await eventually('the request arrived', () => upstream.calls.length === 1)
  await eventually('the connection to the upstream is closed', () => upstream.connections.open === 0)
})
