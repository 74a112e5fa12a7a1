// A real authorization server, oidc-provider over real mutual TLS, that issues and explains every kind of token.

import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Provider } from 'oidc-provider'
import { listen } from '../../examples/demo/listen.ts'
import type { Listener } from '../../examples/demo/listen.ts'
import { createPki } from '../../examples/demo/pki.ts'
import type { Pki } from '../../examples/demo/pki.ts'
import { request } from '../../examples/demo/request.ts'
import { basic } from './basic.ts'
import { configure, createAdapters, createSigningKeys, scope } from './authorization-server-configuration.ts'
import { createDecryptionKeys, resources } from './protected-resources.ts'
import type { DecryptionKeys, ResourceName } from './protected-resources.ts'
import { createIntrospectors, createTokenClients } from './registered-clients.ts'
import type { Introspectors, TokenClient, TokenClients } from './registered-clients.ts'

export interface AuthorizationServerOptions {
  readonly pki?: Pki
  /** Of the issuer, such as `/tenant-1`. Default: none. */
  readonly path?: string
  /** Only a second port asks for certificates, and `mtls_endpoint_aliases` of the documents names it. */
  readonly mtlsAliases?: boolean
  /**
   * Serves the document of an issuer with a path where RFC 8414 section 3.1 has it: `/.well-known/oauth-authorization-server/tenant-1`.
   * The provider itself knows only `/tenant-1/.well-known/oauth-authorization-server`, so it takes a front that routes.
   */
  readonly wellKnownBeforePath?: boolean
  /** In seconds. Default: 300. */
  readonly tokenLifetime?: number
  /** More claims for every token, of either format. */
  readonly extraClaims?: Readonly<Record<string, unknown>>
}

export interface AuthorizationServer {
  readonly issuer: string
  readonly pki: Pki
  /** The authority that signed the server's certificate, PEM. */
  readonly ca: string
  readonly jwksUri: string
  readonly tokenEndpoint: string
  readonly introspectionEndpoint: string
  readonly clients: TokenClients
  readonly introspectors: Introspectors
  readonly decryptionKeys: DecryptionKeys
  /** How many HTTP requests each endpoint has had, wherever it was reached. */
  readonly counts: Readonly<Record<Counted, number>>
  token (client: keyof TokenClients, resource: ResourceName, scope?: string): Promise<string>
  /** Opaque tokens only: the provider does not remember another one. */
  revoke (client: keyof TokenClients, token: string): Promise<void>
  /** New keys sign from now on. The old ones stay in the key set only if told. Whatever was issued is remembered. */
  rotateKeys (options?: { readonly keepOld?: boolean }): Promise<void>
  /** An outage: ends every connection and refuses new ones. */
  pause (): Promise<void>
  /** Listens on the same ports again. */
  resume (): Promise<void>
  close (): Promise<void>
}

type Counted = 'jwks' | 'token' | 'introspection' | 'openidConfiguration' | 'oauthAuthorizationServer'

const countedAt = new Map<string, Counted>([
  ['/jwks', 'jwks'],
  ['/token', 'token'],
  ['/token/introspection', 'introspection'],
  ['/.well-known/openid-configuration', 'openidConfiguration'],
  ['/.well-known/oauth-authorization-server', 'oauthAuthorizationServer']
])

