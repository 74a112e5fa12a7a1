/** What is kept in a room. */
export interface Kept {
  /** Whether it was found since it came, or was last spared. */
  wasUsed: boolean
}

/** A bounded number of entries; those that were not used lately go first. */
export interface RoomOf<Entry extends Kept> {
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
export function roomFor<Entry extends Kept> (maxEntries: number): RoomOf<Entry> {
  const count = Math.ceil(maxEntries / mostInOneMap)
  const parts = Array.from({ length: count }, () => partFor<Entry>(Math.floor(maxEntries / count)))
  const [only] = parts as [RoomOf<Entry>]
  if (count === 1) return only
  const partOf = (key: string): RoomOf<Entry> => parts[digits(key) % count || 0] as RoomOf<Entry>

  return {
    get: (key) => partOf(key).get(key),
    set (key, entry) { partOf(key).set(key, entry) },
    delete: (key) => partOf(key).delete(key),
    * entries () { for (const part of parts) yield * part.entries() },
    size: () => parts.reduce((sum, part) => sum + part.size(), 0),
    clear () { for (const part of parts) part.clear() }
  }
}

/** So many that were used are spared before one of them goes, so that no insert takes long. */
const mostSpared = 64

/**
 * A Map that is built anew leaves its old table, with all that stood in it, to the iterators that have not moved since, and ours
 * does not while there is room: what was deleted would stay in memory for good. So it is given up after so many of all.
 */
const mostDeleted = 1 / 8

/**
 * First in, first out, with a second chance: an entry that was found since it came goes to the end instead. A list in order of use
 * would be changed in six places on each hit, and in a large cache each place is one that the processor waits for.
 */
function partFor<Entry extends Kept> (maxEntries: number): RoomOf<Entry> {
  const all = new Map<string, Entry>()
  // All that it has seen are gone, or at the end: to begin anew would mean to pass over the holes that they left.
  let front: Iterator<[string, Entry]> | null = null
  let deleted = 0

  return {
    get (key) {
      const entry = all.get(key)
      if (entry !== undefined && !entry.wasUsed) entry.wasUsed = true
      return entry
    },

    set (key, entry) {
      // One that is put in again is one that is in use, although nobody has found the new entry yet.
      if (all.has(key)) entry.wasUsed = true
      else if (all.size >= maxEntries) makeRoom()
      all.set(key, entry)
    },

    delete (key) {
      if (!all.delete(key)) return false
      if (++deleted >= maxEntries * mostDeleted) {
        front = null
        deleted = 0
      }
      return true
    },

    * entries () {
      let left = all.size
      for (const entry of all) {
        if (--left < 0) break
        yield entry
      }
    },

    size: () => all.size,

    clear () {
      all.clear()
      front = null
    }
  }

  function makeRoom (): void {
    front ??= all.entries()
    for (let spared = 0; ; spared++) {
      const [key, entry] = front.next().value as [string, Entry]
      all.delete(key)
      if (!entry.wasUsed || spared === mostSpared) return
      entry.wasUsed = false
      all.set(key, entry)
    }
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
