import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import boundToken from '../../lib/index.ts'
import type { FastifyBoundTokenOptions, IssuerOptions } from '../../types/options.ts'
import { request } from '../../examples/demo/request.ts'
import type { ClientCertificate, Pki } from '../../examples/demo/pki.ts'

export interface GuardedService {
  readonly app: FastifyInstance
  /** Lines that were logged. */
  readonly logged: string[]
  /** The status, and what the handler says of the token; over a connection of its own with this certificate. */
  ask (token: string, certificate: ClientCertificate | null, path?: string): Promise<{ status: number, claims: Record<string, unknown> }>
}

/** A service that terminates mutual TLS itself, with the plugin in front of `/`. */
export async function startGuardedService (
  t: TestContext,
  pki: Pki,
  issuers: readonly IssuerOptions[],
  more: Partial<FastifyBoundTokenOptions> = {},
  declare: (app: FastifyInstance) => void = () => {}
): Promise<GuardedService> {
  const logged: string[] = []
  const app = Fastify({
    https: { key: pki.server.key, cert: pki.server.certificate, requestCert: true, rejectUnauthorized: false },
    logger: { level: 'trace', stream: { write: (line: string) => { logged.push(line) } } },
    forceCloseConnections: true
  }) as unknown as FastifyInstance
  t.after(() => app.close())
  await app.register(boundToken, { certificate: { source: 'tls' }, issuers: [...issuers], ...more })
  app.get('/', async ({ accessToken }) => accessToken?.claims)
  declare(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return {
    app,
    logged,
    async ask (token, certificate, path = '/') {
      const { status, body } = await request({
        url: `https://localhost:${port}${path}`,
        ca: pki.ca,
        headers: { authorization: `Bearer ${token}` },
        ...certificate !== null && { certificate: certificate.certificate, key: certificate.key }
      })
      return { status, claims: JSON.parse(body) }
    }
  }
}
