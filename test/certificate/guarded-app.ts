import { subscribe } from 'node:diagnostics_channel'
import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import boundToken from '../../lib/index.ts'
import type { Decision } from '../../types/decision.ts'
import type { CertificateOptions, FastifyBoundTokenOptions } from '../../types/options.ts'
import { json, startDouble } from '../doubles/authorization-server.ts'

/** An app on loopback behind the plugin, with an authorization server to which every token is active and bound alike. */
export interface GuardedApp {
  readonly app: FastifyInstance
  readonly port: number
  /** Tokens that the authorization server was asked for, oldest first. */
  asked (): string[]
  /** What was decided, oldest first. */
  readonly decisions: readonly Decision[]
  /** Lines that were logged, at every level. */
  readonly logged: readonly string[]
  close (): Promise<void>
}

export interface GuardedAppOptions {
  readonly certificate: CertificateOptions
  /** More routes, each with a source of its own. */
  readonly routes?: Readonly<Record<string, CertificateOptions>>
  /** Thumbprint that every token is bound to. */
  readonly boundTo: string
  readonly server?: FastifyServerOptions & { readonly https?: TlsOptions, readonly http2?: boolean, readonly http?: { readonly maxHeaderSize: number } }
  /** Instead of a port on loopback. */
  readonly listenAt?: { readonly path: string }
}

/** Options of the plugin for an authorization server on loopback. */
export function pluginOptions (origin: string, certificate: CertificateOptions): FastifyBoundTokenOptions {
  return {
    certificate,
    issuers: [{
      issuer: 'https://login.example.com',
      audience: false,
      introspection: {
        endpoint: `${origin}/introspect`,
        clientAuth: { method: 'client_secret_basic', clientId: 'api', clientSecret: 'not a secret' }
      },
      allowInsecureLoopback: true
    }]
  }
}

export async function startGuardedApp (options: GuardedAppOptions): Promise<GuardedApp> {
  const double = await startDouble(json({ active: true, cnf: { 'x5t#S256': options.boundTo } }))
  const logged: string[] = []
  const logger = { level: 'trace', stream: { write: (line: string) => logged.push(line) } }
  const app = Fastify({ ...options.server, logger } as FastifyServerOptions) as FastifyInstance
  app.register(boundToken, pluginOptions(double.origin, options.certificate))
  app.get('/', async (request) => request.clientCertificate?.thumbprint)
  for (const [url, certificate] of Object.entries(options.routes ?? {})) {
    app.get(url, { config: { boundToken: { certificate } } }, async (request) => request.clientCertificate?.thumbprint)
  }
  const decisions: Decision[] = []
  subscribe('fastify-bound-token:decision', (decision) => decisions.push(decision as Decision))
  await app.listen(options.listenAt ?? { port: 0, host: '127.0.0.1' })

  return {
    app,
    port: options.listenAt === undefined ? (app.server.address() as AddressInfo).port : 0,
    asked: () => double.calls.map(({ body }) => new URLSearchParams(body).get('token') ?? ''),
    decisions,
    logged,
    async close () {
      await app.close()
      await double.close()
    }
  }
}
