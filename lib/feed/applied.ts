import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** What has been applied already. */
export interface Applied {
  /**
   * Applies what has this identifier, unless it has been. Who brings the same meanwhile waits for that.
   *
   * @returns whether it was applied now
   * @throws what applying threw: then it has not been, and may be brought again
   */
  once (id: string, apply: () => Promise<void>): Promise<boolean>
}

const mostIds = 100_000

/**
 * Identifiers are hashed, so that each takes the same room. Of more than a hundred thousand the oldest are forgotten, which costs
 * a repetition only: the time of the event stays what it was.
 *
 * @param ttl - milliseconds after which nothing with the same identifier is taken anyway
 */
export function appliedOnce (ttl: number): Applied {
  const known = new LRUCache<string, { readonly done: Promise<void> }>({ max: mostIds, ttl })

  return {
    async once (id, apply) {
      const name = hash('sha256', id, 'base64url')
      const before = known.get(name)
      if (before !== undefined) {
        await before.done
        return false
      }
      const done = apply()
      known.set(name, { done })
      try {
        await done
      } catch (error) {
        known.delete(name)
        throw error
      }
      return true
    }
  }
}
