// Fills a store, and goes on when it is full. The entries are as large as the usual ones.

import { hash } from 'node:crypto'
import { memoryStore } from '../../../lib/cache/memory-store.ts'
import { answering } from '../answering.ts'
import type { Pauses } from './pauses.ts'

answering<{ count: number }>(({ count }): Pauses => {
  const store = memoryStore<{ wasUsed: boolean }>(count)
  const longest = (from: number, to: number): number => {
    let most = 0
    for (let n = from; n < to; n++) {
      const key = hash('sha256', String(n), 'base64url')
      const entry = { wasUsed: false, record: { subject: `user-${n}`, jwtId: key, claims: { sub: `user-${n}`, jti: key, exp: n, cnf: { 'x5t#S256': key } } }, askedAt: n, expiresAt: n, key: null }
      const begin = performance.now()
      store.set(key, entry, 'active')
      most = Math.max(most, performance.now() - begin)
    }
    return most
  }
  return { insert: longest(0, count), eviction: longest(count, Math.ceil(count * 1.2)) }
})
