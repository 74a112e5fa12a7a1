import type { TestContext } from 'node:test'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import boundToken from '../../lib/index.ts'
import type { FastifyBoundTokenOptions } from '../../types/options.ts'
import { headerCases } from '../certificate/vectors.ts'
import { json, startDouble, type Double } from '../doubles/authorization-server.ts'

export const owner = { thumbprint: headerCases['x5t#S256'], escaped: encodeURIComponent(headerCases.certificate_pem) }
export const stranger = { thumbprint: headerCases['x5t#S256_other'], escaped: encodeURIComponent(headerCases.other_certificate_pem) }

/** Claims of a token that is good for a route without demands, bound to the owner. */
export const ownersClaims = {
  active: true, aud: 'https://api.example.com', client_id: 'partner', sub: 'alice', scope: 'accounts', cnf: { 'x5t#S256': owner.thumbprint }
}

export interface ProtectedApp {
  readonly app: FastifyInstance
  readonly authorizationServer: Double
  /** Lines that were logged, at every level; a test may empty it. */
  readonly logged: string[]
  /** What the authorization server says of a token; others are not active. */
  readonly known: Map<string, object>
}

/** Options of the plugin for an authorization server at this origin; the owner's token is called `good`. */
export function optionsFor (origin: string, more: Partial<FastifyBoundTokenOptions> = {}): FastifyBoundTokenOptions {
  return {
    certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'], verified: false },
    issuers: [{
      issuer: 'https://login.example.com',
      audience: 'https://api.example.com',
      introspection: {
        endpoint: `${origin}/introspect`,
        clientAuth: { method: 'client_secret_basic', clientId: 'api', clientSecret: 'kept-by-the-service' },
        timeout: 500
      },
      allowInsecureLoopback: true
    }],
    ...more
  }
}

/** An authorization server that knows the tokens of `known`. */
export async function startAuthorizationServer (t: TestContext): Promise<{ authorizationServer: Double, known: Map<string, object> }> {
  const known = new Map<string, object>([['good', ownersClaims]])
  const authorizationServer = await startDouble((call, response) => {
    const token = new URLSearchParams(call.body).get('token') ?? ''
    json(known.get(token) ?? { active: false })(call, response)
  })
  t.after(() => authorizationServer.close())
  return { authorizationServer, known }
}

/**
 * An app behind the plugin, ready for requests.
 *
 * @param declare - declares its routes, after the plugin was registered
 */
export async function protectedApp (
  t: TestContext,
  declare: (app: FastifyInstance) => void = (app) => { app.get('/', async () => 'in') },
  options: Partial<FastifyBoundTokenOptions> = {},
  server: FastifyServerOptions = {},
  optionsAt: (origin: string) => FastifyBoundTokenOptions = (origin) => optionsFor(origin, options)
): Promise<ProtectedApp> {
  const { authorizationServer, known } = await startAuthorizationServer(t)
  const logged: string[] = []
  const app = Fastify({ logger: { level: 'trace', stream: { write: (line: string) => { logged.push(line) } } }, forceCloseConnections: true, ...server }) as FastifyInstance
  t.after(() => app.close())
  await app.register(boundToken, optionsAt(authorizationServer.origin))
  declare(app)
  await app.ready()
  return { app, authorizationServer, logged, known }
}

/** Headers of a request with this token and the owner's certificate. */
export function by (who: { escaped: string } | null, token = 'good'): Record<string, string> {
  return { authorization: `Bearer ${token}`, ...(who === null ? {} : { 'x-ssl-cert': who.escaped }) }
}
