import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import type { FastifyBoundTokenOptions, WebhookOptions } from '../../types/options.ts'
import { jwtIssuer, type JwtIssuer } from '../doubles/jwt-issuer.ts'
import { by, optionsFor, owner, protectedApp, type ProtectedApp } from '../guard/protected-app.ts'
import { setSender, type SetSender } from './set-sender.ts'

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

export interface WebhookApp extends ProtectedApp {
  readonly sender: SetSender
  /** Tokens of this one are verified here. */
  readonly tokens: JwtIssuer
  /** Sends it over a socket, as RFC 8935 section 2.1 says but for what is changed. */
  push (set: string | Buffer, headers?: Record<string, string>, path?: string): Promise<Answer>
  /** The status of a request with this token. */
  status (token: string): Promise<number>
  /** A JWT of the owner of the certificate, issued so many seconds ago. */
  jwt (claims?: Record<string, unknown>, age?: number): Promise<string>
}

export const jwtIssuerName = 'https://jwt.example.com'

/** A service whose opaque tokens are of `https://login.example.com`, whose JWTs of `https://jwt.example.com`, and which both tell of revocations. */
export async function webhookApp (
  t: TestContext,
  webhook: (sender: SetSender, tokens: JwtIssuer) => WebhookOptions | WebhookOptions[] = (sender) => sender.options(),
  more: Partial<FastifyBoundTokenOptions> = {},
  declare?: (app: FastifyInstance) => void
): Promise<WebhookApp> {
  const sender = setSender()
  const tokens = jwtIssuer(jwtIssuerName)
  const { revocation, ...others } = more
  const scene = await protectedApp(t, declare, {}, {}, (origin) => {
    const options = optionsFor(origin, others)
    return { ...options, issuers: [...options.issuers, tokens.options()], revocation: { webhook: webhook(sender, tokens), ...revocation } }
  })
  await scene.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = scene.app.server.address() as AddressInfo
  return {
    ...scene,
    sender,
    tokens,
    push: async (set, headers = {}, path = '/events') => await post(port, path, set, { 'content-type': 'application/secevent+jwt', accept: 'application/json', ...headers }),
    status: async (token) => (await scene.app.inject({ url: '/', headers: by(owner, token) })).statusCode,
    async jwt (claims = {}, age = 0) {
      const iat = Math.floor(Date.now() / 1000) - age
      return await tokens.issue({ iat, cnf: { 'x5t#S256': owner.thumbprint }, ...claims })
    }
  }
}

async function post (port: number, path: string, body: string | Buffer, headers: Record<string, string>): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent: false, headers: { 'content-length': Buffer.byteLength(body), ...headers } }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }), reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
