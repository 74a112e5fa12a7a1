import type { IncomingHttpHeaders } from 'node:http'
import type { InboundMessage } from './inbound-message.ts'

/** Names that some hop may take for one another: case, and `_` or any other sign for `-`. */
export function foldName (name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/**
 * Finds what makes a trusted header ambiguous. Node joins repeated lines, or drops all but the first (`Authorization`), so
 * the raw lines are counted. An alias (`x_ssl_cert` for `x-ssl-cert`) is refused even alone: a hop that folds names
 * would take it for the real one. A `Connection` header that lists a name asks the next hop to remove it (RFC 9110
 * section 7.6.1).
 *
 * @returns a function that gives the watched name that is repeated, aliased or listed, else undefined
 */
export function watchFields (names: readonly string[]): (message: InboundMessage) => string | undefined {
  const watched = names.map((name, index) => ({ name: name.toLowerCase(), folded: foldName(name), bit: 1 << index }))
  // Most lines are told apart by their length alone.
  const byLength: Array<typeof watched | undefined> = []
  for (const field of watched) (byLength[field.name.length] ??= []).push(field)

  return function ambiguousField ({ rawHeaders, headers }) {
    let seen = 0
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const candidates = byLength[(rawHeaders[i] as string).length]
      if (candidates === undefined) continue
      const name = (rawHeaders[i] as string).toLowerCase()
      for (const field of candidates) {
        if (name === field.name) {
          if ((seen & field.bit) !== 0) return field.name
          seen |= field.bit
        } else if (foldName(name) === field.folded) {
          return field.name
        }
      }
    }
    const { connection } = headers
    if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined
    const listed = connection.split(',').map((name) => foldName(name.trim()))
    return watched.find((field) => listed.includes(field.folded))?.name
  }
}

/** Takes headers off a request, under every alias. */
export function dropFields (headers: IncomingHttpHeaders, isDropped: (foldedName: string) => boolean): void {
  for (const name of Object.keys(headers)) {
    if (isDropped(foldName(name))) delete headers[name]
  }
}
