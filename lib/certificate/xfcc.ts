import { hash } from 'node:crypto'
import { refuse } from '../errors.ts'
import { withoutLeaf } from './chain.ts'
import { chainFormats } from './chain-formats.ts'
import { urlPem } from './format/url-pem.ts'
import { thumbprintFormats } from './thumbprint-formats.ts'

export interface XfccOptions {
  /** How many proxies have written an element, exactly. */
  readonly elements: number
  readonly client: 'first' | 'last'
  /** Whether to read `Chain`: the certificates that the client sent, its own first. */
  readonly withChain?: boolean
}

/** What an element says of the client: its certificate, or only the thumbprint of it. */
export type XfccElement = { readonly der: Uint8Array, readonly chain?: readonly Uint8Array[] } | { readonly digest: Buffer }

type Pairs = ReadonlyMap<string, string>

const keys = new Set(['by', 'hash', 'cert', 'chain', 'subject', 'uri', 'dns'])
/** A name of its own for each alternative name of the certificate; the others stand once. */
const repeatable = new Set(['by', 'uri', 'dns'])

// Inside quotes, what begins an element or a pair: a client's own header value that opens a quote, and a name in its certificate that closes
// it, would hide the element that Envoy adds.
const swallowed = /[,;](?:by|hash|cert|chain|subject|uri|dns)=/i

// One `Key=Value`: a quoted value with backslashes before what they escape, or one that ends at a separator.
const pair = /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^,;"]*))(?=[,;]|$)/y

/**
 * Envoy's `X-Forwarded-Client-Cert`: elements separated by commas, each of pairs separated by semicolons. Envoy writes By, URI and DNS, names
 * out of the certificate, without quoting them, so a client can put separators into them and make up an element: only the exact number of
 * elements tells, and nothing may hide one. Whatever Envoy does not write is refused.
 *
 * @throws Refusal
 */
export function readXfcc (value: string, { elements, client, withChain = false }: XfccOptions): XfccElement {
  const found = parse(value)
  if (found.length !== elements) throw refuse('certificate_ambiguous', `${found.length} elements instead of ${elements}`)
  // A client that leaves out the element which it should bring could make one up behind its own.
  if (elements > 1 && client === 'last' && found.some((each) => each.has('uri') || each.has('dns'))) throw refuse('certificate_ambiguous', 'names that may hide an element')
  const element = found.at(client === 'first' ? 0 : -1) as Pairs
  const [stated, certificate] = [element.get('hash'), element.get('cert')]
  if (stated === undefined && certificate === undefined) throw refuse('certificate_malformed', 'neither `Cert` nor `Hash`')
  const digest = stated === undefined ? null : thumbprintFormats['sha256-hex'](stated)
  if (certificate === undefined) return { digest: digest as Buffer }
  const der = urlPem(certificate)
  const stands = withChain ? element.get('chain') : undefined
  const chain = stands === undefined ? [] : chainFormats['url-pem'](stands)
  if (digest !== null && !hash('sha256', der, 'buffer').equals(digest)) throw refuse('certificate_malformed', '`Hash` is not that of `Cert`')
  return { der, chain: withoutLeaf(chain, der) }
}

function parse (value: string): readonly Pairs[] {
  if (/[^\x20-\x7e]/.test(value)) throw refuse('certificate_malformed', 'not printable ASCII')
  const elements: Pairs[] = []
  let current = new Map<string, string>()
  let at = 0
  while (at < value.length) {
    pair.lastIndex = at
    const [text, name = '', quoted, plain] = pair.exec(value) ?? []
    const key = name.toLowerCase()
    if (text === undefined || !keys.has(key)) throw refuse('certificate_malformed', 'not in the grammar of XFCC')
    if (current.has(key) && !repeatable.has(key)) throw refuse('certificate_ambiguous', 'a key twice in one element')
    if (quoted !== undefined && !isQuotedBy(key, quoted)) throw refuse('certificate_malformed', 'quotes where Envoy writes none')
    current.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
    at += text.length
    const separator = value[at++]
    // A semicolon may end an element, and the whole (Azure Container Apps).
    const hasSemicolonBeforeComma = separator === ';' && value[at] === ','
    if (hasSemicolonBeforeComma) at++
    const endsWithComma = separator === ',' || hasSemicolonBeforeComma
    if (endsWithComma && at === value.length) throw refuse('certificate_malformed', 'a comma at the end')
    if (separator === ';' && !endsWithComma && at < value.length) continue
    elements.push(current)
    current = new Map()
  }
  return elements
}

/** Envoy quotes Cert, Chain and Subject; only a subject may have something to escape, or a separator. */
function isQuotedBy (key: string, quoted: string): boolean {
  if (key === 'subject') return !swallowed.test(quoted)
  return (key === 'cert' || key === 'chain') && !/[\\,;]/.test(quoted)
}
