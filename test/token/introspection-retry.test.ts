// A call that is made again: within the same time, with proof of its own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refuse } from '../../lib/errors.ts'
import { breaker } from '../../lib/token/breaker.ts'
import type { Answered } from '../../lib/token/call.ts'
import { exchange, type Exchange } from '../../lib/token/exchange.ts'
import type { IntrospectionOptions } from '../../lib/token/introspection.ts'
import { hang, json, reset, startDouble } from '../doubles/authorization-server.ts'
import { valuesOf } from './read-form.ts'
import { refused } from './refused.ts'
import { resolverAt } from './resolver-at.ts'

const inactive: Answered = { status: 200, contentType: 'application/json', contentEncoding: '', retryAfter: '', cacheControl: '', age: '', body: Buffer.from('{"active":false}') }

/** A resolver over an exchange that is torn down so often, and what it was sent. */
function torn (times: number, options: Partial<IntrospectionOptions> = {}) {
  const sent: Array<Parameters<Exchange['send']>[1]> = []
  const tearing: Exchange = {
    timeout: 5000,
    async send (_url, call) {
      sent.push(call)
      if (sent.length <= times) throw Object.assign(refuse('issuer_unavailable'), { isOutage: true, isPassing: true })
      return inactive
    },
    async close () {}
  }
  return { sent, resolver: resolverAt('http://127.0.0.1:1', { exchange: tearing, retries: 5, ...options }) }
}

test('all attempts share one time limit', async () => {
  const { sent, resolver } = torn(3)
  assert.equal(await resolver.record('abc'), null)
  const limits = sent.map(({ timeout }) => timeout as number)
  assert.equal(limits.length, 4)
  assert.ok((limits[0] as number) > 4000 && (limits[0] as number) <= 5000)
  for (const [index, limit] of limits.entries()) assert.ok(index === 0 || limit < (limits[index - 1] as number), String(limits))
})

test('a call that has less time left than any call has ends earlier', async (t) => {
  const server = await startDouble(hang)
  const asking = exchange({ tls: { current: () => ({}) }, timeout: 3_600_000, maxBytes: 1000 })
  t.after(async () => {
    await asking.close()
    await server.close()
  })
  const refusal = await refused('issuer_unavailable', asking.send(new URL(server.origin), { method: 'GET', headers: {}, timeout: 20 }))
  assert.deepEqual([refusal.detail, refusal.isOutage, refusal.isPassing], ['no complete answer in time', true, false])
})

test('RFC 7523 section 3: each attempt proves anew who we are, since the one that failed may have got there', async () => {
  let made = 0
  const { sent, resolver } = torn(2, { clientAuth: async () => ({ headers: {}, parameters: { client_assertion: `assertion-${++made}` } }) })
  await resolver.record('abc')
  assert.deepEqual(sent.map(({ body }) => valuesOf(body as string, 'client_assertion')), [['assertion-1'], ['assertion-2'], ['assertion-3']])
  assert.deepEqual(sent.map(({ body }) => valuesOf(body as string, 'token')), [['abc'], ['abc'], ['abc']])
})

test('a breaker that opens meanwhile ends it: each attempt counts, and what opened it stands in the figures', async () => {
  const { sent, resolver } = torn(9, { breaker: breaker({ failures: 3, pause: 1000, maxPause: 1000, onState () {} }) })
  const refusal = await refused('issuer_unavailable', resolver.record('abc'))
  assert.equal(refusal.retryAfter, 1)
  assert.equal(sent.length, 3)
  const stats = resolver.stats?.()
  assert.deepEqual([stats?.calls, stats?.retries, stats?.skipped, stats?.breaker, stats?.failures], [3, 2, 0, 'open', { issuer_unavailable: 1 }])
})

test('over sockets: a connection that is torn down before the answer is made again, and its answer counts', async (t) => {
  const server = await startDouble((call, response) => (server.calls.length === 1 ? reset : json({ active: true, sub: 'alice' }))(call, response))
  const resolver = resolverAt(server.origin, { retries: 1 })
  t.after(async () => {
    await resolver.close()
    await server.close()
  })
  assert.equal((await resolver.record('abc'))?.claims.sub, 'alice')
  assert.equal(server.calls.length, 2)
  assert.equal(server.calls[0]?.body, server.calls[1]?.body)
})

test('an endpoint that can not be found out is a failure for which nobody was asked', async () => {
  const { resolver, sent } = torn(0, { endpoint: async () => { throw refuse('issuer_bad_response') } })
  await refused('issuer_bad_response', resolver.record('abc'))
  assert.equal(sent.length, 0)
  const stats = resolver.stats?.()
  assert.deepEqual([stats?.calls, stats?.failures, stats?.latency.count], [0, { issuer_bad_response: 1 }, 0])
})
