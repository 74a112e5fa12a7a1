import { LRUCache } from 'lru-cache'
import { readConfirmation, type Requirement } from './confirmation/confirmation.ts'

export interface Scopes {
  readonly list: readonly string[]
  readonly set: ReadonlySet<string>
}

/** What `cnf` says, and what it asks for. */
export interface Confirmed {
  readonly cnf: unknown
  readonly requirement: Requirement
}

/** One copy of what many tokens say alike: names, scopes, audiences, and the certificate that they are bound to. */
export interface SharedLists {
  /** The same string where it is equal. */
  text (text: string): string
  /** RFC 6749 section 3.3: separated by spaces. */
  scopes (scope: string): Scopes
  audience (audience: readonly string[]): readonly string[]
  confirmation (claims: Readonly<Record<string, unknown>>): Confirmed
}

/** Kept of each kind; the least recently used go first. */
const maxKept = 1000

/** Longer ones are hardly said twice. */
const longestText = 256

/**
 * Spares memory, and the processor's cache on every request: a hundred thousand tokens name a handful of clients and scopes, and
 * some hundred certificates.
 */
export function sharedLists (): SharedLists {
  const texts = new LRUCache<string, string>({ max: maxKept })
  const scopes = new LRUCache<string, Scopes>({ max: maxKept })
  const audiences = new LRUCache<string, readonly string[]>({ max: maxKept })
  const confirmations = new LRUCache<string, Confirmed>({ max: maxKept })

  return {
    text: (text) => text.length > longestText ? text : kept(texts, text, () => text),

    scopes: (scope) => kept(scopes, scope, () => {
      const list = Object.freeze(scope.split(' ').filter((token) => token !== ''))
      return Object.freeze({ list, set: new Set(list) })
    }),

    audience: (audience) => kept(audiences, JSON.stringify(audience), () => Object.freeze([...audience])),

    confirmation (claims) {
      // What a polluted prototype says must not be remembered of anybody's thumbprint.
      const cnf = Object.hasOwn(claims, 'cnf') ? claims['cnf'] : undefined
      const made = (): Confirmed => Object.freeze({ cnf, requirement: readConfirmation(claims) })
      const thumbprint = onlyThumbprint(cnf)
      return thumbprint === null ? made() : kept(confirmations, thumbprint, made)
    }
  }
}

function kept<Value extends {}> (all: LRUCache<string, Value>, key: string, make: () => Value): Value {
  const known = all.get(key)
  if (known !== undefined) return known
  const made = make()
  all.set(key, made)
  return made
}

/** The usual `cnf`: a thumbprint, and nothing else. */
function onlyThumbprint (cnf: unknown): string | null {
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) return null
  const [[name, value] = ['', null], ...others] = Object.entries(cnf)
  return others.length === 0 && name === 'x5t#S256' && typeof value === 'string' && value.length <= longestText ? value : null
}
