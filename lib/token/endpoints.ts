import { OptionsError } from '../errors.ts'
import { httpUrl } from '../http-url.ts'
import type { IssuerOptions } from '../options.ts'

/** RFC 8414 section 2: a URL without query and fragment. Where it is only compared, http does no harm. */
export function refuseBadIssuer (issuer: string, path: string): void {
  const allowed = 'an http or https URL without query and fragment'
  const url = httpUrl(issuer, path, allowed)
  if (/[?#]/.test(issuer)) throw new OptionsError(`${path}: found ${JSON.stringify(url.href)}; allowed: ${allowed}`)
}

/** The URL of an endpoint that an option names. @throws OptionsError */
export function endpointUrl (endpoint: string, allowLoopback: boolean, path: string): URL {
  const url = httpUrl(endpoint, path, 'an https URL without credentials and fragment')
  if (isConfidential(url, allowLoopback)) return url
  throw new OptionsError(`${path}: found http, which would send tokens and our secret in the clear; allowed: https, or http on 127.0.0.0/8, ::1 or localhost with issuers[].allowInsecureLoopback`)
}

/**
 * Which URLs the metadata of an issuer may name: its own origin, and those that the operator listed. A document that was changed must
 * not send our tokens and secrets anywhere else.
 *
 * @throws OptionsError
 */
export function allowedByMetadata (options: IssuerOptions, path: string): (url: URL) => boolean {
  const allowLoopback = options.allowInsecureLoopback === true
  const issuer = endpointUrl(options.issuer, allowLoopback, `${path}.issuer`)
  const origins = (options.discovery?.origins ?? []).map((origin, index) => {
    const url = endpointUrl(origin, allowLoopback, `${path}.discovery.origins[${index}]`)
    if (url.href === `${url.origin}/`) return url.origin
    throw new OptionsError(`${path}.discovery.origins[${index}]: found ${JSON.stringify(origin)}; allowed: an origin, such as https://mtls.example.com`)
  })
  return (url) => isConfidential(url, allowLoopback) && [issuer.origin, ...origins].includes(url.origin)
}

function isConfidential ({ protocol, hostname }: URL, allowLoopback: boolean): boolean {
  if (protocol === 'https:') return true
  return protocol === 'http:' && allowLoopback && (hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname))
}
