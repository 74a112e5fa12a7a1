import type { TestContext } from 'node:test'
import { mock } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import boundToken from '../../../lib/index.ts'
import type { JwtOptions } from '../../../lib/options.ts'
import type { FastifyBoundTokenOptions } from '../../../types/options.ts'
import { by, owner, stranger } from '../../guard/protected-app.ts'
import { issuer, jwks } from './tokens.ts'

export const startOfTime = 1_800_000_000

export interface Asked {
  readonly statusCode: number
  /** Why the request was refused; null where it was let in. */
  readonly reason: string | null
  /** The WWW-Authenticate field. */
  readonly challenge: string
  readonly body: string
}

export type Ask = (token: string, request?: { url?: string, who?: typeof owner | typeof stranger | null }) => Promise<Asked>

/** An app that takes JWTs of one issuer, and a clock that stands at `startOfTime`. */
export async function protectedByJwt (
  t: TestContext,
  jwt: JwtOptions = { jwks },
  declare: (app: FastifyInstance) => void = (app) => { app.get('/', async ({ accessToken }) => accessToken) },
  more: Partial<FastifyBoundTokenOptions> = {}
): Promise<Ask> {
  mock.timers.enable({ apis: ['Date'], now: startOfTime * 1000 })
  t.after(() => mock.timers.reset())
  const logged: string[] = []
  const app = Fastify({ logger: { level: 'info', stream: { write: (line: string) => { logged.push(line) } } } }) as FastifyInstance
  t.after(() => app.close())
  const options = {
    certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'], verified: false },
    issuers: [{ issuer: issuer.name, audience: 'https://api.example.com', jwt }],
    ...more
  }
  await app.register(boundToken, options as FastifyBoundTokenOptions)
  declare(app)
  await app.ready()
  return async (token, { url = '/', who = owner } = {}) => {
    logged.length = 0
    const { statusCode, headers, body } = await app.inject({ url, headers: by(who, token) })
    const reason = logged.map((line) => (JSON.parse(line) as { decision?: { reason: string | null } }).decision?.reason).find((found) => found !== undefined) ?? null
    return { statusCode, reason, challenge: String(headers['www-authenticate'] ?? ''), body }
  }
}
