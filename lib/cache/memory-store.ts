import { roomFor, type Kept, type RoomOf } from './room.ts'

/** Where resolved tokens are kept. Bounded; those that were not used lately go first. */
export interface MemoryStore<Entry extends Kept> {
  get (key: string): Entry | undefined
  set (key: string, entry: Entry, room: Room): void
  delete (key: string): boolean
  /** Looks at all, in slices, so that nothing else waits for it. @returns how many were deleted */
  deleteWhere (isMeant: (key: string, entry: Entry) => boolean): Promise<number>
  clear (): number
  sizes (): { entries: number, inactiveEntries: number }
}

/** Where an entry lives: each room is bounded by itself. */
export type Room = 'active' | 'inactive' | 'multiplied'

/** Entries to look at without a break. */
const slice = 2000

/**
 * Tokens that are not active have a room of their own, since made-up ones must not push out good ones, and so have those of
 * which anybody who has one can make more.
 */
export function memoryStore<Entry extends Kept> (maxEntries: number): MemoryStore<Entry> {
  const active = roomFor<Entry>(maxEntries)
  const inactive = roomFor<Entry>(Math.max(1, Math.ceil(maxEntries / 10)))
  // Few have such tokens, and a room takes memory also when it is empty.
  let multiplied: RoomOf<Entry> | null = null
  const rooms = (): Array<RoomOf<Entry>> => [active, inactive, ...multiplied === null ? [] : [multiplied]]

  return {
    get: (key) => active.get(key) ?? inactive.get(key) ?? multiplied?.get(key),

    set (key, entry, name) {
      const room = name === 'active' ? active : name === 'inactive' ? inactive : multiplied ??= roomFor(maxEntries)
      for (const other of rooms()) {
        if (other !== room) other.delete(key)
      }
      room.set(key, entry)
    },

    delete: (key) => rooms().filter((room) => room.delete(key)).length > 0,

    async deleteWhere (isMeant) {
      let count = 0
      let seen = 0
      // Of tokens that are not active nothing is known.
      for (const room of rooms().filter((each) => each !== inactive)) {
        for (const [key, entry] of room.entries()) {
          if (isMeant(key, entry) && room.delete(key)) count++
          if (++seen % slice === 0) await new Promise((resolve) => setImmediate(resolve))
        }
      }
      return count
    },

    clear () {
      const count = rooms().reduce((sum, room) => sum + room.size(), 0)
      for (const room of rooms()) room.clear()
      return count
    },

    sizes: () => ({ entries: active.size() + (multiplied?.size() ?? 0), inactiveEntries: inactive.size() })
  }
}
