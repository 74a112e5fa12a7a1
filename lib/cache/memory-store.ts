import { LRUCache } from 'lru-cache'

/** Where resolved tokens are kept. Bounded; the least recently used go first. */
export interface MemoryStore<Entry extends object> {
  get (key: string): Entry | undefined
  set (key: string, entry: Entry, isActive: boolean): void
  delete (key: string): boolean
  deleteWhere (isMeant: (entry: Entry) => boolean): number
  clear (): number
  sizes (): { entries: number, inactiveEntries: number }
}

/** Tokens that are not active have a room of their own: made-up ones must not push out good ones. */
export function memoryStore<Entry extends object> (maxEntries: number): MemoryStore<Entry> {
  const active = new LRUCache<string, Entry>({ max: maxEntries })
  const inactive = new LRUCache<string, Entry>({ max: Math.max(1, Math.ceil(maxEntries / 10)) })

  return {
    get: (key) => active.get(key) ?? inactive.get(key),

    set (key, entry, isActive) {
      const [room, other] = isActive ? [active, inactive] : [inactive, active]
      other.delete(key)
      room.set(key, entry)
    },

    delete (key) {
      const wasActive = active.delete(key)
      return inactive.delete(key) || wasActive
    },

    deleteWhere (isMeant) {
      const keys = [...active.entries()].filter(([, entry]) => isMeant(entry)).map(([key]) => key)
      for (const key of keys) active.delete(key)
      return keys.length
    },

    clear () {
      const count = active.size + inactive.size
      active.clear()
      inactive.clear()
      return count
    },

    sizes: () => ({ entries: active.size, inactiveEntries: inactive.size })
  }
}
