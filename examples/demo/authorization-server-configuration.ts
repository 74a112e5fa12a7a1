import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { errors } from 'oidc-provider'
import type { Adapter, Client, Context, Token } from 'oidc-provider'
import type { ClientCertificate } from './pki.ts'

/** Proves itself with a registered self-signed certificate; its tokens are bound to that certificate. */
export interface CertificateClient {
  readonly clientId: string
  readonly scope: string
  readonly certificates: ReadonlyArray<Pick<ClientCertificate, 'publicJwk'>>
}

/** Proves itself with a certificate of the server's authority, by its subject; its tokens are bound to that certificate. */
export interface AuthorityClient {
  readonly clientId: string
  readonly scope: string
  /** The distinguished name, as Node writes it. */
  readonly subject: string
}

/** Proves itself with a secret; its tokens are bound to nothing. Without a scope it gets none. */
export interface SecretClient {
  readonly clientId: string
  readonly secret: string
  readonly scope?: string
  /** For a resource server: it may read every token. Nobody else may read any. */
  readonly mayIntrospect?: boolean
}

export type RegisteredClient = CertificateClient | AuthorityClient | SecretClient

export interface ConfigurationOptions {
  readonly clients: readonly RegisteredClient[]
  readonly resource: string
  readonly tokenLifetime: number
  /** What oidc-provider is told of access tokens: `accessTokenFormat` and `jwt`. Default: opaque ones. */
  readonly format?: object
  /** More private JWKs to sign with, beside a new one for ES256. */
  readonly signingKeys?: readonly object[]
  /** More claims for every token. */
  readonly claims?: Readonly<Record<string, unknown>>
}

export function configure (options: ConfigurationOptions): object {
  const { clients, resource, tokenLifetime, format = { accessTokenFormat: 'opaque' }, signingKeys = [], claims = {} } = options
  const scopes = [...new Set(clients.flatMap(({ scope = '' }) => scope.split(' ').filter(Boolean)))]
  const introspectors = new Set(clients.filter(mayIntrospect).map(({ clientId }) => clientId))

  return {
    adapter: createAdapters(),
    jwks: { keys: [...signingKeys, createSigningKey()] },
    clients: clients.map(register),
    scopes,
    clientAuthMethods: ['tls_client_auth', 'self_signed_tls_client_auth', 'client_secret_basic'],
    clientDefaults: {
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: 'ES256'
    },
    ttl: { ClientCredentials: tokenLifetime },
    extraTokenClaims: () => claims,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        getCertificate: ({ socket }: Context) => socket.getPeerX509Certificate(),
        certificateAuthorized: ({ socket }: Context) => socket.authorized,
        certificateSubjectMatches: ({ socket }: Context, property: string, expected: string) =>
          property === 'tls_client_auth_subject_dn' && socket.getPeerX509Certificate()?.subject === expected
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
          return { audience: resource, scope: scopes.join(' '), ...format }
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
  if ('secret' in client) return { ...common, client_secret: client.secret, token_endpoint_auth_method: 'client_secret_basic' }
  const bound = { ...common, tls_client_certificate_bound_access_tokens: true }
  return 'subject' in client
    ? { ...bound, token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: client.subject }
    : { ...bound, token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks: { keys: client.certificates.map(({ publicJwk }) => publicJwk) } }
}

// Opaque tokens are not signed, but a provider without a key falls back to a published one.
function createSigningKey (): object {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // Written and read again: Node 20 may stand still when it makes a JWK of a key that was just generated.
  const key = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  return { ...key.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' }
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
