/**
 * What several processes share of resolved tokens, such as Redis: bytes under a key for a time. It never sees a token, and can
 * read nothing of what it keeps. Whatever it does wrong costs time and nothing else: what it gives back is verified.
 * `fastify-bound-token/contract` has the tests that hold a store of your own to this.
 */
export interface TokenStore {
  /**
   * @param key - base64url, 43 characters
   * @param signal - aborted when nobody waits any more
   * @returns what was last set under the key, or null
   */
  get (key: string, signal: AbortSignal): Promise<Uint8Array | null>
  /** @param timeToLive - milliseconds, from 1; a store may keep it shorter, and must not keep it longer */
  set (key: string, value: Uint8Array, timeToLive: number, signal: AbortSignal): Promise<void>
  delete (keys: readonly string[], signal: AbortSignal): Promise<void>
  close (): Promise<void>
}

/** Where processes tell one another what was evicted. */
export interface EvictionChannel {
  /** Resolves when all others can get it. */
  publish (message: Uint8Array): Promise<void>
  /**
   * Begins to listen; also to what was published in the last `horizon` milliseconds, where it is kept.
   *
   * @returns ends it
   */
  listen (listener: EvictionListener, horizon: number): () => Promise<void>
}

export interface EvictionListener {
  message (message: Uint8Array): void
  /** From here on nothing is missed, and nothing has been since `disconnected`, or has been told again. */
  connected (): void
  /** From here on messages may be missed. */
  disconnected (): void
}

/** What is used of a client of ioredis or iovalkey. */
export interface RedisClient {
  call (command: string, ...parameters: Array<string | number | Uint8Array>): Promise<unknown>
  callBuffer (command: string, ...parameters: Array<string | number | Uint8Array>): Promise<unknown>
  duplicate (): RedisClient
  disconnect (): void
  on (event: string, listener: (...parameters: unknown[]) => void): unknown
}
