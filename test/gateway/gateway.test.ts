import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Pool, request } from 'undici'
import type { GatewayOptions } from '../../lib/options.ts'
import { eventually } from '../token/eventually.ts'
import { gatewayOptions } from './gateway-file.ts'
import { gatewayHere, startUpstream } from './running.ts'

const answering = (body: string, more: object = {}): GatewayOptions =>
  gatewayOptions({ server: { port: 0 }, routes: [{ url: '/', public: true, respond: { body } }], ...more }) as unknown as GatewayOptions

const settled = async (): Promise<void> => { for (let i = 0; i < 10; i++) await turn() }

test('the next request is served by the configuration that was taken, on the same connection', async (t) => {
  const { gateway, port } = await gatewayHere(t, answering('one'))
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  const ask = async (): Promise<string> => {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    return String((await once(socket, 'data') as [Buffer])[0])
  }
  assert.match(await ask(), /\r\n\r\none$/)
  await gateway.take(answering('two'))
  assert.match(await ask(), /\r\n\r\ntwo$/)
})

test('a request under way ends as it began, and then its configuration does', async (t) => {
  const waiting: ServerResponse[] = []
  const upstream = await startUpstream(t, (_request, response) => { waiting.push(response) })
  const { gateway, origin } = await gatewayHere(t, answering('', { routes: [{ url: '/', public: true, upstream: { url: upstream } }] }))
  const slow = request(origin).then(async ({ statusCode, body }) => [statusCode, await body.text()])
  await eventually('it is under way', () => waiting.length === 1)
  await gateway.take(answering('new'))
  assert.equal(await (await request(origin)).body.text(), 'new')
  assert.equal(gateway.configurations(), 2)
  waiting[0]?.end('old')
  assert.deepEqual(await slow, [200, 'old'])
  await eventually('its configuration is closed', () => gateway.configurations() === 1)
})

test('a configuration that keeps something under way for too long is closed all the same', async (t) => {
  const waiting: ServerResponse[] = []
  const upstream = await startUpstream(t, (_request, response) => { waiting.push(response) })
  const { gateway, origin } = await gatewayHere(t, answering('', { server: { port: 0, shutdown: { timeout: 0 } }, routes: [{ url: '/', public: true, upstream: { url: upstream } }] }))
  const slow = request(origin).then(({ statusCode }) => statusCode)
  await eventually('it is under way', () => waiting.length === 1)
  await gateway.take(answering('new'))
  assert.equal(await slow, 502)
  await eventually('its configuration is closed', () => gateway.configurations() === 1)
})

test('fifty reloads under load: no request fails, and nothing of old configurations stays', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { setImmediate(() => response.end('upstream')) })
  const configurations = [
    answering('one'),
    answering('two', { log: { level: 'warn' } }),
    answering('', { routes: [{ url: '/', public: true, upstream: { url: upstream } }] })
  ]
  const { gateway, origin } = await gatewayHere(t, configurations[0] as GatewayOptions)
  const { server } = gateway
  const listeners = (): Record<string, number> => Object.fromEntries(server.eventNames().map((name) => [String(name), server.listenerCount(name)]))
  const before = listeners()
  const pool = new Pool(origin, { connections: 8 })
  t.after(() => pool.close())
  const answers = new Map<string, number>()
  const until = { isOver: false }
  const load = async (ask: () => Promise<{ statusCode: number, body: { text (): Promise<string> } }>): Promise<void> => {
    while (!until.isOver) {
      const { statusCode, body } = await ask()
      const answer = `${statusCode} ${await body.text()}`
      answers.set(answer, (answers.get(answer) ?? 0) + 1)
    }
  }
  const kept = async (): Promise<void> => { await load(async () => await pool.request({ path: '/', method: 'GET' })) }
  const fresh = async (): Promise<void> => { await load(async () => await request(origin, { reset: true })) }
  const loads = Promise.all([kept(), kept(), kept(), kept(), kept(), kept(), fresh(), fresh()])
  const olds: Array<WeakRef<object>> = []
  for (let i = 1; i <= 50; i++) {
    const options = { ...configurations[i % 3] as GatewayOptions }
    olds.push(new WeakRef(options))
    await gateway.take(options)
    await settled()
  }
  until.isOver = true
  await loads
  assert.deepEqual([...answers.keys()].sort(), ['200 one', '200 two', '200 upstream'])
  assert.ok(Math.min(...answers.values()) > 20, JSON.stringify([...answers]))
  await eventually('all but one are closed', () => gateway.configurations() === 1)
  assert.deepEqual(listeners(), before)
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  await eventually('the old ones are forgotten', async () => {
    collect()
    await settled()
    return olds.filter((old) => old.deref() !== undefined).length <= 2
  })
})

