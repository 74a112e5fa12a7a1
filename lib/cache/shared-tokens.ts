import type { SharedStats } from '../../types/bound-token.ts'
import type { TokenStore } from '../../types/token-store.ts'
import type { Facts } from '../token/resolver.ts'
import type { Sealing } from './sealed-value.ts'

/** What is known of a token, for another process. */
export interface SharedToken {
  /** Milliseconds since the epoch, by the clock of the process that asked. */
  readonly askedAt: number
  readonly expiresAt: number
  readonly facts: Facts
}

/** The tokens that several processes share. Whatever goes wrong with them costs a little time, and never a verdict. */
export interface SharedTokens {
  /**
   * @param keys - where it may be: more than one while a secret is being replaced
   * @returns null where nothing is kept, or it can't be had in time; never rejects
   */
  get (keys: readonly string[], token: string): Promise<SharedToken | null>
  /** Nobody waits for it. */
  set (key: string, token: string, shared: SharedToken): void
  /** Resolves also when nothing came of it: an eviction counts without. */
  delete (keys: readonly string[]): Promise<void>
  stats (): SharedStats
  close (): Promise<void>
}

export interface SharedTokensOptions {
  readonly store: TokenStore
  readonly sealing: Sealing
  /** Milliseconds for one operation. */
  readonly timeout: number
  /** Whether the store can do anything with a signal; then it gets one for each operation. */
  readonly takesSignals: boolean
  /** Told when it begins to fail, and when it is back. */
  onTrouble (detail: string): void
}

const failuresBeforePause = 3
const firstPause = 500
const longestPause = 10_000
/** For a store that could not be stopped anyway. */
const neverAborted = new AbortController().signal
/** A claim set of a megabyte belongs into no cache. */
export const mostBytes = 131_072

/** @param options.timeout - how much later a request is answered at the worst, and that three times before it is stepped over */
export function sharedTokens ({ store, sealing, timeout, takesSignals, onTrouble }: SharedTokensOptions): SharedTokens {
  let hits = 0
  let misses = 0
  let failed = 0
  let skipped = 0
  let failuresInARow = 0
  let pause = firstPause
  let pausedUntil = 0

  return {
    async get (keys, token) {
      const found = await inTime((signal) => Promise.all(keys.map(async (key) => read(await store.get(key, signal), key, token))))
      const shared = found?.find((each) => each !== null) ?? null
      if (shared === null) misses++
      else hits++
      return shared
    },

    set (key, token, shared) {
      const timeToLive = Math.floor(shared.expiresAt - Date.now())
      const sealed = sealing.seal(JSON.stringify(shared), key, token)
      if (timeToLive < 1 || sealed.length > mostBytes) return
      inTime(async (signal) => { await store.set(key, sealed, timeToLive, signal) }).catch(() => {}) // It never rejects.
    },

    async delete (keys) {
      await inTime(async (signal) => { await store.delete(keys, signal) })
    },

    stats: () => ({ hits, misses, failures: failed, skipped }),

    async close () {
      try {
        await store.close()
      } catch {} // It is gone, which is what was wanted.
    }
  }

  /** A store of somebody else's may give back anything. */
  function read (sealed: unknown, key: string, token: string): SharedToken | null {
    const text = sealed instanceof Uint8Array && sealed.length <= mostBytes ? sealing.open(sealed, key, token) : null
    const shared: unknown = text === null ? null : JSON.parse(text)
    return isSharedToken(shared) ? shared : null
  }

  /** @returns undefined where it failed, took too long, or was not tried */
  async function inTime<Result> (operation: (signal: AbortSignal) => Promise<Result>): Promise<Result | undefined> {
    const now = Date.now()
    const isTrial = failuresInARow >= failuresBeforePause
    if (isTrial) {
      if (now < pausedUntil && pausedUntil - now <= longestPause) {
        skipped++
        return undefined
      }
      // One tries; the others need not wait to see what comes of it.
      pausedUntil = now + pause
    }
    try {
      const result = await limited(operation)
      if (failuresInARow >= failuresBeforePause) onTrouble('the shared cache answers again')
      failuresInARow = 0
      return result
    } catch {
      failed++
      failuresInARow++
      if (failuresInARow === failuresBeforePause) onTrouble('the shared cache does not answer; tokens are asked for without it')
      // Many fail at a time; only those that fail after a pause make the next one longer.
      pause = isTrial ? Math.min(pause * 2, longestPause) : firstPause
      if (isTrial || failuresInARow === failuresBeforePause) pausedUntil = Date.now() + pause
      return undefined
    }
  }

  /** @param operation - throws nothing at once: what it throws, it rejects with */
  function limited<Result> (operation: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const stop = takesSignals ? new AbortController() : null
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error('it took too long'))
        stop?.abort()
      }, timeout)
      operation(stop?.signal ?? neverAborted).then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }
}

/** It was sealed by one of us, but perhaps by a later version. */
function isSharedToken (value: unknown): value is SharedToken {
  const { askedAt, expiresAt, facts } = (value ?? {}) as Partial<SharedToken>
  return typeof askedAt === 'number' && typeof expiresAt === 'number' && typeof facts === 'object' && facts !== null &&
    typeof facts.issuer === 'string' && typeof facts.claims === 'object' && facts.claims !== null
}
