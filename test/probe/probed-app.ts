import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { rawExchange, requestText } from '../certificate/raw-exchange.ts'
import type { FieldLine } from '../certificate/inbound.ts'
import { protectedApp } from '../guard/protected-app.ts'
import { readEcho, type Echo } from '../../lib/probe/echo-schema.ts'
import type { FastifyBoundTokenOptions } from '../../types/options.ts'

export const secret = 'c0ffee00c0ffee00c0ffee00c0ffee00'

export interface Asked {
  readonly status: number
  /** Null where something else than the echo answered. */
  readonly echo: Echo | null
  readonly body: string
}

export interface ProbedApp {
  readonly app: FastifyInstance
  readonly port: number
  readonly logged: string[]
  /** One request with these header lines. */
  ask (lines: readonly FieldLine[], path?: string): Promise<Asked>
  /** One request as it stands on the wire. */
  askRaw (request: string): Promise<Asked>
}

/** An app on loopback that can be probed, with a route of each kind. */
export async function probedApp (t: TestContext, options: Partial<FastifyBoundTokenOptions> = {}, server: FastifyServerOptions = {}): Promise<ProbedApp> {
  const { app, logged } = await protectedApp(t, (app) => {
    const schema = { response: { 200: { type: 'object', properties: { only: { type: 'string' } } } } }
    app.get('/', { schema }, async () => ({ only: 'in' }))
    app.get('/public', { config: { boundToken: false } }, async () => 'public')
    app.get('/report', { config: { boundToken: { mode: 'report' } } }, async () => 'report')
    app.get('/unbound', { config: { boundToken: { binding: 'off' } } }, async () => 'unbound')
    app.get('/other', { config: { boundToken: { certificate: { preset: 'caddy', header: 'x-other', trustedProxies: ['127.0.0.1'] } } } }, async () => 'other')
  }, { probe: { secret }, certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'] }, ...options }, server)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const askRaw = async (request: string): Promise<Asked> => {
    const { status, body } = await rawExchange({ host: '127.0.0.1', port }, request)
    return { status, body, echo: readEcho(body) }
  }
  return { app, port, logged, askRaw, ask: async (lines, path = '/') => await askRaw(requestText(path, lines)) }
}
