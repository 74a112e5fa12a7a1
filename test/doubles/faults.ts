// What can be wrong with an authorization server, and what comes of it: one table for the tests and for what is measured.
import { answer, drip, endless, hang, html, json, jsonType, reset, resetMidBody, truncated, type Behaviour } from './authorization-server.ts'
import type { Reason } from '../../types/decision.ts'

export interface Fault {
  /** Null for one that nobody listens at, and for one whose certificate is not to be trusted. */
  readonly behaviour: Behaviour | null
  readonly status: number
  readonly reason: Reason
  /** Calls that are made for one token. */
  readonly calls: number
  /** Seconds; null where the answer has no `Retry-After`. */
  readonly retryAfter: number | null
  /** Whether a token that was known a moment ago still counts with `cache.staleIfError`. */
  readonly isOutage: boolean
  /** Whether it takes as long as the time limit. */
  readonly isSlow: boolean
}

const unavailable = { status: 503, reason: 'issuer_unavailable', retryAfter: 5, isOutage: true, isSlow: false } as const
const badResponse = { status: 502, reason: 'issuer_bad_response', calls: 1, retryAfter: null, isOutage: false, isSlow: false } as const

/** 100 MB that are announced, and sent as fast as they are read. */
const huge: Behaviour = (call, response) => {
  response.setHeader('content-length', 100_000_000)
  endless(call, response)
}

export const faults: Readonly<Record<string, Fault>> = {
  'nobody listens': { ...unavailable, behaviour: null, calls: 2 },
  'a certificate that is not trusted': { ...unavailable, behaviour: null, calls: 1 },
  'a reset before the answer': { ...unavailable, behaviour: reset, calls: 2 },
  'a reset within the answer': { ...unavailable, behaviour: resetMidBody, calls: 1 },
  'no answer': { ...unavailable, behaviour: hang, calls: 1, isSlow: true },
  'a drip': { ...unavailable, behaviour: drip, calls: 1, isSlow: true },
  'status 500': { ...unavailable, behaviour: json({}, 500), calls: 1, retryAfter: 1 },
  'status 502': { ...unavailable, behaviour: json({}, 502), calls: 2, retryAfter: 1 },
  'status 503': { ...unavailable, behaviour: json({}, 503), calls: 2, retryAfter: 1 },
  'status 504': { ...unavailable, behaviour: json({}, 504), calls: 2, retryAfter: 1 },
  'status 503 with Retry-After: 7': { ...unavailable, behaviour: answer(503, { ...jsonType, 'retry-after': '7' }), calls: 1, retryAfter: 7 },
  'status 429': { ...unavailable, behaviour: json({}, 429), calls: 1, retryAfter: 1 },
  'status 429 with Retry-After: 3600': { ...unavailable, behaviour: answer(429, { ...jsonType, 'retry-after': '3600' }), calls: 1, retryAfter: 60 },
  'status 401': { ...badResponse, behaviour: json({ error: 'invalid_client' }, 401), status: 500, reason: 'issuer_refused_us' },
  'HTML with status 200': { ...badResponse, behaviour: html },
  'JSON that is cut off': { ...badResponse, behaviour: truncated },
  'a body of 100 MB': { ...badResponse, behaviour: huge }
}
