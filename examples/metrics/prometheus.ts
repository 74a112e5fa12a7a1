// Prometheus, without a library: the text format is a line for each figure. https://prometheus.io/docs/instrumenting/exposition_formats/

import type { Stats } from 'fastify-bound-token'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

/** The figures of `fastify.boundToken.stats()`, as Prometheus reads them. */
export function exposition ({ tokens, issuers, feeds, decisions, revocation }: Stats): string {
  const asked = issuers.flatMap(({ issuer, introspection }) => introspection === null ? [] : [{ issuer, ...introspection }])
  return [
    metric('decisions_total', 'counter', 'Requests that were judged.', [
      [{ reason: 'allowed' }, decisions.allowed],
      ...Object.entries(decisions.refused).map(([reason, count]): Sample => [{ reason }, count])
    ]),
    metric('token_lookups_total', 'counter', 'Requests by whether their token was known.', [
      [{ result: 'hit' }, tokens.hits], [{ result: 'miss' }, tokens.misses]
    ]),
    metric('stale_answers_total', 'counter', 'Requests let on by what was known before an outage.', [[{}, tokens.stale]]),
    metric('evictions_total', 'counter', 'Evictions that were heard of.', [[{}, tokens.evictions]]),
    metric('cache_entries', 'gauge', 'Tokens in the cache.', [[{ state: 'active' }, tokens.entries], [{ state: 'inactive' }, tokens.inactiveEntries]]),
    metric('shared_cache_operations_total', 'counter', 'Operations of the store that processes share.', tokens.shared === null
      ? []
      : Object.entries(tokens.shared).map(([result, count]): Sample => [{ result }, count])),
    metric('introspection_calls_total', 'counter', 'Calls to the authorization server.', asked.map(({ issuer, calls }) => [{ issuer }, calls])),
    metric('introspection_retries_total', 'counter', 'Calls that were made again.', asked.map(({ issuer, retries }) => [{ issuer }, retries])),
    metric('introspection_skipped_total', 'counter', 'Tokens that were not asked for, since the server had failed.', asked.map(({ issuer, skipped }) => [{ issuer }, skipped])),
    metric('introspection_failures_total', 'counter', 'Tokens of which nothing could be learned.', asked.flatMap(({ issuer, failures }) =>
      Object.entries(failures).map(([reason, count]): Sample => [{ issuer, reason }, count]))),
    metric('breaker_closed', 'gauge', '1 while the authorization server is asked by everybody.', asked.map(({ issuer, breaker }) => [{ issuer }, breaker === 'closed' ? 1 : 0])),
    histogram('introspection_duration_seconds', 'Time for one token.', asked),
    metric('feed_up', 'gauge', '1 while a feed of evictions is connected.', (feeds?.connections ?? []).map(({ feed, isUp }) => [{ feed }, isUp === true ? 1 : 0])),
    metric('certificate_revocation_total', 'counter', 'Certificates by whether they are revoked.', revocation === null
      ? []
      : Object.entries(revocation).map(([result, count]): Sample => [{ result }, count]))
  ].join('')
}

function metric (name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  return samples.length === 0 ? '' : heading(name, type, help) + samples.map(([labels, value]) => line(name, labels, value)).join('')
}

function histogram (name: string, help: string, asked: ReadonlyArray<{ issuer: string, latency: NonNullable<Stats['issuers'][number]['introspection']>['latency'] }>): string {
  if (asked.length === 0) return ''
  return heading(name, 'histogram', help) + asked.map(({ issuer, latency: { count, sum, buckets } }) => [
    ...buckets.map(({ upTo, count }) => line(`${name}_bucket`, { issuer, le: String(upTo / 1000) }, count)),
    line(`${name}_bucket`, { issuer, le: '+Inf' }, count),
    line(`${name}_sum`, { issuer }, sum / 1000),
    line(`${name}_count`, { issuer }, count)
  ].join('')).join('')
}

function heading (name: string, type: string, help: string): string {
  return `# HELP bound_token_${name} ${help}\n# TYPE bound_token_${name} ${type}\n`
}

function line (name: string, labels: Labels, value: number): string {
  const written = Object.entries(labels).map(([label, text]) => `${label}="${text.replace(/[\\"\n]/g, (character) => character === '\n' ? '\\n' : `\\${character}`)}"`)
  return `bound_token_${name}${written.length === 0 ? '' : `{${written.join()}}`} ${value}\n`
}
