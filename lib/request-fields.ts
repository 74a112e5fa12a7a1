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
  const certificateName = names.certificate?.toLowerCase()
  const verdictName = names.verdict?.toLowerCase()
  const chainName = names.chain?.toLowerCase()
  const secretName = names.secret?.toLowerCase()
  const watched = ['authorization', ...[certificateName, verdictName, chainName, secretName].filter((name) => name !== undefined)]
  const folded = watched.map(foldName)
  // Most lines are told apart by their length alone.
  const longest = Math.max('connection'.length, ...watched.map(({ length }) => length))
  const isWatchedLength = Array.from({ length: longest + 1 }, (_, length) => ['connection', ...watched].some((name) => name.length === length))

  return function readFields (rawHeaders) {
    if (rawHeaders.length >= mostRawHeaders) throw refuse('token_malformed', '1000 header lines or more')
    let authorization: string | undefined
    let certificate: string | undefined
    let verdict: string | undefined
    let chain: string | undefined
    let secret: string | undefined
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const line = rawHeaders[i] as string
      if (line.length > longest || !isWatchedLength[line.length]) continue
      const name = line.toLowerCase()
      const value = rawHeaders[i + 1] as string
      if (name === 'authorization') {
        if (authorization !== undefined) throw refuse('token_malformed', detail)
        authorization = value
      } else if (name === certificateName) {
        if (certificate !== undefined) throw refuse('certificate_ambiguous', detail)
        certificate = value
      } else if (name === verdictName) {
        if (verdict !== undefined) throw refuse('certificate_ambiguous', detail)
        verdict = value
      } else if (name === chainName) {
        chain = chain === undefined ? value : `${chain}, ${value}`
      } else if (name === secretName) {
        if (secret !== undefined) throw refuse('certificate_ambiguous', detail)
        secret = value
      } else if (name === 'connection') {
        refuseListed(value)
      } else {
        refuseAlias(name)
      }
    }
    return { authorization, certificate, verdict, chain, secret }
  }

  function refuseAlias (name: string): void {
    for (const own of watched) {
      if (own.length === name.length && isAlias(name, own)) throw ambiguous(own)
    }
  }

  function refuseListed (connection: string): void {
    if (connection === 'keep-alive' || connection === 'close') return
    const listed = connection.split(',').map((name) => foldName(name.trim()))
    const index = folded.findIndex((name) => listed.includes(name))
    if (index !== -1) throw ambiguous(watched[index] as string)
  }
}

function ambiguous (name: string): Error {
  return refuse(name === 'authorization' ? 'token_malformed' : 'certificate_ambiguous', detail)
}