/** @param t - the test whose end closes the server */
export async function startAuthorizationServer (t?: { after (close: () => Promise<void>): void }, options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const { path = '', mtlsAliases = false, wellKnownBeforePath = false, tokenLifetime = 300, extraClaims = {} } = options
  const pki = options.pki ?? await createPki()
  const [clients, introspectors, decryptionKeys, firstKeys] = await Promise.all([
    createTokenClients(pki, scope), createIntrospectors(pki), createDecryptionKeys(), createSigningKeys()
  ])
  const counts = { jwks: 0, token: 0, introspection: 0, openidConfiguration: 0, oauthAuthorizationServer: 0 }
  let signingKeys = firstKeys
  let provide: (request: IncomingMessage, response: ServerResponse) => unknown

  function handle (request: IncomingMessage, response: ServerResponse): void {
    const url = providerUrl(request.url ?? '', path, wellKnownBeforePath)
    if (url === null) {
      response.writeHead(404).end()
      return
    }
    const counted = countedAt.get(url.split('?')[0] as string)
    if (counted !== undefined) counts[counted]++
    // The provider takes the difference of the two for the path that it is mounted at.
    Object.assign(request, { originalUrl: `${path}${url}`, url })
    provide(request, response)
  }

  const tls = { cert: pki.server.certificate, key: pki.server.key, minVersion: 'TLSv1.2' as const }
  // A self-signed certificate has no issuer to check: the provider compares it with the registered one.
  const mutual = createServer({ ...tls, ca: pki.ca, requestCert: true, rejectUnauthorized: false }, handle)
  const servers = mtlsAliases ? [createServer(tls, handle), mutual] : [mutual]

  // The names of issuer and endpoints hold the ports, so the ports come first.
  let listeners: Listener[] = await Promise.all(servers.map((server) => listen(server)))
  const ports = listeners.map(({ port }) => port)
  const [issuer, mutualBase] = [`https://localhost:${ports.at(0)}${path}`, `https://localhost:${ports.at(-1)}${path}`] as const

  function provideWith (keys: typeof firstKeys): void {
    const aliases = { token_endpoint: `${mutualBase}/token`, introspection_endpoint: `${mutualBase}/token/introspection`, revocation_endpoint: `${mutualBase}/token/revocation` }
    provide = new Provider(issuer, configure({
      adapter,
      signingKeys: keys,
      decryptionKeys,
      clients: [...Object.values(clients), ...Object.values(introspectors)].map(({ metadata }) => metadata),
      introspectors: new Set(Object.values(introspectors).map(({ clientId }) => clientId)),
      tokenLifetime,
      extraClaims,
      discovery: mtlsAliases ? { mtls_endpoint_aliases: aliases } : {}
    })).callback()
  }

  async function pause (): Promise<void> {
    const open = listeners
    listeners = []
    await Promise.all(open.map((listener) => listener.close()))
  }

  const adapter = createAdapters()
  try {
    provideWith(signingKeys)
  } catch (error) {
    await pause()
    throw error
  }
  t?.after(pause)

  return {
    issuer,
    pki,
    ca: pki.ca,
    jwksUri: `${issuer}/jwks`,
    tokenEndpoint: `${mutualBase}/token`,
    introspectionEndpoint: `${issuer}/token/introspection`,
    clients,
    introspectors,
    decryptionKeys,
    counts,
    async token (name, resource, wanted = 'accounts') {
      const form = { grant_type: 'client_credentials', resource: resources[resource], scope: wanted }
      return JSON.parse(await post(`${mutualBase}/token`, pki.ca, clients[name], form)).access_token
    },
    async revoke (name, token) {
      await post(`${mutualBase}/token/revocation`, pki.ca, clients[name], { token })
    },
    async rotateKeys ({ keepOld = false } = {}) {
      const fresh = await createSigningKeys()
      // The provider signs with the first key that fits.
      signingKeys = keepOld ? [...fresh, ...signingKeys] : fresh
      provideWith(signingKeys)
    },
    pause,
    async resume () {
      if (listeners.length === 0) listeners = await Promise.all(servers.map((server, n) => listen(server, ports[n])))
    },
    close: pause
  }
}

/** What the provider is asked for, or null for somebody else's path. */
function providerUrl (url: string, path: string, wellKnownBeforePath: boolean): string | null {
  const wellKnown = '/.well-known/oauth-authorization-server'
  if (wellKnownBeforePath && url === `${wellKnown}${path}`) return wellKnown
  return url.startsWith(`${path}/`) ? url.slice(path.length) : null
}

async function post (url: string, ca: string, { clientId, certificate, secret }: TokenClient, form: Record<string, string>): Promise<string> {
  const { status, body } = await request({
    url,
    ca,
    method: 'POST',
    body: new URLSearchParams(secret === null ? { ...form, client_id: clientId } : form),
    ...secret !== null && { headers: { authorization: basic(clientId, secret) } },
    ...certificate !== null && { certificate: certificate.certificate, key: certificate.key }
  })
  if (status !== 200) throw new Error(`${url} answered ${status}: ${body}`)
  return body
}
