import { OptionsError } from '../errors.ts'
import { httpUrl } from '../http-url.ts'
import { defaultOf, IssuerSchema, type IssuerOptions } from '../options.ts'
import { resolveCertificateAuthorities, resolveSecret } from '../secret.ts'
import { breaker } from './breaker.ts'
import { clientAuthMethods } from './client-auth.ts'
import { introspection } from './introspection.ts'
import type { TokenResolver } from './resolver.ts'

const schemas = IssuerSchema.properties.introspection.properties
const ourHeaders = ['accept', 'accept-encoding', 'authorization', 'connection', 'content-length', 'content-type', 'expect', 'host', 'keep-alive', 'te', 'trailer',
  'transfer-encoding', 'upgrade']
const ours = ['token', 'token_type_hint', 'client_id', 'client_secret', 'client_assertion', 'client_assertion_type']

/** Options of an issuer to the resolver that asks it. */
export async function compileIssuer (options: IssuerOptions, path: string): Promise<TokenResolver> {
  refuseBadIssuer(options.issuer, `${path}.issuer`)
  const { endpoint, clientAuth, timeout, tokenTypeHint, parameters = {}, headers = {} } = options.introspection
  const taken = Object.keys(parameters).find((name) => ours.includes(name))
  if (taken !== undefined) throw new OptionsError(`${path}.introspection.parameters.${taken}: this parameter is ours to send; allowed: other names`)
  const header = Object.keys(headers).find((name) => ourHeaders.includes(name.toLowerCase()))
  if (header !== undefined) throw new OptionsError(`${path}.introspection.headers.${header}: this header is ours to send; allowed: other names`)
  const hint = tokenTypeHint ?? defaultOf<string>(schemas.tokenTypeHint)
  return breaker(introspection({
    issuer: options.issuer,
    endpoint: endpointUrl(endpoint, options.allowInsecureLoopback === true, `${path}.introspection.endpoint`),
    clientId: clientAuth.clientId,
    clientAuth: clientAuthMethods[clientAuth.method]({
      clientId: clientAuth.clientId,
      clientSecret: await resolveSecret(clientAuth.clientSecret, `${path}.introspection.clientAuth.clientSecret`)
    }),
    timeout: timeout ?? defaultOf<number>(schemas.timeout),
    parameters,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    tokenTypeHint: hint === false ? null : hint,
    ca: options.tls?.ca === undefined ? null : await resolveCertificateAuthorities(options.tls.ca, `${path}.tls.ca`)
  }))
}

/** RFC 8414 section 2: a URL without query and fragment. It is only ever compared, so http does no harm. */
function refuseBadIssuer (issuer: string, path: string): void {
  const allowed = 'an http or https URL without query and fragment'
  const url = httpUrl(issuer, path, allowed)
  if (/[?#]/.test(issuer)) throw new OptionsError(`${path}: found ${JSON.stringify(url.href)}; allowed: ${allowed}`)
}

function endpointUrl (endpoint: string, allowLoopback: boolean, path: string): URL {
  const url = httpUrl(endpoint, path, 'an https URL without credentials and fragment')
  if (url.protocol === 'https:' || (allowLoopback && isLoopback(url.hostname))) return url
  throw new OptionsError(`${path}: found http, which would send tokens and our secret in the clear; allowed: https, or http on 127.0.0.0/8, ::1 or localhost with issuers[].allowInsecureLoopback`)
}

function isLoopback (hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
