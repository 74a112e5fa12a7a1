import type { TokenStore } from '../../types/token-store.ts'
import type { RedisConnection } from './redis-connection.ts'
import { mostBytes } from './shared-tokens.ts'

/** Tokens in Redis or Valkey, one string each. It needs the right to GETRANGE, SET and UNLINK. */
export function redisStore ({ client, close }: RedisConnection, prefix: string): TokenStore {
  const closed = new AbortController()
  const stop = (signal: AbortSignal): void => {
    signal.throwIfAborted()
    // A connection of the user's own goes on.
    closed.signal.throwIfAborted()
  }

  return {
    async get (key, signal) {
      stop(signal)
      // GET would bring a value of any length, whoever wrote it; one byte too many tells as well.
      const value = await client.getrangeBuffer(prefix + key, 0, mostBytes)
      return value.length === 0 || value.length > mostBytes ? null : value
    },

    async set (key, value, timeToLive, signal) {
      stop(signal)
      await client.set(prefix + key, Buffer.from(value.buffer, value.byteOffset, value.byteLength), 'PX', timeToLive)
    },

    async delete (keys, signal) {
      stop(signal)
      await Promise.all(keys.map((key) => client.unlink(prefix + key)))
    },

    async close () {
      closed.abort()
      close()
    }
  }
}
