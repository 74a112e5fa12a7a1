import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { Pool, request } from 'undici'
import { eventually } from '../token/eventually.ts'
import { gatewayOptions } from './gateway-file.ts'
import { startGateway, startUpstream } from './running.ts'

const answering = (body: string, more: object = {}): object => gatewayOptions({ server: { port: 0 }, routes: [{ url: '/', public: true, respond: { body } }], ...more })

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

test('a request under way is answered, and closes its connection; a signal that comes twice at once, as by Ctrl-C under npx, is one', async (t) => {
  const waiting: ServerResponse[] = []
  const upstream = await startUpstream(t, (_request, response) => { waiting.push(response) })
  const gateway = await startGateway(t, answering('', { routes: [{ url: '/', public: true, upstream: { url: upstream } }] }))
  const slow = request(gateway.origin).then(async ({ headers, body }) => [headers['connection'], await body.text()])
  await eventually('it is under way', () => waiting.length === 1)
  gateway.child.kill('SIGINT')
  gateway.child.kill('SIGTERM')
  await gateway.line(({ msg }) => msg === 'told to end')
  waiting[0]?.end('slow')
  assert.deepEqual([await slow, await gateway.exited], [['close', 'slow'], 0])
})

test('the second signal ends at once', async (t) => {
  const waiting: ServerResponse[] = []
  const upstream = await startUpstream(t, (_request, response) => { waiting.push(response) })
  const gateway = await startGateway(t, answering('', { routes: [{ url: '/', public: true, upstream: { url: upstream } }] }))
  const slow = request(gateway.origin).catch(() => {})
  await eventually('it is under way', () => waiting.length === 1)
  gateway.child.kill('SIGTERM')
  await gateway.line(({ msg }) => msg === 'told to end')
  await eventually('it has ended', () => {
    gateway.child.kill('SIGTERM')
    return gateway.child.exitCode !== null
  })
  assert.equal(await gateway.exited, 1)
  await slow
})
