// OpenTelemetry: counters and gauges are read from stats() when they are collected; how long the authorization server took comes from
// its diagnostics channel, call by call.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Attributes, Meter, Observable } from '@opentelemetry/api'
import type { BoundToken, IntrospectionMessage, Stats } from 'fastify-bound-token'

/**
 * @param meter - `metrics.getMeter('my-service')`, of @opentelemetry/api
 * @returns ends it
 */
export function observe (meter: Meter, boundToken: BoundToken): () => void {
  const duration = meter.createHistogram('bound_token.introspection.duration', { unit: 's', description: 'Time for one token' })
  const onIntrospection = (message: unknown): void => {
    const { issuer, outcome, duration: milliseconds, attempts } = message as IntrospectionMessage
    duration.record(milliseconds / 1000, { issuer, outcome, attempts })
  }
  const counter = (name: string, description: string): Observable => meter.createObservableCounter(`bound_token.${name}`, { description })
  const gauge = (name: string, description: string): Observable => meter.createObservableGauge(`bound_token.${name}`, { description })
  const figures: ReadonlyArray<readonly [Observable, (stats: Stats) => Iterable<readonly [value: number, attributes?: Attributes]>]> = [
    [counter('decisions', 'Requests that were judged'), ({ decisions }) => Object.entries({ allowed: decisions.allowed, ...decisions.refused }).map(([reason, count]) => [count, { reason }])],
    [counter('token.lookups', 'Requests by whether their token was known'), ({ tokens }) => [[tokens.hits, { result: 'hit' }], [tokens.misses, { result: 'miss' }]]],
    [counter('token.stale', 'Requests let on by what was known before an outage'), ({ tokens }) => [[tokens.stale]]],
    [counter('evictions', 'Evictions that were heard of'), ({ tokens }) => [[tokens.evictions]]],
    [gauge('token.entries', 'Tokens in the cache'), ({ tokens }) => [[tokens.entries, { state: 'active' }], [tokens.inactiveEntries, { state: 'inactive' }]]],
    [gauge('breaker.closed', '1 while the authorization server is asked by everybody'), ({ issuers }) => issuers.flatMap(({ issuer, introspection }) =>
      introspection === null ? [] : [[introspection.breaker === 'closed' ? 1 : 0, { issuer }] as const])],
    [gauge('feed.up', '1 while a feed of evictions is connected'), ({ feeds }) => (feeds?.connections ?? []).map(({ feed, isUp }) => [isUp === true ? 1 : 0, { feed }])]
  ]
  const observables = figures.map(([observable]) => observable)
  const collect = (result: { observe (observable: Observable, value: number, attributes?: Attributes): void }): void => {
    const stats = boundToken.stats()
    for (const [observable, values] of figures) {
      for (const [value, attributes] of values(stats)) result.observe(observable, value, attributes)
    }
  }
  meter.addBatchObservableCallback(collect, observables)
  subscribe('fastify-bound-token:introspection', onIntrospection)

  return () => {
    meter.removeBatchObservableCallback(collect, observables)
    unsubscribe('fastify-bound-token:introspection', onIntrospection)
  }
}
