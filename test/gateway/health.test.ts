import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { request } from 'undici'
import type { GatewayOptions } from '../../lib/options.ts'
import { eventually } from '../token/eventually.ts'
import { gatewayOptions } from './gateway-file.ts'
import { gatewayHere } from './running.ts'

const withHealth = (health: object, more: object = {}): GatewayOptions =>
  gatewayOptions({ server: { port: 0, health, shutdown: { delay: 150 } }, ...more }) as unknown as GatewayOptions
const paths = { liveness: '/live', readiness: '/ready' }

const answerOf = async (url: string, method: 'GET' | 'HEAD' | 'POST' = 'GET'): Promise<[number, string]> => {
  const { statusCode, body } = await request(url, { method })
  return [statusCode, await body.text()]
}

test('the paths answer without token, before everything else, and without a line in the log', async (t) => {
  const { origin, logged } = await gatewayHere(t, withHealth(paths))
  const before = logged.length
  assert.deepEqual(await answerOf(`${origin}/live`), [200, 'ok'])
  assert.deepEqual(await answerOf(`${origin}/ready?from=probe`), [200, 'ok'])
  assert.deepEqual(await answerOf(`${origin}/ready`, 'HEAD'), [200, ''])
  assert.deepEqual(await answerOf(`${origin}/ready`, 'POST'), [405, 'GET and HEAD only'])
  assert.equal((await request(`${origin}/ready`)).headers['cache-control'], 'no-store')
  assert.equal(logged.length, before)
  assert.equal((await answerOf(`${origin}/live/`))[0], 401)
})

test('readiness ends before listening does, and liveness stays', async (t) => {
  const { gateway, origin } = await gatewayHere(t, withHealth(paths))
  const ended = gateway.end()
  assert.deepEqual(await answerOf(`${origin}/ready`), [503, 'ending'])
  assert.deepEqual(await answerOf(`${origin}/live`), [200, 'ok'])
  assert.deepEqual(await answerOf(`${origin}/health`), [200, 'ok'])
  await ended
  await assert.rejects(request(`${origin}/live`), { code: 'ECONNREFUSED' })
})

test('a listener of its own has these paths and no others, and the gateway has not', async (t) => {
  const { gateway, origin, logged } = await gatewayHere(t, withHealth({ ...paths, port: 0 }))
  const [, own = ''] = /health checks at (http:[^"]+)/.exec(logged.join('\n')) ?? []
  assert.deepEqual(await answerOf(`${own}/live`), [200, 'ok'])
  assert.deepEqual(await answerOf(`${own}/ready`), [200, 'ok'])
  assert.deepEqual(await answerOf(`${own}/health`), [404, 'not a health check'])
  assert.deepEqual((await answerOf(`${origin}/live`))[0], 401)
  await gateway.take(withHealth({ readiness: '/other', port: 0 }))
  assert.deepEqual([await answerOf(`${own}/other`), await answerOf(`${own}/ready`)], [[200, 'ok'], [404, 'not a health check']])
  const ended = gateway.end()
  assert.deepEqual(await answerOf(`${own}/other`), [503, 'ending'])
  await ended
  await assert.rejects(request(`${own}/other`), { code: 'ECONNREFUSED' })
})

test('the listener of its own stays open until the last answer', async (t) => {
  const { gateway, port, logged } = await gatewayHere(t, withHealth({ ...paths, port: 0 }))
  const [, own = ''] = /health checks at (http:[^"]+)/.exec(logged.join('\n')) ?? []
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.write('GET /health HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(socket, 'data')
  const ended = gateway.end()
  await eventually('nobody listens', async () => await request(`http://127.0.0.1:${port}/`).then(() => false, () => true))
  assert.deepEqual(await answerOf(`${own}/ready`), [503, 'ending'])
  assert.equal(await ended, true)
})

test('paths that are wrong', async (t) => {
  for (const [health, message] of [
    [{}, /options\.server\.health: found neither/],
    [{ liveness: '/a', readiness: '/a' }, /options\.server\.health\.readiness: found the path of liveness/],
    [{ ...paths, host: '127.0.0.1' }, /options\.server\.health\.host: found without port/],
    [{ liveness: '/health' }, /options\.routes\[0\]\.url: found the path of a health check/]
  ] as const) await assert.rejects(gatewayHere(t, withHealth(health)), message)
})
