import { LRUCache } from 'lru-cache'

export interface Scopes {
  readonly list: readonly string[]
  readonly set: ReadonlySet<string>
}

/** One copy of what many tokens say alike: scopes and audiences. */
export interface SharedLists {
  /** RFC 6749 section 3.3: separated by spaces. */
  scopes (scope: string): Scopes
  audience (audience: readonly string[]): readonly string[]
}

/** Kept of each kind; the least recently used go first. */
const maxKept = 1000

/** Spares memory, and the processor's cache on every request: a hundred thousand tokens name a handful of scopes. */
export function sharedLists (): SharedLists {
  const scopes = new LRUCache<string, Scopes>({ max: maxKept })
  const audiences = new LRUCache<string, readonly string[]>({ max: maxKept })

  return {
    scopes (scope) {
      const known = scopes.get(scope)
      if (known !== undefined) return known
      const list = Object.freeze(scope.split(' ').filter((token) => token !== ''))
      const made = Object.freeze({ list, set: new Set(list) })
      scopes.set(scope, made)
      return made
    },

    audience (audience) {
      const key = JSON.stringify(audience)
      const known = audiences.get(key)
      if (known !== undefined) return known
      const made = Object.freeze([...audience])
      audiences.set(key, made)
      return made
    }
  }
}
