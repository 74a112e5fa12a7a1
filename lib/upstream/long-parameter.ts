/**
 * The router has a limit for the length of a parameter, and gives a path with a longer one to the next route that fits: a request
 * for `/accounts/:id` would go by the policy of `/*`.
 */
export interface LongParameters {
  /** @param pattern - the URL of a route, whatever handles it */
  add (pattern: string): void
  /** Whether a path was kept from a route only by the length of a parameter. */
  areIn (path: string): boolean
}

/** @param longest - characters of a parameter that the router takes */
export function longParameters (longest: number): LongParameters {
  const patterns = new Set<string>()

  return {
    add (pattern) {
      if (pattern.includes(':')) patterns.add(pattern)
    },

    areIn (path) {
      if (path.length <= longest || patterns.size === 0) return false
      const given = path.split('/')
      if (given.every((segment) => segment.length <= longest)) return false
      return [...patterns].some((pattern) => isMeant(pattern.split('/'), given))
    }
  }

  /** Whether a route would be that of the path if parameters could be longer. In doubt, in any case and encoding: it is. */
  function isMeant (pattern: readonly string[], given: readonly string[]): boolean {
    const hasRest = pattern.at(-1) === '*'
    if (hasRest ? given.length < pattern.length : given.length !== pattern.length) return false
    return pattern.some((segment, index) => segment.includes(':') && (given[index] as string).length > longest) &&
      pattern.every((segment, index) => segment.includes(':') || (hasRest && index === pattern.length - 1) || isEqual(segment, given[index] as string))
  }
}

function isEqual (segment: string, given: string): boolean {
  return segment.toLowerCase() === given.toLowerCase() || given.includes('%')
}
