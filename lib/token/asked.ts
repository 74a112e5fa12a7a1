import type { BreakerState, IntrospectionStats } from '../../types/bound-token.ts'
import type { IntrospectionMessage } from '../../types/channels.ts'
import type { Reason } from '../../types/decision.ts'
import { channelOf } from '../channels.ts'
import { isRefusal } from '../errors.ts'
import type { Resolved } from './resolver.ts'

/** Counts what an authorization server was asked, and tells of it on the channels. */
export interface Asked {
  /** @param ask - calls `onCall` before each call */
  counting (ask: (onCall: () => void) => Promise<Resolved>): Promise<Resolved>
  onBreaker (state: BreakerState): void
  stats (breaker: BreakerState): IntrospectionStats
}

const introspections = channelOf('introspection')
const breakers = channelOf('breaker')

/** Milliseconds: upper bounds of the buckets. Beyond the last one comes the time limit, which is an option. */
const bounds = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]

/** @param issuer - its configured name */
export function asked (issuer: string): Asked {
  const failures = new Map<Reason, number>()
  const buckets = bounds.map(() => 0)
  const counts = { calls: 0, retries: 0, active: 0, inactive: 0, skipped: 0 }
  const latency = { count: 0, sum: 0 }

  return {
    async counting (ask) {
      const startedAt = performance.now()
      let attempts = 0
      try {
        const resolved = await ask(() => { attempts++ })
        end(resolved.record === null ? 'inactive' : 'active', performance.now() - startedAt, attempts)
        return resolved
      } catch (error) {
        if (attempts === 0 && isRefusal(error) && error.isUnasked === true) counts.skipped++
        else if (isRefusal(error)) end(error.reason, performance.now() - startedAt, attempts)
        throw error
      }
    },

    onBreaker (state) {
      if (breakers.hasSubscribers) breakers.publish(Object.freeze({ issuer, state }))
    },

    stats: (breaker) => ({
      ...counts,
      failures: Object.fromEntries(failures),
      breaker,
      latency: { ...latency, buckets: bounds.map((upTo, index) => ({ upTo, count: buckets[index] as number })) }
    })
  }

  function end (outcome: IntrospectionMessage['outcome'], duration: number, attempts: number): void {
    if (outcome === 'active' || outcome === 'inactive') counts[outcome]++
    else failures.set(outcome, (failures.get(outcome) ?? 0) + 1)
    if (attempts === 0) return // Its keys, or our own credentials, could not be had.
    counts.calls += attempts
    counts.retries += attempts - 1
    latency.count++
    latency.sum += duration
    bounds.forEach((upTo, index) => { if (duration <= upTo) buckets[index] = (buckets[index] as number) + 1 })
    if (introspections.hasSubscribers) introspections.publish(Object.freeze({ issuer, outcome, duration, attempts }))
  }
}
