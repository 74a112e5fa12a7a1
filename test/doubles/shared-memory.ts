// What processes share, within one: a store of tokens and a channel of evictions, as one would write them for a test.
import type { EvictionChannel, EvictionListener, TokenStore } from '../../types/token-store.ts'

export interface Kept {
  readonly value: Uint8Array
  readonly expiresAt: number
}

/** @param values - shared by all who are given the same ones */
export function memoryTokenStore (values = new Map<string, Kept>()): TokenStore {
  let isClosed = false
  return {
    async get (key) {
      const kept = isClosed ? undefined : values.get(key)
      return kept !== undefined && Date.now() < kept.expiresAt ? kept.value : null
    },
    async set (key, value, timeToLive) { values.set(key, { value: Uint8Array.from(value), expiresAt: Date.now() + timeToLive }) },
    async delete (keys) { for (const key of keys) values.delete(key) },
    async close () { isClosed = true }
  }
}

export interface Medium {
  readonly messages: Uint8Array[]
  readonly listeners: Set<EvictionListener>
}

export function medium (): Medium {
  return { messages: [], listeners: new Set() }
}

export function memoryChannel ({ messages, listeners }: Medium): EvictionChannel {
  return {
    async publish (message) {
      const copy = Uint8Array.from(message)
      messages.push(copy)
      for (const listener of listeners) listener.message(copy)
    },
    listen (listener) {
      let hasEnded = false
      // Nobody is called before he knows how to end it.
      setImmediate(() => {
        if (hasEnded) return
        for (const message of messages) listener.message(message)
        listeners.add(listener)
        listener.connected()
      })
      return async () => {
        hasEnded = true
        listeners.delete(listener)
      }
    }
  }
}
