import type { Issuer, TokenRecord } from '../../lib/access-token.ts'
import type { IssuerOptions } from '../../lib/options.ts'
import { asked } from '../../lib/token/asked.ts'
import { breaker } from '../../lib/token/breaker.ts'
import { clientAuthMethods, type ClientCredentials } from '../../lib/token/client-auth.ts'
import { compileIssuer, type Report } from '../../lib/token/compile.ts'
import { exchange } from '../../lib/token/exchange.ts'
import { introspection, maxResponseBytes, type IntrospectionOptions } from '../../lib/token/introspection.ts'
import type { TokenResolver } from '../../lib/token/resolver.ts'
import type { Behaviour, Double } from '../doubles/authorization-server.ts'

export const issuer: Issuer = { name: 'https://login.example.com', audience: ['rs'] }
export const credentials = { clientId: 'api', clientSecret: 'vR7-client-secret-9Qx' }

/** A resolver, and what it says of a token without what it says of the answer. */
export type RecordResolver = TokenResolver & { record (token: string): Promise<TokenRecord | null> }

interface At {
  readonly timeout?: number
  readonly ca?: string[] | null
}

/** The resolver that asks a double, once a token, and never leaves it alone. */
export function resolverAt (origin: string, { timeout = 2000, ca = null, ...options }: At & Partial<IntrospectionOptions> = {}): RecordResolver {
  const secured = ca === null ? {} : { ca }
  return withRecord(introspection({
    issuer,
    endpointIdentity: `${origin}/introspect`,
    endpoint: async () => new URL('/introspect', origin),
    exchange: exchange({ tls: { current: () => secured }, timeout, maxBytes: maxResponseBytes }),
    retries: 0,
    breaker: breaker({ failures: Infinity, pause: 1000, maxPause: 30_000, onState () {} }),
    asked: asked(issuer.name),
    clientId: credentials.clientId,
    clientAuth: clientAuthMethods.client_secret_basic.authenticate(credentials as ClientCredentials),
    parameters: {},
    headers: {},
    tokenTypeHint: 'access_token',
    response: { kind: 'json' },
    honoursCacheControl: true,
    onNotKept () {},
    ...options
  }))
}

export function withRecord (resolver: TokenResolver): RecordResolver {
  return { ...resolver, record: async (token) => (await resolver.resolve(token)).record }
}

/** What comes of one token where the authorization server answers so. */
export async function recordOf (server: Double, behaviour: Behaviour, options: IssuerOptions, token = 'opaque-token'): Promise<TokenRecord | null> {
  server.behave(behaviour)
  const resolver = await compiled(options)
  try {
    return await resolver.record(token)
  } finally {
    await resolver.close()
  }
}

/** The resolver that asks the issuer of these options. */
export async function compiled (options: IssuerOptions, path = 'issuer', report: Report = () => {}): Promise<RecordResolver> {
  const issuer = await compileIssuer(options, path, report)
  return { ...withRecord(issuer.introspection as TokenResolver), close: async () => { await issuer.close() } }
}
