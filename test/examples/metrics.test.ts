import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes, BatchObservableCallback, Meter, Observable } from '@opentelemetry/api'
import { metricsOf } from '../../examples/metrics/listener.ts'
import { observe } from '../../examples/metrics/open-telemetry.ts'
import { exposition } from '../../examples/metrics/prometheus.ts'
import { json } from '../doubles/authorization-server.ts'
import { by, owner, protectedApp, stranger } from '../guard/protected-app.ts'

test('Prometheus: every figure of stats(), on a listener of its own', async (t) => {
  const { app, authorizationServer } = await protectedApp(t)
  for (const who of [owner, owner, stranger]) await app.inject({ url: '/', headers: by(who) })
  authorizationServer.behave(json({}, 500))
  await app.inject({ url: '/', headers: by(owner, 'new') })
  const metrics = metricsOf(app)
  t.after(() => metrics.close())
  const response = await fetch(`${await metrics.listen({ host: '127.0.0.1', port: 0 })}/metrics`)
  const text = await response.text()

  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  for (const line of [
    'bound_token_decisions_total{reason="allowed"} 2',
    'bound_token_decisions_total{reason="binding_mismatch"} 1',
    'bound_token_decisions_total{reason="issuer_unavailable"} 1',
    'bound_token_token_lookups_total{result="hit"} 2',
    'bound_token_token_lookups_total{result="miss"} 2',
    'bound_token_stale_answers_total 0',
    'bound_token_cache_entries{state="active"} 1',
    'bound_token_introspection_calls_total{issuer="https://login.example.com"} 2',
    'bound_token_introspection_failures_total{issuer="https://login.example.com",reason="issuer_unavailable"} 1',
    'bound_token_breaker_closed{issuer="https://login.example.com"} 1',
    'bound_token_introspection_duration_seconds_bucket{issuer="https://login.example.com",le="+Inf"} 2',
    'bound_token_introspection_duration_seconds_count{issuer="https://login.example.com"} 2'
  ]) assert.ok(text.includes(`\n${line}\n`), line)
  // The grammar of the format, line by line; and each metric has its heading once.
  for (const line of text.trimEnd().split('\n')) assert.match(line, /^(?:# (?:HELP|TYPE) bound_token_\w+ .+|bound_token_\w+(?:\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? \d+(?:\.\d+)?(?:e-\d+)?)$/)
  const headings = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name)
  assert.equal(new Set(headings).size, headings.length)
  const buckets = [...text.matchAll(/_bucket\{.*\} (\d+)/g)].map(([, count]) => Number(count))
  assert.deepEqual(buckets, buckets.toSorted((a, b) => a - b), 'each bucket holds the smaller ones')
  assert.equal((await app.inject({ url: '/metrics' })).statusCode, 401, 'not beside the routes of clients')
})

test('Prometheus: a label can hold anything', async (t) => {
  const { app } = await protectedApp(t)
  const stats = { ...app.boundToken.stats(), feeds: { applied: 0, repeated: 0, ignored: 0, refused: 0, down: 0, connections: [{ feed: 'a"b\\c\nd', isUp: true }] } }
  assert.ok(exposition(stats).includes('bound_token_feed_up{feed="a\\"b\\\\c\\nd"} 1\n'))
})

/** What a meter is told: the last value of each figure, and all that was recorded. */
function recordingMeter () {
  const names = new Map<Observable, string>()
  const recorded: Array<{ name: string, value: number, attributes: Attributes | undefined }> = []
  const callbacks = new Set<BatchObservableCallback>()
  const observable = (name: string): Observable => {
    const made: Observable = { addCallback () {}, removeCallback () {} }
    names.set(made, name)
    return made
  }
  const meter = {
    createHistogram: (name: string) => ({ record (value: number, attributes?: Attributes) { recorded.push({ name, value, attributes }) } }),
    createObservableCounter: observable,
    createObservableGauge: observable,
    addBatchObservableCallback: (callback: BatchObservableCallback) => { callbacks.add(callback) },
    removeBatchObservableCallback: (callback: BatchObservableCallback) => { callbacks.delete(callback) }
  } as unknown as Meter
  return {
    meter,
    recorded,
    callbacks,
    async collect (): Promise<Record<string, number>> {
      const observed: Record<string, number> = {}
      for (const callback of callbacks) {
        await callback({ observe (metric, value, attributes) { observed[`${names.get(metric as Observable)} ${JSON.stringify(attributes ?? {})}`] = value } })
      }
      return observed
    }
  }
}

test('OpenTelemetry: counters and gauges when they are collected, durations as they come, and nothing after the end', async (t) => {
  const { app } = await protectedApp(t)
  const { meter, recorded, callbacks, collect } = recordingMeter()
  const end = observe(meter, app.boundToken)
  for (const who of [owner, owner, stranger]) await app.inject({ url: '/', headers: by(who) })
  assert.deepEqual(await collect(), {
    'bound_token.decisions {"reason":"allowed"}': 2,
    'bound_token.decisions {"reason":"binding_mismatch"}': 1,
    'bound_token.token.lookups {"result":"hit"}': 2,
    'bound_token.token.lookups {"result":"miss"}': 1,
    'bound_token.token.stale {}': 0,
    'bound_token.evictions {}': 0,
    'bound_token.token.entries {"state":"active"}': 1,
    'bound_token.token.entries {"state":"inactive"}': 0,
    'bound_token.breaker.closed {"issuer":"https://login.example.com"}': 1
  })
  assert.deepEqual(recorded.map(({ name, attributes }) => [name, attributes]), [
    ['bound_token.introspection.duration', { issuer: 'https://login.example.com', outcome: 'active', attempts: 1 }]
  ])
  assert.ok((recorded[0]?.value ?? 0) > 0 && (recorded[0]?.value ?? 0) < 30)
  end()
  await app.inject({ url: '/', headers: by(owner, 'another') })
  assert.equal(recorded.length, 1)
  assert.equal(callbacks.size, 0)
})
