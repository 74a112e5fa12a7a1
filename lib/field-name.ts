import type { IncomingHttpHeaders } from 'node:http'

/** One form for all names that some hop may take for one another: case, and `_` or any other sign for `-`. */
export function foldName (name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** Whether two lower-case names of one length differ only in signs: `foldName` of both, without the allocation. */
export function isAlias (name: string, other: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code !== other.charCodeAt(i) && (isAlphanumeric(code) || isAlphanumeric(other.charCodeAt(i)))) return false
  }
  return true
}

function isAlphanumeric (code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39)
}

/** Strangers choose the names: so many are remembered, and none that is longer. */
const mostNames = 1000
const longestName = 64

/** Remembers what was found of header names, which are nearly always the same few. */
export function byName<Found> (find: (name: string) => Found): (name: string) => Found {
  const found = new Map<string, Found>()
  return (name) => {
    const known = found.get(name)
    if (known !== undefined || name.length > longestName) return known ?? find(name)
    if (found.size >= mostNames) found.clear()
    const value = find(name)
    found.set(name, value)
    return value
  }
}

const folded = byName(foldName)

/** Takes headers off a request, under every alias. */
export function dropFields (headers: IncomingHttpHeaders, isDropped: (foldedName: string) => boolean): void {
  for (const name of Object.keys(headers)) {
    if (isDropped(folded(name))) delete headers[name]
  }
}
