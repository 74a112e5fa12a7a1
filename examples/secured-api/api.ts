import Fastify, { type FastifyInstance } from 'fastify'
import { createRemoteJWKSet, customFetch, jwtVerify, type JWTPayload } from 'jose'
import { Agent, fetch } from 'undici'

export interface ApiOptions {
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
  /** The authority of the authorization server's certificate, PEM. */
  readonly ca: string
}

/** An API that believes nobody, the gateway neither: it verifies the JWT itself. It needs to know nothing of certificates. */
export function createApi ({ issuer, audience, jwksUri, ca }: ApiOptions): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true })
  const dispatcher = new Agent({ connect: { ca } })
  app.addHook('onClose', () => dispatcher.close())
  const keys = createRemoteJWKSet(new URL(jwksUri), {
    [customFetch]: async (url, { headers, ...options }) =>
      await fetch(url, { ...options, headers: Object.fromEntries(headers), dispatcher }) as unknown as Response
  })

  async function claimsOf (authorization = ''): Promise<JWTPayload | null> {
    const [, token = ''] = /^Bearer (.+)$/.exec(authorization) ?? []
    return await jwtVerify(token, keys, { issuer, audience, algorithms: ['PS256'], typ: 'at+jwt' }).then(({ payload }) => payload, () => null)
  }

  app.post('/api/transactions', async ({ headers }, reply) => {
    const claims = await claimsOf(headers.authorization)
    if (claims === null) return await reply.code(401).send({ error: 'invalid_token' })
    return await reply.code(201).send({ client: claims['client_id'] })
  })
  return app
}
