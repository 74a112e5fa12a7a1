import { hash } from 'node:crypto'
import { refuse } from '../errors.ts'
import { urlPem } from './format/url-pem.ts'
import { thumbprintFormats } from './thumbprint-formats.ts'

export interface XfccOptions {
  /** How many proxies have written an element, exactly. */
  readonly elements: number
  readonly client: 'first' | 'last'
}

/** What an element says of the client: its certificate, or only the thumbprint of it. */
export type XfccElement = { readonly der: Uint8Array } | { readonly digest: Buffer }

type Pairs = ReadonlyMap<string, string>

const keys = new Set(['by', 'hash', 'cert', 'chain', 'subject', 'uri', 'dns'])
/** A name of its own for each alternative name of the certificate; the others stand once. */
const repeatable = new Set(['by', 'uri', 'dns'])

// One `Key=Value`: a quoted value with backslashes before what they escape, or one that ends at a separator.
const pair = /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^,;"]*))(?=[,;]|$)/y

/**
 * Envoy's `X-Forwarded-Client-Cert`: elements separated by commas, each of pairs separated by semicolons. Envoy writes names out of the
 * certificate without quoting them, so a client can put separators into them and make up an element: only the exact number of elements
 * tells. Whatever is not in its grammar is refused.
 *
 * @throws Refusal
 */
export function readXfcc (value: string, { elements, client }: XfccOptions): XfccElement {
  const found = parse(value)
  if (found.length !== elements) throw refuse('certificate_ambiguous', `${found.length} elements instead of ${elements}`)
  const element = found.at(client === 'first' ? 0 : -1) as Pairs
  const [stated, certificate] = [element.get('hash'), element.get('cert')]
  if (stated === undefined && certificate === undefined) throw refuse('certificate_malformed', 'neither `Cert` nor `Hash`')
  const digest = stated === undefined ? null : thumbprintFormats['sha256-hex'](stated)
  if (certificate === undefined) return { digest: digest as Buffer }
  const der = urlPem(certificate)
  if (digest !== null && !hash('sha256', der, 'buffer').equals(digest)) throw refuse('certificate_malformed', '`Hash` is not that of `Cert`')
  return { der }
}

function parse (value: string): readonly Pairs[] {
  const elements: Pairs[] = []
  let current = new Map<string, string>()
  let at = 0
  while (at < value.length) {
    pair.lastIndex = at
    const [text, name = '', quoted, plain] = pair.exec(value) ?? []
    const key = name.toLowerCase()
    if (text === undefined || !keys.has(key)) throw refuse('certificate_malformed', 'not in the grammar of XFCC')
    if (current.has(key) && !repeatable.has(key)) throw refuse('certificate_ambiguous', 'a key twice in one element')
    current.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
    at += text.length
    const separator = value[at++]
    // A semicolon may end an element, and the whole (Azure Container Apps).
    const endsElement = separator === undefined || separator === ',' || (separator === ';' && (at === value.length || value[at] === ','))
    if (separator === ';' && value[at] === ',') at++
    if (!endsElement) continue
    elements.push(current)
    current = new Map()
    if (separator === ',' && at === value.length) throw refuse('certificate_malformed', 'a comma at the end')
  }
  return elements
}
