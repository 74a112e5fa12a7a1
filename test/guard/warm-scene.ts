// One authorization server, and as many equal applications before it as a test likes: one that knows, and ones that know nothing.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import boundToken from '../../lib/index.ts'
import type { Decision } from '../../types/decision.ts'
import type { BoundTokenRouteOptions, CertificateOptions, FastifyBoundTokenOptions } from '../../types/options.ts'
import type { FieldLine } from '../certificate/inbound.ts'
import { json, startDouble, type Double } from '../doubles/authorization-server.ts'
import { signingKey, type SigningKey } from '../token/signing-key.ts'
import { keptConnection, type KeptAnswer, type KeptConnection } from './kept-connection.ts'
import { owner, ownersClaims, stranger } from './protected-app.ts'

export const opaqueIssuer = 'https://login.example.com'
export const jwtIssuer = 'https://jwt.example.com'
export const audience = 'https://api.example.com'

/** What the authorization server says, and where; a test may change it at any time. */
export interface World {
  readonly authorizationServer: Double
  /** Claims of active tokens; those that begin with `fresh` are the owner's without being listed. */
  readonly known: Map<string, object>
  /** The keys that are published. */
  keys: SigningKey[]
  readonly options: Partial<FastifyBoundTokenOptions>
}

export interface RawRequest {
  readonly target?: string
  readonly lines: readonly FieldLine[]
  /** The address that it comes from. */
  readonly from?: string
}

/** All that somebody learns of a verdict: the client, the handler (by the body) and the operator. */
export interface Verdict extends KeptAnswer {
  /** Without what differs from application to application; of the reference, whether there is one. */
  readonly decision: Omit<Decision, 'requestId' | 'tokenReference'> & { readonly hasReference: boolean } | null
}

export interface ListeningApp {
  readonly app: FastifyInstance
  /** On a connection that stays the same for this name and this address. */
  ask (request: RawRequest, connection?: string): Promise<Verdict>
  close (): Promise<void>
}

export const tokenLine = (token: string): FieldLine => ['Authorization', `Bearer ${token}`]
export const certificateLine = (value: string): FieldLine => ['X-SSL-Cert', value]
export const verdictLine: FieldLine = ['X-SSL-Verify', 'SUCCESS']

/** The request of somebody who has this token and this certificate, by way of the proxy. */
export function request (token: string, value: string = owner.escaped, target = '/', from = '127.0.0.1'): RawRequest {
  return { target, from, lines: [tokenLine(token), certificateLine(value), verdictLine] }
}

/** A source beside the plugin's that reads the same field. */
const beside = (more: Partial<CertificateOptions>): CertificateOptions => ({ preset: 'nginx', trustedProxies: ['127.0.0.1'], ...more })

/** What each route demands. */
export const routes: Readonly<Record<string, BoundTokenRouteOptions>> = {
  '/': {},
  '/scope': { scopes: ['accounts'] },
  '/other-scope': { scopes: ['admin'] },
  '/any-scope': { anyScope: ['admin', 'audit'] },
  '/other-audience': { audience: 'https://other.example.com' },
  '/jwt-only': { issuers: [jwtIssuer] },
  '/opaque-only': { issuers: [opaqueIssuer] },
  '/other-client': { clients: ['somebody'] },
  '/claims': { claims: { type: 'object', required: ['acr'] } },
  '/optional': { binding: 'optional' },
  '/off': { binding: 'off' },
  '/report': { mode: 'report' },
  '/uncached': { cache: false },
  '/nobody': { certificate: beside({ trustedProxies: ['192.0.2.1'] }) },
  '/other-verdict': { certificate: beside({ verified: { header: 'x-ssl-verify', value: 'OK' } }) },
  '/other-format': { certificate: beside({ format: 'rfc9440' }) },
  '/other-field': { certificate: beside({ header: 'x-other-cert' }) },
  '/others-only': { certificate: beside({ match: { subject: { CN: 'nobody' } } }) },
  '/short': { certificate: beside({ maxBytes: 256 }) }
}

export async function startWorld (t: TestContext, options: Partial<FastifyBoundTokenOptions> = {}): Promise<World> {
  const unbound = { ...ownersClaims, cnf: undefined }
  const known = new Map<string, object>([
    ['good', ownersClaims],
    ['sibling', { ...ownersClaims, jti: 'sibling' }],
    ['strangers', { ...ownersClaims, cnf: { 'x5t#S256': stranger.thumbprint } }],
    ['unbound', unbound]
  ])
  const authorizationServer = await startDouble((call, response) => {
    if (call.url === '/jwks') return json({ keys: world.keys.map((key) => key.jwk()) })(call, response)
    const token = new URLSearchParams(call.body).get('token') ?? ''
    json(known.get(token) ?? (token.startsWith('fresh') ? ownersClaims : { active: false }))(call, response)
  })
  t.after(() => authorizationServer.close())
  const world: World = { authorizationServer, known, keys: [await signingKey('old')], options }
  return world
}

/** An application that knows nothing yet, on a port of its own. */
export async function startApp ({ authorizationServer: { origin }, options }: World): Promise<ListeningApp> {
  const app = Fastify({ forceCloseConnections: true }) as FastifyInstance
  await app.register(boundToken, {
    certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'] },
    issuers: [
      {
        issuer: opaqueIssuer,
        audience,
        introspection: { endpoint: `${origin}/introspect`, clientAuth: { method: 'client_secret_basic', clientId: 'api', clientSecret: 'kept-by-the-service' } },
        allowInsecureLoopback: true
      },
      { issuer: jwtIssuer, audience, jwt: { jwksUri: `${origin}/jwks` }, allowInsecureLoopback: true }
    ],
    cache: { defaultTtl: 3_600_000, maxTtl: 3_600_000 },
    ...options
  })
  for (const [url, boundToken] of Object.entries(routes)) {
    app.get(url, { config: { boundToken } }, async ({ accessToken, clientCertificate }) => ({ accessToken, thumbprint: clientCertificate?.thumbprint ?? null }))
  }
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const connections = new Map<string, KeptConnection>()
  return {
    app,
    async ask ({ target = '/', lines, from = '127.0.0.1' }, name = 'one') {
      const key = `${name} ${from}`
      const connection = connections.get(key) ?? await keptConnection(port, from)
      connections.set(key, connection)
      return await heard(async () => await connection.ask(target, lines))
    },
    async close () {
      for (const connection of connections.values()) connection.close()
      await app.close()
    }
  }
}

/** One request at a time: what is published meanwhile is about that one. */
async function heard (ask: () => Promise<KeptAnswer>): Promise<Verdict> {
  const decisions: Decision[] = []
  const listen = (decision: unknown): void => { decisions.push(decision as Decision) }
  subscribe('fastify-bound-token:decision', listen)
  try {
    const answer = await ask()
    if (decisions.length > 1) throw new Error('one request, two decisions')
    const [decision = null] = decisions.map(({ requestId, tokenReference, ...rest }) => ({ ...rest, hasReference: tokenReference !== null }))
    return { ...answer, decision }
  } finally {
    unsubscribe('fastify-bound-token:decision', listen)
  }
}
