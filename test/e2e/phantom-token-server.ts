// A double of an authorization server with phantom tokens: opaque outside, and introspection answers with the JWT that stands behind
// (the pattern of the Curity Identity Server, which answers 200 `application/jwt`, or 204 and nothing for a token that is not active).

import { generateKeyPair, randomBytes, randomUUID, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { exportJWK, SignJWT, type JWTPayload } from 'jose'
import { listen, type Listener } from '../../examples/demo/listen.ts'
import { basic } from './basic.ts'
import { readAgain } from '../read-again.ts'

const generate = promisify(generateKeyPair)

/** How it answers from now on. A test may change each. */
export interface PhantomAnswers {
  /** Of the JWT; undefined leaves it out. Default: `at+jwt`. */
  typ: string | undefined
  /** Null leaves it out. Default: `max-age=300`. */
  cacheControl: string | null
  contentType: string
}

export interface PhantomTokenServer {
  readonly issuer: string
  readonly introspectionEndpoint: string
  readonly jwksUri: string
  /** What the resource server asks with: client_secret_basic. */
  readonly clientId: string
  readonly secret: string
  readonly answers: PhantomAnswers
  readonly counts: Readonly<Record<'introspection' | 'jwks' | 'openidConfiguration' | 'oauthAuthorizationServer', number>>
  /**
   * An opaque token.
   *
   * @param claims - in place of, or beside, those that every token has; undefined leaves one out
   */
  issue (thumbprint: string | null, claims?: JWTPayload): string
  revoke (token: string): void
  /** A new key signs from now on. The old one stays in the key set only if told. */
  rotateKeys (options?: { readonly keepOld?: boolean }): Promise<void>
  pause (): Promise<void>
  resume (): Promise<void>
  close (): Promise<void>
}

interface SigningKey { readonly kid: string, readonly privateKey: KeyObject, readonly publicKey: KeyObject }

/** @param t - the test whose end closes the server */
export async function startPhantomTokenServer (t?: { after (close: () => Promise<void>): void }, { audience = 'https://api.example.test' } = {}): Promise<PhantomTokenServer> {
  const clientId = 'gateway'
  const secret = randomBytes(32).toString('base64url')
  const answers: PhantomAnswers = { typ: 'at+jwt', cacheControl: 'max-age=300', contentType: 'application/jwt' }
  const counts = { introspection: 0, jwks: 0, openidConfiguration: 0, oauthAuthorizationServer: 0 }
  const issued = new Map<string, JWTPayload>()
  let keys: SigningKey[] = [await createSigningKey()]

  async function introspect (incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = new URLSearchParams(await text(incoming)).get('token')
    if (incoming.headers.authorization !== basic(clientId, secret)) {
      response.writeHead(401, { 'www-authenticate': 'Basic' }).end()
      return
    }
    const claims = activeClaims(issued.get(token ?? ''))
    const caching = answers.cacheControl === null ? {} : { 'cache-control': answers.cacheControl }
    // Whoever does not ask for the JWT gets the plain answer of RFC 7662.
    if (!(incoming.headers.accept ?? '').includes('application/jwt')) {
      sendJson(response, claims === null ? { active: false } : { ...claims, active: true }, caching)
    } else if (claims === null) {
      response.writeHead(204).end()
    } else {
      const { kid, privateKey } = keys[0] as SigningKey
      const header = { alg: 'PS256', kid, ...answers.typ !== undefined && { typ: answers.typ } }
      response.writeHead(200, { 'content-type': answers.contentType, ...caching })
      response.end(await new SignJWT(claims).setProtectedHeader(header).sign(privateKey))
    }
  }

  async function handle (incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = `${incoming.method} ${incoming.url}`
    if (route === 'POST /introspect') {
      counts.introspection++
      await introspect(incoming, response)
    } else if (route === 'GET /jwks') {
      counts.jwks++
      sendJson(response, { keys: await Promise.all(keys.map(async ({ kid, publicKey }) => ({ ...await exportJWK(publicKey), kid, alg: 'PS256', use: 'sig' }))) })
    } else if (route === 'GET /.well-known/openid-configuration') {
      counts.openidConfiguration++
      sendJson(response, document)
    } else if (route === 'GET /.well-known/oauth-authorization-server') {
      counts.oauthAuthorizationServer++
      sendJson(response, document)
    } else {
      response.writeHead(404).end()
    }
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy())
  })
  let listener: Listener | null = await listen(server)
  const { port } = listener
  const issuer = `http://127.0.0.1:${port}`
  const [jwksUri, introspectionEndpoint] = [`${issuer}/jwks`, `${issuer}/introspect`] as const
  const document = { issuer, jwks_uri: jwksUri, introspection_endpoint: introspectionEndpoint, introspection_endpoint_auth_methods_supported: ['client_secret_basic'] }

  async function pause (): Promise<void> {
    const open = listener
    listener = null
    await open?.close()
  }
  t?.after(pause)

  return {
    issuer,
    introspectionEndpoint,
    jwksUri,
    clientId,
    secret,
    answers,
    counts,
    issue (thumbprint, claims = {}) {
      const token = `_0XBPWQQ_${randomUUID()}`
      const iat = Math.floor(Date.now() / 1000)
      const bound = thumbprint === null ? {} : { cnf: { 'x5t#S256': thumbprint } }
      const usual = { iss: issuer, aud: audience, sub: 'alice', client_id: 'partner', scope: 'accounts', iat, exp: iat + 300, jti: randomUUID(), purpose: 'access_token' }
      issued.set(token, { ...usual, ...bound, ...claims })
      return token
    },
    revoke (token) { issued.delete(token) },
    async rotateKeys ({ keepOld = false } = {}) {
      keys = [await createSigningKey(), ...keepOld ? keys : []]
    },
    pause,
    async resume () { listener ??= await listen(server, port) },
    close: pause
  }
}

function activeClaims (claims: JWTPayload | undefined): JWTPayload | null {
  return claims === undefined || (claims.exp !== undefined && claims.exp <= Date.now() / 1000) ? null : claims
}

async function createSigningKey (): Promise<SigningKey> {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength: 2048 })
  return { kid: randomUUID(), privateKey: readAgain(privateKey), publicKey: readAgain(publicKey) }
}

function sendJson (response: ServerResponse, value: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
}
