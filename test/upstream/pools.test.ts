// Which upstreams share their connections, and how many of these there are.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { forward } from '../../lib/index.ts'
import { keys, pools } from '../../lib/upstream/pools.ts'
import { startDouble, type Double } from '../doubles/authorization-server.ts'
import { eventually } from '../token/eventually.ts'
import { startGateway } from './gateway.ts'

/** Answers each request when it is told to. */
async function waiting (t: TestContext): Promise<{ server: Double, answerAll: () => void }> {
  const held: Array<() => void> = []
  const server = await startDouble((_call, response) => { held.push(() => response.end('x')) })
  t.after(() => server.close())
  return { server, answerAll: () => { for (const end of held.splice(0)) end() } }
}

test('two requests at a time over `connections: 2`, whatever route and path; the third waits until one ends', async (t) => {
  const { server, answerAll } = await waiting(t)
  const { send } = await startGateway(t, {
    declare (app) {
      for (const [path, upstream] of [['/a', { url: server.origin }], ['/b', { url: `${server.origin}/base/`, token: 'forward' as const }]] as const) {
        app.get(path, { config: { boundToken: { upstream: { ...upstream, connections: 2 } } } }, forward)
      }
    }
  })
  const sent = ['/a', '/b', '/a', '/b'].map(async (path) => (await send({ path })).status)
  await eventually('two have arrived', () => server.calls.length === 2)
  assert.equal(server.connections.made, 2)
  answerAll()
  await eventually('the others arrive', () => server.calls.length === 4)
  assert.ok(server.connections.open <= 2, `${server.connections.open} are open`)
  answerAll()
  assert.deepEqual(await Promise.all(sent), [200, 200, 200, 200])
})

test('who waits for a connection longer than `timeout` is told so, and asks the upstream nothing', async (t) => {
  const { server, answerAll } = await waiting(t)
  const { send } = await startGateway(t, { upstream: { url: server.origin, connections: 1, timeout: 300 } })
  const first = send()
  await eventually('it has arrived', () => server.calls.length === 1)
  const second = send()
  assert.equal((await second).status, 504)
  answerAll()
  await first
  assert.equal(server.calls.length, 1)
})

test('other connection options, other connections', async (t) => {
  const { server, answerAll } = await waiting(t)
  const { send } = await startGateway(t, {
    declare (app) {
      for (const connections of [1, 2]) app.get(`/${connections}`, { config: { boundToken: { upstream: { url: server.origin, connections } } } }, forward)
    }
  })
  const sent = ['/1', '/2', '/2', '/2'].map(async (path) => (await send({ path })).status)
  await eventually('three have arrived', () => server.calls.length === 3)
  answerAll()
  await eventually('the fourth arrives', () => server.calls.length === 4)
  answerAll()
  assert.deepEqual(await Promise.all(sent), [200, 200, 200, 200])
})

test('one pool for one origin and equal connection options, whatever else differs', async () => {
  const some = pools(() => {})
  const http = 'http://127.0.0.1:1'
  const of = async (origin: string, options: object) => await some.of(origin, { url: origin, ...options }, 'upstream')
  const pool = await of(http, {})
  assert.equal(await of(http, { token: 'forward', headers: { 'x-a': 'b' }, connections: 128, timeout: 30_000 }), pool)
  for (const other of [{ connections: 127 }, { timeout: 29_999 }]) assert.notEqual(await of(http, other), pool)
  assert.notEqual(await of('http://127.0.0.1:2', {}), pool)
  await some.close()
})

test('a secret of another function is another secret', () => {
  const keyOf = keys()
  const [one, two] = [() => 'a', () => 'a']
  assert.equal(keyOf({ tls: { key: one } }), keyOf({ tls: { key: one } }))
  assert.notEqual(keyOf({ tls: { key: one } }), keyOf({ tls: { key: two } }))
  assert.notEqual(keyOf({ tls: { key: one } }), keyOf({ tls: {} }))
})
