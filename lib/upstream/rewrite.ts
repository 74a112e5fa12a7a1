import type { IncomingHttpHeaders } from 'node:http'
import type { AccessToken, Claims } from '../../types/access-token.ts'
import type { ClientCertificate } from '../../types/client-certificate.ts'
import { presets } from '../certificate/presets.ts'
import { foldName } from '../field-name.ts'
import { OptionsError } from '../errors.ts'
import type { UpstreamOptions } from '../options.ts'

// RFC 9110 section 7.6.1, and what belongs to this hop only. `connection` and what it lists are dropped by reply-from.
const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'proxy-authenticate', 'te', 'trailer',
  'upgrade', 'expect', 'http2-settings'])

// RFC 9440 section 2.4, the headers of every preset, and what other fronts use: one that stands here did not come from ours.
const certificateHeaders = new Set(['client-cert', 'client-cert-chain', 'x-forwarded-client-cert', 'x-forwarded-tls-client-cert',
  'x-forwarded-tls-client-cert-info', 'x-client-cert', 'ssl-client-cert', 'ssl-client-verify', 'x-ssl-client-cert', 'x-ssl-client-verify',
  'x-ssl-client-der', 'x-amzn-mtls-clientcert', 'x-amzn-mtls-clientcert-leaf', 'cloudfront-viewer-cert-pem', 'cf-client-cert-der-base64',
  'cf-client-cert-sha256', 'x-arr-clientcert', 'akamai-cc-der',
  ...Object.values(presets).flatMap(({ header, verified }) => verified === false ? [header] : [header, verified.header])])

// RFC 9110: fields of one value. Where an upstream repeats one, the first counts; HTTP/2 takes no repetition.
const singletons = new Set(['age', 'content-encoding', 'content-length', 'content-location', 'content-range', 'content-type', 'date', 'etag',
  'expires', 'last-modified', 'location', 'retry-after', 'server'])

const reserved = new Set([...hopByHop, 'authorization', 'host', 'content-length', 'content-type', 'transfer-encoding'])

/** Whom a request was found to come from; null on a route in report mode, which must not look like an allow. */
export interface Verified {
  readonly accessToken: AccessToken
  readonly certificate: ClientCertificate | null
  /** The JWT that the token is or stands for; null where there is none, or none is wanted. */
  readonly jwt: string | null
}

/** The names that an upstream's options set: what the client sends under them is dropped. */
export function namesSetBy (options: UpstreamOptions, path: string): string[] {
  const names = [...Object.keys(options.headers ?? {}), ...(options.certificate === undefined ? [] : [options.certificate.header])]
  const folded = names.map(foldName)
  const taken = names.find((name) => reserved.has(foldName(name)))
  if (taken !== undefined) throw new OptionsError(`${path}: found the header "${taken}", which has a meaning of its own; allowed: other names`)
  if (new Set(folded).size !== folded.length) throw new OptionsError(`${path}: found one header twice, in headers and certificate; allowed: each once`)
  return folded
}

/**
 * The headers that go upstream, from those of the client.
 *
 * @param dropped - folded names: certificate and verify headers, and every name that any route sets
 */
export function rewriteHeaders (options: UpstreamOptions, headers: IncomingHttpHeaders, dropped: (foldedName: string) => boolean, verified: Verified | null): IncomingHttpHeaders {
  const kept: IncomingHttpHeaders = {}
  for (const [name, value] of Object.entries(headers)) {
    const folded = foldName(name)
    if (value === undefined || hopByHop.has(folded) || certificateHeaders.has(folded) || dropped(folded)) continue
    // A framing header under an alias is none of ours.
    if (folded !== name && reserved.has(folded)) continue
    if (folded === 'authorization' && options.token !== 'forward') continue
    kept[name] = value
  }
  if (verified === null) return kept
  const { accessToken, certificate, jwt } = verified
  if (options.token === 'jwt' && jwt !== null) kept['authorization'] = `Bearer ${jwt}`
  for (const [name, source] of Object.entries(options.headers ?? {})) {
    const value = typeof source === 'string' ? source : 'claim' in source && typeof source.claim === 'string' ? claimText(accessToken.claims, source.claim) : undefined
    if (value !== undefined) kept[name.toLowerCase()] = value
  }
  if (options.certificate !== undefined && certificate !== null && accessToken.binding !== null) {
    kept[options.certificate.header.toLowerCase()] = options.certificate.format === 'rfc9440'
      ? `:${certificate.der.toString('base64')}:`
      : certificate.thumbprint
  }
  return kept
}

/** Headers of the answer: nothing about certificates (RFC 9440 section 2.2), nothing that belongs to the other hop. */
export function rewriteResponseHeaders (headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const listed = [headers.connection ?? []].flat().join(',').split(',').map((name) => name.trim().toLowerCase())
  const dropped = new Set([...hopByHop, ...listed, 'client-cert', 'client-cert-chain'])
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name)).map(([name, value]) => [name, oneLine(name, value)]))
}

function oneLine (name: string, value: string | string[] | undefined): string | string[] | undefined {
  if (!Array.isArray(value) || name === 'set-cookie') return value
  return singletons.has(name) ? value[0] : value.join(', ')
}

/** A claim may hold anything: what cannot stand in a header line as it is does not. */
function claimText (claims: Claims, name: string): string | undefined {
  const claim = Object.hasOwn(claims, name) ? claims[name] : undefined
  // Larger numbers were rounded when they were read, and two accounts would become one.
  if (typeof claim === 'boolean' || (typeof claim === 'number' && Number.isFinite(claim) && (!Number.isInteger(claim) || Number.isSafeInteger(claim)))) return String(claim)
  return typeof claim === 'string' && claim.length <= 4096 && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(claim) ? claim : undefined
}
