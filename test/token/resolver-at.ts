import { clientAuthMethods } from '../../lib/token/client-auth.ts'
import { introspection, type IntrospectionOptions } from '../../lib/token/introspection.ts'
import type { TokenResolver } from '../../lib/token/resolver.ts'

export const issuer = 'https://login.example.com'
export const credentials = { clientId: 'api', clientSecret: 'vR7-client-secret-9Qx' }

/** The resolver that asks a double. */
export function resolverAt (origin: string, options: Partial<IntrospectionOptions> = {}): TokenResolver {
  return introspection({
    issuer,
    endpoint: new URL('/introspect', origin),
    clientId: credentials.clientId,
    clientAuth: clientAuthMethods.client_secret_basic(credentials),
    timeout: 2000,
    parameters: {},
    headers: {},
    tokenTypeHint: 'access_token',
    ca: null,
    ...options
  })
}
