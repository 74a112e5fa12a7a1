import { generateKeyPairSync } from 'node:crypto'
import { errors } from 'oidc-provider'
import type { Adapter, Client, Context, Token } from 'oidc-provider'
import type { ClientCertificate } from './pki.ts'

/** Proves itself with a registered self-signed certificate; its tokens are bound to that certificate. */
export interface CertificateClient {
  readonly clientId: string
  readonly scope: string
  readonly certificates: ReadonlyArray<Pick<ClientCertificate, 'publicJwk'>>
}

/** Proves itself with a secret; its tokens are bound to nothing. Without a scope it gets none. */
export interface SecretClient {
  readonly clientId: string
  readonly secret: string
  readonly scope?: string
  /** For a resource server: it may read every token. Nobody else may read any. */
  readonly mayIntrospect?: boolean
}

export type RegisteredClient = CertificateClient | SecretClient

export interface ConfigurationOptions {
  readonly clients: readonly RegisteredClient[]
  readonly resource: string
  readonly tokenLifetime: number
}

export function configure ({ clients, resource, tokenLifetime }: ConfigurationOptions): object {
  const scopes = [...new Set(clients.flatMap(({ scope = '' }) => scope.split(' ').filter(Boolean)))]
  const introspectors = new Set(clients.filter(mayIntrospect).map(({ clientId }) => clientId))

  return {
    adapter: createAdapters(),
    jwks: { keys: [createSigningKey()] },
    clients: clients.map(register),
    scopes,
    clientAuthMethods: ['self_signed_tls_client_auth', 'client_secret_basic'],
    clientDefaults: {
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: 'ES256'
    },
    ttl: { ClientCredentials: tokenLifetime },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        getCertificate: ({ socket }: Context) => socket.getPeerX509Certificate()
      },
      introspection: {
        enabled: true,
        allowedPolicy: (_context: Context, { clientId }: Client) => introspectors.has(clientId)
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_context: Context, { clientId }: Client, token: Token) => clientId === token.clientId
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context: Context, indicator: string) => {
          if (indicator !== resource) throw new errors.InvalidTarget()
          return { audience: resource, scope: scopes.join(' '), accessTokenFormat: 'opaque' }
        }
      }
    }
  }
}

function mayIntrospect (client: RegisteredClient): boolean {
  return 'mayIntrospect' in client && client.mayIntrospect === true
}

function register (client: RegisteredClient): object {
  const { clientId, scope } = client
  // Without a scope it is a client that only asks about tokens and gets none itself.
  const common = scope === undefined ? { client_id: clientId, grant_types: [] } : { client_id: clientId, scope }
  return 'secret' in client
    ? { ...common, client_secret: client.secret, token_endpoint_auth_method: 'client_secret_basic' }
    : {
        ...common,
        token_endpoint_auth_method: 'self_signed_tls_client_auth',
        tls_client_certificate_bound_access_tokens: true,
        jwks: { keys: client.certificates.map(({ publicJwk }) => publicJwk) }
      }
}

// Opaque tokens are not signed, but a provider without a key falls back to a published one.
function createSigningKey (): object {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' }
}

// The provider asks for one store for each kind of thing. What is stored lives as long as the server.
function createAdapters (): (kind: string) => Adapter {
  const stored = new Map<string, object>()
  return (kind) => ({
    async upsert (id, payload) { stored.set(`${kind}:${id}`, payload) },
    async find (id) { return stored.get(`${kind}:${id}`) },
    async destroy (id) { stored.delete(`${kind}:${id}`) }
  })
}
