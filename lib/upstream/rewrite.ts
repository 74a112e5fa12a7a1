import type { IncomingHttpHeaders } from 'node:http'
import type { AccessToken } from '../../types/access-token.ts'
import type { ClientCertificate } from '../../types/client-certificate.ts'
import { presets } from '../certificate/presets.ts'
import { OptionsError } from '../errors.ts'
import { byName, foldName } from '../field-name.ts'
import type { UpstreamOptions } from '../options.ts'
import type { HeaderSetter } from './header-value.ts'

// RFC 9110 section 7.6.1, and what belongs to this hop only. `connection` and what it lists are dropped by reply-from.
const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'proxy-authenticate', 'te', 'trailer',
  'upgrade', 'expect', 'http2-settings'])

// RFC 9440 section 2.4, the headers of every preset, and what other fronts use: one that stands here did not come from ours.
const certificateHeaders = new Set(['client-cert', 'client-cert-chain', 'x-forwarded-client-cert', 'x-forwarded-tls-client-cert',
  'x-forwarded-tls-client-cert-info', 'x-client-cert', 'ssl-client-cert', 'ssl-client-verify', 'x-ssl-client-cert', 'x-ssl-client-verify',
  'x-ssl-client-der', 'x-amzn-mtls-clientcert', 'x-amzn-mtls-clientcert-leaf', 'cloudfront-viewer-cert-pem', 'cf-client-cert-der-base64',
  'cf-client-cert-sha256', 'x-arr-clientcert', 'akamai-cc-der',
  ...Object.values(presets).flatMap(({ header, verified }) => verified === false ? [header] : [header, verified.header])])

// Some servers and frameworks take path or method from these instead: then the policy of one route would decide about another.
const overrides = new Set(['x-original-url', 'x-rewrite-url', 'x-http-method-override', 'x-http-method', 'x-method-override'])

// RFC 9110: fields of one value. Where an upstream repeats one, the first counts; HTTP/2 takes no repetition.
const singletons = new Set(['age', 'content-encoding', 'content-length', 'content-location', 'content-range', 'content-type', 'date', 'etag',
  'expires', 'last-modified', 'location', 'retry-after', 'server'])

const reserved = new Set([...hopByHop, 'authorization', 'host', 'content-length', 'content-type', 'transfer-encoding'])

/** Whom a request was found to come from. */
export interface Verified {
  readonly accessToken: AccessToken
  readonly certificate: ClientCertificate | null
  /** The JWT that the token is or stands for; null where there is none, or none is wanted. */
  readonly jwt: string | null
}

/**
 * For whom a request goes on: somebody that was verified; anybody, on a public route; or null on a route in report mode, which must
 * not look like an allow.
 */
export type Caller = Verified | 'public' | null

/** The names that an upstream's options set: what the client sends under them is dropped. */
export function namesSetBy (options: UpstreamOptions, path: string): string[] {
  const names = [...Object.keys(options.headers ?? {}), ...(options.certificate === undefined ? [] : [options.certificate.header])]
  const folded = names.map(foldName)
  const taken = names.find((name) => reserved.has(foldName(name)))
  if (taken !== undefined) throw new OptionsError(`${path}: found the header "${taken}", which has a meaning of its own; allowed: other names`)
  if (new Set(folded).size !== folded.length) throw new OptionsError(`${path}: found one header twice, in headers and certificate; allowed: each once`)
  return folded
}

/** Folded names that a client cannot send: certificate and verify headers, and every name that any route sets. Their number only grows. */
export interface DroppedNames {
  has (foldedName: string): boolean
  readonly size: number
}

/**
 * Makes the headers that go upstream out of those of the client.
 *
 * @param setters - the headers that `options` sets
 */
export function requestHeaders (options: UpstreamOptions, setters: readonly HeaderSetter[], dropped: DroppedNames): (headers: IncomingHttpHeaders, caller: Caller) => IncomingHttpHeaders {
  const certificate = certificateSetter(options)
  let isKept = byName(goesOn)
  let droppedSize = dropped.size

  return (headers, caller) => {
    if (dropped.size !== droppedSize) {
      isKept = byName(goesOn)
      droppedSize = dropped.size
    }
    const kept: IncomingHttpHeaders = {}
    for (const name in headers) {
      if (headers[name] !== undefined && isKept(name)) kept[name] = headers[name]
    }
    if (caller === null) return kept
    const verified = caller === 'public' ? null : caller
    if (verified !== null && options.token === 'jwt' && verified.jwt !== null) kept['authorization'] = `Bearer ${verified.jwt}`
    for (const { name, value } of setters) {
      const text = value(verified === null ? null : verified.accessToken.claims)
      if (text !== undefined) kept[name] = text
    }
    if (verified !== null) certificate(kept, verified)
    return kept
  }

  function goesOn (name: string): boolean {
    const folded = foldName(name)
    if (hopByHop.has(folded) || certificateHeaders.has(folded) || overrides.has(folded) || dropped.has(folded)) return false
    // A framing header under an alias is none of ours.
    if (folded !== name && reserved.has(folded)) return false
    return folded !== 'authorization' || options.token === 'forward'
  }
}

function certificateSetter ({ certificate: wanted }: UpstreamOptions): (headers: IncomingHttpHeaders, verified: Verified) => void {
  if (wanted === undefined) return () => {}
  const name = wanted.header.toLowerCase()
  return (headers, { accessToken, certificate }) => {
    if (certificate === null || accessToken.binding === null) return
    headers[name] = wanted.format === 'rfc9440' ? `:${certificate.der.toString('base64')}:` : certificate.thumbprint
  }
}

const comesBack = byName((name) => !hopByHop.has(name) && name !== 'client-cert' && name !== 'client-cert-chain')

/** Headers of the answer: nothing about certificates (RFC 9440 section 2.2), nothing that belongs to the other hop. */
export function rewriteResponseHeaders (headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { connection } = headers
  const listed = connection === undefined || connection === 'keep-alive' || connection === 'close' ? [] : namesListed(connection)
  const kept: IncomingHttpHeaders = {}
  for (const name in headers) {
    if (comesBack(name) && !listed.includes(name)) kept[name] = oneLine(name, headers[name]) as string
  }
  return kept
}

/** RFC 9110 section 7.6.1. */
function namesListed (connection: string | string[]): string[] {
  return [connection].flat().join(',').split(',').map((name) => name.trim().toLowerCase())
}

function oneLine (name: string, value: string | string[] | undefined): string | string[] | undefined {
  if (!Array.isArray(value) || name === 'set-cookie') return value
  return singletons.has(name) ? value[0] : value.join(', ')
}
