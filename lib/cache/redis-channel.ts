import { setTimeout as wait } from 'node:timers/promises'
import type { EvictionChannel } from '../../types/token-store.ts'
import { codeOf, type RedisConnection } from './redis-connection.ts'
import { field, mostBytes, mostEntries, streamReader } from './stream-reader.ts'

/** Milliseconds to try. */
const longestAttempt = 2000
const pauseBetween = 100
/** Milliseconds between two times that what is too old is taken out. */
const trimEvery = 60_000

/**
 * Evictions in a stream of Redis or Valkey: whoever comes late, or was cut off, reads what he missed. It needs the right to XADD,
 * XTRIM, XREAD, XRANGE, XLEN and TIME.
 *
 * @param onTrouble - told why the stream cannot be read
 */
export function redisChannel (connection: RedisConnection, prefix: string, onTrouble: (detail: string) => void): EvictionChannel {
  const { client } = connection
  const key = `${prefix}evictions`
  let keptFor = Infinity
  let nextTrim = 0

  return {
    async publish (message) {
      if (message.length > mostBytes) throw new RangeError(`an eviction of ${message.length} bytes; allowed: ${mostBytes}`)
      const id = await add(Buffer.from(message.buffer, message.byteOffset, message.byteLength))
      trim(id)
    },

    listen (listener, horizon) {
      keptFor = horizon
      const reader = streamReader({ connection, key, horizon, listener, onTrouble })
      return reader.end
    }
  }

  /** A short break is waited out. It may be added twice then, which counts once. */
  async function add (message: Buffer): Promise<string> {
    const deadline = AbortSignal.timeout(longestAttempt)
    const late = new Promise<never>((_resolve, reject) => deadline.addEventListener('abort', reject, { once: true }))
    late.catch(() => {}) // Raced against below.
    let why = 'it took too long'
    for (;;) {
      try {
        return String(await Promise.race([client.xadd(key, 'MAXLEN', '~', mostEntries, '*', field, message), late]))
      } catch (error) {
        if (deadline.aborted) throw new Error(`the eviction counts here, and the other processes could not be told: ${why}`)
        why = codeOf(error)
        await wait(pauseBetween)
      }
    }
  }

  /** Only makes room: whoever reads begins no further back. */
  function trim (id: string): void {
    const now = Date.now()
    if (now < nextTrim || !Number.isFinite(keptFor)) return
    nextTrim = now + trimEvery
    const oldest = Number(id.split('-')[0]) - keptFor
    client.xtrim(key, 'MINID', '~', `${Math.max(0, oldest)}-0`).catch(() => {}) // The next one will.
  }
}
