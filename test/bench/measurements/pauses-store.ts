// Fills a store, and goes on when it is full. The entries are as large as the usual ones.

import { hash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { memoryStore } from '../../../lib/cache/memory-store.ts'
import { answering } from '../answering.ts'
import type { Pauses } from './pauses.ts'

/** Inserts in one turn of the event loop: a process that never turns collects its garbage all at once. */
const inOneTurn = 100

answering<{ count: number }>(async ({ count }): Promise<Pauses> => {
  const store = memoryStore<{ wasUsed: boolean }>(count)
  const longest = async (from: number, to: number): Promise<number> => {
    let most = 0
    for (let n = from; n < to; n++) {
      const key = hash('sha256', String(n), 'base64url')
      const entry = { wasUsed: false, record: { subject: `user-${n}`, jwtId: key, claims: { sub: `user-${n}`, jti: key, exp: n, cnf: { 'x5t#S256': key } } }, askedAt: n, expiresAt: n, key: null }
      const begin = performance.now()
      store.set(key, entry, 'active')
      most = Math.max(most, performance.now() - begin)
      if (n % inOneTurn === 0) await turn()
    }
    return most
  }
  const insert = await longest(0, count)
  return { insert, eviction: await longest(count, Math.ceil(count * 1.2)) }
})
