import { createPublicKey, generateKeyPair } from 'node:crypto'
import type { JsonWebKey, KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { errors } from 'oidc-provider'
import type { Adapter, Client, Context, Token } from 'oidc-provider'
import { resources } from './protected-resources.ts'
import type { DecryptionKey, DecryptionKeys, ResourceName } from './protected-resources.ts'
import { readAgain } from '../read-again.ts'

const generate = promisify(generateKeyPair)

export const scope = 'accounts payments'

export interface ConfigurationOptions {
  readonly adapter: (kind: string) => Adapter
  readonly signingKeys: readonly JsonWebKey[]
  readonly decryptionKeys: DecryptionKeys
  readonly clients: readonly object[]
  /** Identifiers of the clients that may read every token. */
  readonly introspectors: ReadonlySet<string>
  readonly tokenLifetime: number
  /** More claims for every token. */
  readonly extraClaims: Readonly<Record<string, unknown>>
  /** More members for both discovery documents. */
  readonly discovery: object
}

export function configure (options: ConfigurationOptions): object {
  const { adapter, signingKeys, decryptionKeys, clients, introspectors, tokenLifetime, extraClaims, discovery } = options
  const formats = formatsOf(decryptionKeys)
  const nameOf = new Map<string, ResourceName>((Object.keys(resources) as ResourceName[]).map((name) => [resources[name], name]))

  return {
    adapter,
    clients,
    discovery,
    jwks: { keys: signingKeys },
    scopes: scope.split(' '),
    clientAuthMethods: ['tls_client_auth', 'self_signed_tls_client_auth', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt'],
    clientDefaults: { grant_types: ['client_credentials'], response_types: [], redirect_uris: [], id_token_signed_response_alg: 'ES256' },
    ttl: { ClientCredentials: tokenLifetime },
    extraTokenClaims: () => extraClaims,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      encryption: { enabled: true },
      jwtIntrospection: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: (_context: Context, { clientId }: Client, token: Token) => clientId === token.clientId
      },
      introspection: {
        enabled: true,
        allowedPolicy: (_context: Context, { clientId }: Client) => introspectors.has(clientId)
      },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        getCertificate: ({ socket }: Context) => socket.getPeerX509Certificate(),
        certificateAuthorized: ({ socket }: Context) => socket.authorized,
        certificateSubjectMatches
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resources.opaque,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context: Context, resource: string) => {
          const name = nameOf.get(resource)
          if (name === undefined) throw new errors.InvalidTarget()
          return { audience: resource, scope, ...formats[name] }
        }
      }
    }
  }
}

function certificateSubjectMatches ({ socket }: Context, property: string, expected: string): boolean {
  const certificate = socket.getPeerX509Certificate()
  if (property === 'tls_client_auth_subject_dn') return certificate?.subject === expected
  if (property === 'tls_client_auth_san_dns') return certificate?.checkHost(expected, { subject: 'never' }) === expected
  return false
}

function formatsOf (keys: DecryptionKeys): Record<ResourceName, object> {
  const signed = (alg: string) => ({ accessTokenFormat: 'jwt', jwt: { sign: { alg } } })
  const nested = (encrypt: object) => ({ accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' }, encrypt } })
  return {
    opaque: { accessTokenFormat: 'opaque' },
    ps256: signed('PS256'),
    es256: signed('ES256'),
    rs256: signed('RS256'),
    eddsa: signed('EdDSA'),
    ed25519: signed('Ed25519'),
    rsaOaep: nested(encryptTo(keys.rsaOaep)),
    ecdhEs: nested({ ...encryptTo(keys.ecdhEs), kid: undefined }),
    aesKw: nested(encryptTo(keys.aesKw)),
    dir: nested(encryptTo(keys.dir)),
    unsigned: { accessTokenFormat: 'jwt', jwt: { encrypt: encryptTo(keys.dir) } }
  }
}

function encryptTo ({ kid, alg, key }: DecryptionKey): object {
  return { kid, alg, enc: 'A256GCM', key: key.type === 'secret' ? key : createPublicKey(key) }
}

/** One of each type. None names its `alg`, so that one RSA key signs both RS256 and PS256; the provider gives each a `kid`. */
export async function createSigningKeys (): Promise<JsonWebKey[]> {
  const pairs = await Promise.all([
    generate('rsa', { modulusLength: 2048 }),
    generate('ec', { namedCurve: 'P-256' }),
    generate('ed25519')
  ])
  return pairs.map(({ privateKey }: { privateKey: KeyObject }) => ({ ...readAgain(privateKey).export({ format: 'jwk' }), use: 'sig' }))
}

/** Outlives a provider, so that the next one knows the tokens of the last. */
export function createAdapters (): (kind: string) => Adapter {
  const stored = new Map<string, object>()
  return (kind) => ({
    async upsert (id, payload) { stored.set(`${kind}:${id}`, payload) },
    async find (id) { return stored.get(`${kind}:${id}`) },
    async destroy (id) { stored.delete(`${kind}:${id}`) }
  })
}