test('a header in which only an old configuration read certificates is a header as any other', async (t) => {
  const upstream = await startUpstream(t, ({ headers }, response) => response.end(JSON.stringify([headers['x-old-cert'], headers['x-new-cert']])))
  const reading = (header: string): GatewayOptions => answering('', {
    certificate: { preset: 'nginx', header, trustedProxies: ['127.0.0.1'] }, routes: [{ url: '/', public: true, upstream: { url: upstream } }]
  })
  const { gateway, origin } = await gatewayHere(t, reading('x-old-cert'))
  const seen = async (): Promise<unknown> => await (await request(origin, { headers: { 'x-old-cert': 'old', 'x-new-cert': 'new' } })).body.json()
  assert.deepEqual(await seen(), [null, 'new'])
  await gateway.take(reading('x-new-cert'))
  assert.deepEqual(await seen(), ['old', null])
})

test('what only a restart changes is named, and the rest is taken', async (t) => {
  const { gateway, origin, logged } = await gatewayHere(t, answering('one'))
  await gateway.take(answering('two', { server: { host: '127.0.0.2', port: 1, maxHeaderSize: 8192, keepAliveTimeout: 5000, requestTimeout: 3000, health: { liveness: '/live', port: 0 } } }))
  assert.equal(await (await request(origin)).body.text(), 'two')
  assert.equal((JSON.parse(logged.find((line) => line.includes('restart')) ?? '{}') as { msg?: string }).msg, 'only a restart changes server.host, server.port, server.maxHeaderSize, server.health.port')
  const { keepAliveTimeout, requestTimeout, headersTimeout } = gateway.server
  assert.deepEqual([keepAliveTimeout, requestTimeout, headersTimeout], [5000, 3000, 3000])
})

test('a wrong configuration is refused, and the one before goes on', async (t) => {
  const { gateway, origin } = await gatewayHere(t, answering('one'))
  await assert.rejects(gateway.take(answering('two', { routes: [{ url: '/', respond: {}, scopes: ['a'] }, { url: '/', respond: {} }] })), /options\.routes\[1\]: found "\/" a second time/)
  const unset = { env: 'NO_SUCH_VARIABLE' }
  await assert.rejects(gateway.take(answering('two', { server: { tls: { certificate: unset, key: unset } } })), /options\.server\.tls\.certificate: the environment variable NO_SUCH_VARIABLE is not set/)
  assert.equal(await (await request(origin)).body.text(), 'one')
  assert.equal(gateway.configurations(), 1)
})

test('a long parameter does not lead from a guarded route to a public one that fits as well', async (t) => {
  const seen: string[] = []
  const upstream = await startUpstream(t, ({ url = '' }, response) => { seen.push(url); response.end() })
  const { origin } = await gatewayHere(t, answering('', {
    routes: [
      { url: '/accounts/:id', upstream: { url: upstream } }, { url: '/cards/:id(^[a-z]+$)', upstream: { url: upstream } },
      { url: '/*', public: true, upstream: { url: upstream } }
    ]
  }))
  const statusOf = async (path: string): Promise<number> => {
    const { statusCode, body } = await request(origin + path)
    await body.dump()
    return statusCode
  }
  for (const id of ['a', 'a'.repeat(101), 'a'.repeat(15_000)]) assert.deepEqual([await statusOf(`/accounts/${id}`), await statusOf(`/cards/${id}`)], [401, 401], String(id.length))
  assert.equal(await statusOf(`/${'a'.repeat(101)}`), 200)
  assert.equal(seen.length, 1)
})
