import { refuse } from './errors.ts'
import { foldName, isAlias } from './field-name.ts'

/** The header fields of a request that the guard reads; undefined where there is none. */
export interface RequestFields {
  readonly authorization: string | undefined
  readonly certificate: string | undefined
  /** The proxy's verdict about the certificate. */
  readonly verdict: string | undefined
  /** Further certificates; several lines are one list (RFC 9440 section 2.3). */
  readonly chain: string | undefined
  /** What the proxy proves itself with. */
  readonly secret: string | undefined
}

/** What the fields of a source are called; undefined for none. */
export interface FieldNames {
  readonly certificate?: string
  readonly verdict?: string
  readonly chain?: string
  readonly secret?: string
}

/** A field, by its name in lower case. */
interface Watched {
  readonly name: string
  /** As it was last written: whoever sends it writes it so each time. */
  spelled: string
  readonly field: keyof RequestFields | 'connection'
}

const none: Watched[] = []

const detail = 'repeated, under an alias, or named by `Connection`'

/** Names and values. Node stops collecting lines at about this number unless told otherwise, and a repeated one could hide behind it. */
const mostRawHeaders = 2000

/**
 * Reads the fields that a decision hangs on, out of the raw lines: Node joins repeated lines, or drops all but the first
 * (`Authorization`). A repeated field is refused, and so is an alias (`x_ssl_cert` for `x-ssl-cert`), even alone: some hop
 * would take it for the real one. So is a `Connection` field that lists one, which asks the next hop to remove it (RFC
 * 9110 section 7.6.1).
 *
 * @returns a function from `rawHeaders`; it throws a refusal
 */
export function requestFields (names: FieldNames): (rawHeaders: readonly string[]) => RequestFields {
  const watched = watchedNames(names)
  const folded = watched.map(({ name }) => foldName(name))
  // Most lines are told apart by their length alone.
  const all: Watched[] = [...watched, watch('connection', 'connection')]
  const longest = Math.max(...all.map(({ name }) => name.length))
  const byLength = Array.from({ length: longest + 1 }, (_, length) => all.filter(({ name }) => name.length === length))

  return function readFields (rawHeaders) {
    if (rawHeaders.length >= mostRawHeaders) throw refuse('token_malformed', '1000 header lines or more')
    let authorization: string | undefined
    let certificate: string | undefined
    let verdict: string | undefined
    let chain: string | undefined
    let secret: string | undefined
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const line = rawHeaders[i] as string
      const near = line.length > longest ? none : byLength[line.length] as Watched[]
      if (near.length === 0) continue
      const value = rawHeaders[i + 1] as string
      switch (fieldOf(line, near)) {
        case 'authorization':
          if (authorization !== undefined) throw refuse('token_malformed', detail)
          authorization = value
          break
        case 'certificate':
          if (certificate !== undefined) throw refuse('certificate_ambiguous', detail)
          certificate = value
          break
        case 'verdict':
          if (verdict !== undefined) throw refuse('certificate_ambiguous', detail)
          verdict = value
          break
        case 'chain':
          chain = chain === undefined ? value : `${chain}, ${value}`
          break
        case 'secret':
          if (secret !== undefined) throw refuse('certificate_ambiguous', detail)
          secret = value
          break
        case 'connection':
          refuseListed(value)
      }
    }
    return { authorization, certificate, verdict, chain, secret }
  }

  function refuseListed (connection: string): void {
    if (connection === 'keep-alive' || connection === 'close') return
    const listed = connection.split(',').map((name) => foldName(name.trim()))
    const index = folded.findIndex((name) => listed.includes(name))
    if (index !== -1) throw ambiguous((watched[index] as Watched).name)
  }
}

function watchedNames (names: FieldNames): Watched[] {
  const all = (['certificate', 'verdict', 'chain', 'secret'] as const).flatMap((field) => names[field] === undefined ? [] : [watch(names[field].toLowerCase(), field)])
  return [watch('authorization', 'authorization'), ...all]
}

function watch (name: string, field: Watched['field']): Watched {
  return { name, spelled: name, field }
}

/** @param line - a name as it was sent @param near - those that are as long; @returns undefined for none of them @throws Refusal for an alias */
function fieldOf (line: string, near: readonly Watched[]): Watched['field'] | undefined {
  for (let i = 0; i < near.length; i++) {
    const own = near[i] as Watched
    if (line === own.spelled) return own.field
  }
  const name = line.toLowerCase()
  for (let i = 0; i < near.length; i++) {
    const own = near[i] as Watched
    if (name !== own.name) continue
    own.spelled = line
    return own.field
  }
  for (const own of near) {
    if (own.field !== 'connection' && isAlias(name, own.name)) throw ambiguous(own.name)
  }
  return undefined
}

function ambiguous (name: string): Error {
  return refuse(name === 'authorization' ? 'token_malformed' : 'certificate_ambiguous', detail)
}
