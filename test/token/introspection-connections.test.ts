import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { hang, json, jsonType, startDouble, type Behaviour, type Double } from '../doubles/authorization-server.ts'
import { eventually } from './eventually.ts'
import { refused } from './refused.ts'
import { resolverAt, type RecordResolver } from './resolver-at.ts'
import { valuesOf } from './read-form.ts'

async function pair (t: TestContext, behaviour: Behaviour): Promise<[Double, RecordResolver]> {
  const server = await startDouble(behaviour)
  const resolver = resolverAt(server.origin)
  t.after(async () => {
    await resolver.close()
    await server.close()
  })
  return [server, resolver]
}

test('a connection is used again', async (t) => {
  const [server, resolver] = await pair(t, json({ active: false }))
  for (let i = 0; i < 20; i++) await resolver.record(`token-${i}`)
  assert.equal(server.calls.length, 20)
  // The second call may come before the first connection is ready again.
  assert.ok(server.connections.made <= 2, `${server.connections.made} connections`)
})

test('a connection that the server ends after each answer is made again', async (t) => {
  const [server, resolver] = await pair(t, (_call, response) => {
    response.writeHead(200, { ...jsonType, connection: 'close' }).end('{"active":false}')
  })
  for (let i = 0; i < 5; i++) assert.equal(await resolver.record(`token-${i}`), null)
  assert.equal(server.connections.made, 5)
})

test('I20: each call gets its own answer, in whatever order they come', async (t) => {
  const [, resolver] = await pair(t, (call, response) => {
    const [token = ''] = valuesOf(call.body, 'token')
    const number = Number(token.slice(6))
    setTimeout(() => json({ active: true, sub: token })(call, response), (number * 7919) % 40)
  })
  const tokens = Array.from({ length: 200 }, (_, index) => `token-${index}`)
  const records = await Promise.all(tokens.map((token) => resolver.record(token)))
  assert.deepEqual(records.map((record) => record?.claims.sub), tokens)
})

test('I20: an answer that comes after its call was given up is nobody\'s', async (t) => {
  const server = await startDouble((call, response) => {
    const [token = ''] = valuesOf(call.body, 'token')
    setTimeout(() => json({ active: true, sub: token })(call, response), token === 'slow' ? 90 : 0)
  })
  const resolver = resolverAt(server.origin, { timeout: 60 })
  t.after(async () => {
    await resolver.close()
    await server.close()
  })
  await refused('issuer_unavailable', resolver.record('slow'))
  for (let i = 0; i < 10; i++) {
    assert.equal((await resolver.record(`quick-${i}`))?.claims.sub, `quick-${i}`)
    await wait(5)
  }
})

test('close ends the connections that are kept', async (t) => {
  const [server, resolver] = await pair(t, json({ active: false }))
  await resolver.record('abc')
  assert.ok(server.connections.open > 0)
  await resolver.close()
  await eventually('they are closed', () => server.connections.open === 0)
})

test('close ends a call that the server has already got', async (t) => {
  const [server, resolver] = await pair(t, hang)
  const underWay = refused('issuer_unavailable', resolver.record('abc'))
  await eventually('the call arrived', () => server.calls.length > 0)
  await resolver.close()
  await underWay
})
