// A real authorization server, oidc-provider, that issues access tokens bound to the client's certificate.

import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Provider } from 'oidc-provider'
import type { Middleware } from 'oidc-provider'
import { configure } from './authorization-server-configuration.ts'
import type { ConfigurationOptions, RegisteredClient } from './authorization-server-configuration.ts'
import { listen } from './listen.ts'
import type { Listener } from './listen.ts'
import type { Pki } from './pki.ts'

export interface AuthorizationServerOptions extends Pick<ConfigurationOptions, 'format' | 'signingKeys' | 'claims'> {
  readonly pki: Pki
  readonly clients: readonly RegisteredClient[]
  /** The resource that every token is for, and its `aud`. Default: `https://api.example.test`. */
  readonly resource?: string
  /** In seconds. Default: 300. */
  readonly tokenLifetime?: number
  /** Default: any that is free. */
  readonly port?: number
  /** Stands around everything that the provider does. */
  readonly middleware?: Middleware
}

export interface AuthorizationServer {
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly introspectionEndpoint: string
  readonly revocationEndpoint: string
  /** The authority that signed the server's certificate, PEM. */
  readonly ca: string
  /** How many HTTP requests have reached the introspection endpoint. */
  introspectionCount (): number
  /** An outage: ends every connection and refuses new ones. What it knows is kept. */
  pause (): Promise<void>
  /** Listens on the same port again. */
  resume (): Promise<void>
  close (): Promise<void>
}

export async function startAuthorizationServer (options: AuthorizationServerOptions): Promise<AuthorizationServer> {
  const { pki, resource = 'https://api.example.test', tokenLifetime = 300 } = options
  let introspections = 0
  let handle: (request: IncomingMessage, response: ServerResponse) => unknown

  const server = createServer({
    cert: pki.server.certificate,
    key: pki.server.key,
    ca: pki.ca,
    requestCert: true,
    // A self-signed certificate has no issuer to check: the server compares it with the registered one.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2'
  }, (request, response) => {
    if (request.url?.split('?')[0] === '/token/introspection') introspections++
    handle(request, response)
  })

  // The issuer's name holds the port, so the port comes first.
  let listener: Listener | null = await listen(server, options.port)
  const { port } = listener
  const issuer = `https://localhost:${port}`
  try {
    const provider = new Provider(issuer, configure({ ...options, resource, tokenLifetime }))
    if (options.middleware !== undefined) provider.use(options.middleware)
    handle = provider.callback()
  } catch (error) {
    await listener.close()
    throw error
  }

  async function pause (): Promise<void> {
    await listener?.close()
    listener = null
  }

  async function resume (): Promise<void> {
    listener ??= await listen(server, port)
  }

  return {
    issuer,
    tokenEndpoint: `${issuer}/token`,
    introspectionEndpoint: `${issuer}/token/introspection`,
    revocationEndpoint: `${issuer}/token/revocation`,
    ca: pki.ca,
    introspectionCount: () => introspections,
    pause,
    resume,
    close: pause
  }
}
