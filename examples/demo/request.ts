// A client of the demo. It opens a new connection for every request, so that each one shows its own certificate.

import * as http from 'node:http'
import * as https from 'node:https'
import type { AuthorizationServer } from './authorization-server.ts'

export interface RequestOptions {
  readonly url: string
  /** Connect here instead of to the host of the URL. */
  readonly socketPath?: string
  readonly method?: string
  /** An array is sent as several lines of that name. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Buffer | URLSearchParams
  /** The authority that signed the server's certificate, PEM. */
  readonly ca?: string
  /** The client's certificate and its key, PEM. */
  readonly certificate?: string
  readonly key?: string
  /** In milliseconds, for the whole exchange. */
  readonly timeout?: number
}

export interface Response {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

export interface TokenResponse {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly scope?: string
}

/** How a client proves who it is: by its certificate or by its secret. */
export type Credentials =
  | { readonly certificate: string, readonly key: string }
  | { readonly secret: string }

export interface TokenRequest {
  readonly authorizationServer: AuthorizationServer
  readonly clientId: string
  readonly credentials: Credentials
  readonly scope?: string
}

export interface Revocation {
  readonly authorizationServer: AuthorizationServer
  readonly clientId: string
  readonly credentials: Credentials
  readonly token: string
}

export async function request (options: RequestOptions): Promise<Response> {
  const { url, timeout = 10_000 } = options
  return await new Promise((resolve, reject) => {
    const outgoing = send(options)
    const timer = setTimeout(() => outgoing.destroy(new Error(`${url} did not answer within ${timeout} ms`)), timeout)
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => readAll(incoming).then(resolve, reject))
    outgoing.on('close', () => clearTimeout(timer))
  })
}

function send (options: RequestOptions): http.ClientRequest {
  const { url, socketPath, method = 'GET', headers, body, ca, certificate, key } = options
  const payload = body instanceof URLSearchParams ? body.toString() : body
  const outgoing = (url.startsWith('https:') ? https : http).request(url, {
    agent: false,
    // Every server of the demo listens on IPv4; `localhost` alone could be somebody else's port on IPv6.
    family: 4,
    method,
    headers: {
      ...body instanceof URLSearchParams && { 'content-type': 'application/x-www-form-urlencoded' },
      // Without it Node sends the body of a DELETE with no framing.
      ...payload !== undefined && { 'content-length': Buffer.byteLength(payload) },
      ...headers
    } as http.OutgoingHttpHeaders,
    ...socketPath !== undefined && { socketPath },
    ...ca !== undefined && { ca },
    ...certificate !== undefined && { cert: certificate },
    ...key !== undefined && { key }
  })
  return outgoing.end(payload)
}

async function readAll (incoming: http.IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks).toString() }
}

export async function requestToken (options: TokenRequest): Promise<TokenResponse> {
  const { authorizationServer, clientId, credentials, scope } = options
  const form = { grant_type: 'client_credentials', ...scope !== undefined && { scope } }
  return JSON.parse(await post(authorizationServer, authorizationServer.tokenEndpoint, clientId, credentials, form))
}

export async function revokeToken (options: Revocation): Promise<void> {
  const { authorizationServer, clientId, credentials, token } = options
  await post(authorizationServer, authorizationServer.revocationEndpoint, clientId, credentials, { token })
}

async function post (
  { ca }: AuthorizationServer,
  url: string,
  clientId: string,
  credentials: Credentials,
  form: Record<string, string>
): Promise<string> {
  const identity = 'secret' in credentials
    ? { headers: { authorization: basic(clientId, credentials.secret) } }
    : { certificate: credentials.certificate, key: credentials.key }
  // A client with a certificate says which client it is in the body; the certificate then proves it.
  const fields = 'secret' in credentials ? form : { ...form, client_id: clientId }

  const { status, body } = await request({ url, ca, method: 'POST', body: new URLSearchParams(fields), ...identity })
  if (status !== 200) throw new Error(`${url} answered ${status}: ${body}`)
  return body
}

// RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
function basic (clientId: string, secret: string): string {
  const encode = (value: string) => new URLSearchParams({ value }).toString().slice('value='.length)
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString('base64')}`
}
