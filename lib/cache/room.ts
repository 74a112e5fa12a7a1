import { LRUCache } from 'lru-cache'

/** A bounded number of entries; the least recently used go first. */
export interface RoomOf<Entry extends object> {
  get (key: string): Entry | undefined
  set (key: string, entry: Entry): void
  delete (key: string): boolean
  /** What is used or put in meanwhile may be missing, and is never there without end. */
  entries (): Generator<[key: string, entry: Entry]>
  size (): number
  clear (): void
}

/**
 * A Map that grows is built anew, and so is one that is full now and then, for what was deleted from it: with a million entries
 * that stops everything for up to 75 ms, with so many for about one.
 */
const mostInOneMap = 16_384

/** Large ones consist of parts, each of which is bounded by itself: an entry may go a little before its turn. */
export function roomFor<Entry extends object> (maxEntries: number): RoomOf<Entry> {
  const count = Math.ceil(maxEntries / mostInOneMap)
  const parts = Array.from({ length: count }, () => new LRUCache<string, Entry>({ max: Math.floor(maxEntries / count) }))
  const [only] = parts as [LRUCache<string, Entry>]
  const partOf = (key: string): LRUCache<string, Entry> => count === 1 ? only : parts[digits(key) % count || 0] as LRUCache<string, Entry>

  return {
    get: (key) => partOf(key).get(key),
    set (key, entry) { partOf(key).set(key, entry) },
    delete: (key) => partOf(key).delete(key),

    * entries () {
      for (const part of parts) {
        let left = part.size
        // What is used meanwhile moves to the end, and would be seen again without end.
        for (const entry of part.entries()) {
          if (--left < 0) break
          yield entry as [string, Entry]
        }
      }
    },

    size: () => parts.reduce((sum, { size }) => sum + size, 0),
    clear () { for (const part of parts) part.clear() }
  }
}

/**
 * Keys are digests: three of their characters tell a quarter of a million apart. The factors are prime, so that any number of parts gets
 * its share.
 *
 * @returns NaN for a shorter key, which is none of ours
 */
function digits (key: string): number {
  return 7919 * key.charCodeAt(0) + 104_729 * key.charCodeAt(1) + 1_299_709 * key.charCodeAt(2)
}
