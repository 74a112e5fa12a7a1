import type { Result } from './result.ts'

/** Rows and figures of every kind that can be shown. */
export const resultForTests: Result = {
  machine: { node: 'v20.0.0', cpu: 'A <CPU> & more', cores: 2, date: '2026-01-02', commit: 'abc1234' },
  rounds: 3,
  requests: 4000,
  rows: [
    { group: 'opaque', name: 'plain Fastify', revision: null, against: null, beyond: null, times: [10, 20, 10] },
    { group: 'opaque', name: 'guarded, token known', revision: null, against: 'plain Fastify', beyond: null, times: [11, 21, 12] },
    { group: 'jwt', name: 'plain Fastify', revision: null, against: null, beyond: null, times: [10, 10, 10] },
    { group: 'jwt', name: 'jose by hand, no binding', revision: null, against: 'plain Fastify', beyond: null, times: [40, 41, 42] },
    { group: 'misses', name: 'by hand', revision: null, against: null, beyond: null, times: [30, 30, 30] },
    { group: 'misses', name: 'guarded, asked', revision: null, against: null, beyond: 'by hand', times: [50, 51, 52] }
  ],
  figures: [
    { group: 'stampede', name: 'guarded', what: 'timers', unit: '', of: 'most', values: [1, 3, 2] },
    { group: 'memory', name: 'opaque tokens', what: 'asked for once', unit: 'bytes', of: 'median', values: [1234.4] }
  ],
  left: [{ group: 'redis', name: 'guarded, token known to Redis', why: 'there is no Redis' }]
}
