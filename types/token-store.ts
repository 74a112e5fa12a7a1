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
  /**
   * @param value - 1 to 131072 bytes
   * @param timeToLive - whole milliseconds, from 1; a store may keep it shorter, and must not keep it longer
   */
  set (key: string, value: Uint8Array, timeToLive: number, signal: AbortSignal): Promise<void>
  delete (keys: readonly string[], signal: AbortSignal): Promise<void>
  close (): Promise<void>
}

/** Where processes tell one another what was evicted. */
export interface EvictionChannel {
  /**
   * Resolves when all others can get it, and rejects within seconds where that cannot be had.
   *
   * @param message - up to 65536 bytes
   */
  publish (message: Uint8Array): Promise<void>
  /**
   * Begins to listen; also to what was published in the last `horizon` milliseconds, where it is kept. The process's own messages may
   * come as well.
   *
   * @returns ends it at once: nothing is told after it was called
   */
  listen (listener: EvictionListener, horizon: number): () => Promise<void>
}

export interface EvictionListener {
  /** Never throws. The order is that of publishing; what is told twice counts once. */
  message (message: Uint8Array): void
  /** From here on nothing is missed, and nothing has been since `disconnected`, or has been told again. */
  connected (): void
  /** From here on messages may be missed. */
  disconnected (): void
}

/** What is used of a client of ioredis or iovalkey, for one server and not for a cluster. */
export interface RedisClient {
  getrangeBuffer (key: string, start: number, end: number): Promise<Buffer>
  set (key: string, value: Buffer, unit: 'PX', timeToLive: number): Promise<unknown>
  unlink (key: string): Promise<unknown>
  xadd (key: string, maxlen: 'MAXLEN', about: '~', most: number, id: '*', field: string, value: Buffer): Promise<string | null>
  xtrim (key: string, minid: 'MINID', about: '~', id: string): Promise<unknown>
  xlen (key: string): Promise<number>
  xrange (key: string, start: string, end: string): Promise<unknown[]>
  xreadBuffer (count: 'COUNT', most: number, block: 'BLOCK', milliseconds: number, streams: 'STREAMS', key: string, after: string): Promise<unknown>
  time (): Promise<Array<string | number>>
  duplicate (options: object): RedisClient
  connect (): Promise<void>
  disconnect (): void
  on (event: 'ready' | 'error', listener: (error?: Error) => void): unknown
  off (event: 'ready' | 'error', listener: (error?: Error) => void): unknown
}
