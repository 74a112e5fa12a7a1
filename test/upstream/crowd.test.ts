// Many requests at a time: each ends, and none is left in the way of later ones.
import assert from 'node:assert/strict'
import { once } from 'node:events'
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
