// Other packages that verify JWTs, as their documentation has it.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastifyJwt from '@fastify/jwt'
import express, { type Express } from 'express'
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer'
import fastifyJwtJwks from 'fastify-jwt-jwks'
import { usualTraffic, type Contender, type Material, type Started } from '../contender.ts'
import { fastifyWith } from './fastify.ts'

function other (name: string, start: (material: Material) => Promise<Started>): Contender {
  return { name, traffic: { ...usualTraffic, tokens: 'signed' }, isOurs: false, against: 'plain Fastify', start }
}

async function startFastifyJwt ({ publicPem, tokens: { issuer, audience } }: Material, cache: false | number): Promise<Started> {
  return await fastifyWith(async (app) => {
    await app.register(fastifyJwt, { secret: { public: publicPem }, verify: { algorithms: ['RS256'], allowedIss: issuer, allowedAud: audience, ...cache !== false && { cache } } } as never)
    app.addHook('onRequest', async (request) => { await (request as unknown as { jwtVerify (): Promise<unknown> }).jwtVerify() })
  })
}

/** Takes a JWK set by plain http, as it is. */
async function startFastifyJwtJwks ({ authorizationServer, tokens: { issuer, audience } }: Material, cache: false | number): Promise<Started> {
  return await fastifyWith(async (app) => {
    await app.register(fastifyJwtJwks as never, { jwksUrl: `${authorizationServer}/jwks`, audience, issuer, ...cache !== false && { cache } } as never)
    app.addHook('preValidation', (app as unknown as { authenticate: never }).authenticate)
  })
}

async function expressWith (protect: (app: Express) => void): Promise<Started> {
  const app = express()
  protect(app)
  app.get('/accounts', (_request, response) => { response.json({ accounts: [] }) })
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** The key is given, so that it needs neither discovery nor a JWK set; its own check of the binding, with the certificate out of the header. */
async function startExpressOauth2 ({ publicPem, tokens: { issuer, audience } }: Material): Promise<Started> {
  return await expressWith((app) => {
    app.use(auth({
      issuer,
      audience,
      publicKey: publicPem,
      tokenSigningAlg: 'RS256',
      getCertificate: (request) => decodeURIComponent(request.headers['x-ssl-cert'] as string),
      mtls: { enabled: true, required: true }
    }), requiredScopes('accounts'))
  })
}

export const packages: readonly Contender[] = [
  other('@fastify/jwt with its cache, no binding', async (material) => await startFastifyJwt(material, 1024)),
  other('@fastify/jwt, no binding', async (material) => await startFastifyJwt(material, false)),
  other('fastify-jwt-jwks with its cache, no binding', async (material) => await startFastifyJwtJwks(material, 1024)),
  other('fastify-jwt-jwks, no binding', async (material) => await startFastifyJwtJwks(material, false)),
  other('plain Express', async () => await expressWith(() => {})),
  other('express-oauth2-jwt-bearer with getCertificate', startExpressOauth2)
]
