// Who is measured. Every one has the same route and handler, and gets the same kind of request.

import { fork } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastifyJwt from '@fastify/jwt'
import Fastify, { type FastifyInstance } from 'fastify'
import boundToken, { type CacheOptions, type CertificateOptions, type IssuerOptions } from 'fastify-bound-token'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import forge from 'node-forge'
import { redisServer, startRedis } from '../e2e/redis-server.ts'

/** What the processes of one run have in common. */
export interface Material {
  readonly thumbprint: string
  readonly publicPem: string
  readonly jwks: JSONWebKeySet
  /** PEM of who has issued the certificate of the client. */
  readonly ca: string
}

export const issuer = 'https://login.example.com'
export const audience = 'https://api.example.com'

const answer = async (): Promise<object> => ({ accounts: [] })

/** The guard, with this issuer and all tokens known after the warm-up; `cache: false` resolves each one anew. */
async function guarded (options: Partial<IssuerOptions>, isCached = true, certificate: Partial<CertificateOptions> = {}, cache: CacheOptions = {}): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(boundToken, {
    certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'], ...certificate },
    issuers: [{ issuer, audience, ...options }],
    cache: { maxTtl: 7_200_000, ...cache }
  })
  app.get('/accounts', { config: { boundToken: { scopes: ['accounts'], ...isCached ? {} : { cache: false } } } }, answer)
  return app as unknown as FastifyInstance
}

/** The real thing is not needed here: after the warm-up nobody asks it. */
async function startIntrospection (thumbprint: string): Promise<Partial<IssuerOptions>> {
  const exp = Math.floor(Date.now() / 1000) + 7200
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ active: true, scope: 'accounts', client_id: 'bench', aud: audience, exp, cnf: { 'x5t#S256': thumbprint } }))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return { allowInsecureLoopback: true, introspection: { endpoint, clientAuth: { method: 'client_secret_basic', clientId: 'bench', clientSecret: 'bench' } } }
}

/** One that is asked on every request, and so in a process of its own, which is not measured. */
async function startIntrospectionApart (thumbprint: string): Promise<Partial<IssuerOptions>> {
  const server = fork(new URL('introspection.js', import.meta.url), [thumbprint, audience], { execArgv: [] })
  const [endpoint] = await once(server, 'message') as [string]
  return { allowInsecureLoopback: true, introspection: { endpoint, clientAuth: { method: 'client_secret_basic', clientId: 'bench', clientSecret: 'bench' } } }
}

/** There is room for one token in the process, and for all in Redis. */
async function rememberedByRedis (thumbprint: string): Promise<FastifyInstance> {
  const { url } = await startRedis()
  const store = { redis: { url }, timeout: 5000 }
  return await guarded(await startIntrospectionApart(thumbprint), true, {}, { maxEntries: 1, secret: 'a-secret-for-the-bench-0123456789', store })
}

function unguarded (): FastifyInstance {
  const app = Fastify()
  app.get('/accounts', answer)
  return app
}

/** jose on every request, as its documentation has it; nothing is bound. */
function joseByHand ({ jwks }: Material): FastifyInstance {
  const keys = createLocalJWKSet(jwks)
  const app = Fastify()
  app.addHook('onRequest', async ({ headers }) => {
    await jwtVerify(headers.authorization?.slice('Bearer '.length) ?? '', keys, { issuer, audience, typ: 'at+jwt' })
  })
  app.get('/accounts', answer)
  return app
}

/** How it is usually written by hand: jose for the token, forge for the certificate, both on every request. */
function joseAndForge ({ jwks }: Material): FastifyInstance {
  const keys = createLocalJWKSet(jwks)
  const app = Fastify()
  app.addHook('onRequest', async ({ headers }) => {
    const { payload } = await jwtVerify(headers.authorization?.slice('Bearer '.length) ?? '', keys, { issuer, audience, typ: 'at+jwt' })
    const certificate = forge.pki.certificateFromPem(decodeURIComponent(headers['x-ssl-cert'] as string))
    const der = forge.asn1.toDer(forge.pki.certificateToAsn1(certificate)).getBytes()
    const thumbprint = createHash('sha256').update(der, 'binary').digest('base64url')
    if ((payload['cnf'] as Record<string, unknown> | undefined)?.['x5t#S256'] !== thumbprint) throw new Error('not bound')
  })
  app.get('/accounts', answer)
  return app
}

/** The same with what Node brings. */
function joseAndX509 ({ jwks }: Material): FastifyInstance {
  const keys = createLocalJWKSet(jwks)
  const app = Fastify()
  app.addHook('onRequest', async ({ headers }) => {
    const { payload } = await jwtVerify(headers.authorization?.slice('Bearer '.length) ?? '', keys, { issuer, audience, typ: 'at+jwt' })
    const { raw } = new X509Certificate(decodeURIComponent(headers['x-ssl-cert'] as string))
    const thumbprint = createHash('sha256').update(raw).digest('base64url')
    if ((payload['cnf'] as Record<string, unknown> | undefined)?.['x5t#S256'] !== thumbprint) throw new Error('not bound')
  })
  app.get('/accounts', answer)
  return app
}

async function fastifyJwtAlone ({ publicPem }: Material, cache: false | number): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(fastifyJwt, { secret: { public: publicPem }, verify: { algorithms: ['RS256'], allowedIss: issuer, allowedAud: audience, ...cache !== false && { cache } } } as never)
  app.addHook('onRequest', async (request) => { await (request as unknown as { jwtVerify (): Promise<unknown> }).jwtVerify() })
  app.get('/accounts', answer)
  return app as unknown as FastifyInstance
}

export interface Contender {
  readonly name: string
  readonly token: 'opaque' | 'jwt'
  start (material: Material): FastifyInstance | Promise<FastifyInstance>
}

/** The first of each kind of token is what the others are compared with. */
export const contenders: readonly Contender[] = [
  { name: 'plain Fastify', token: 'opaque', start: unguarded },
  { name: 'guarded, token known', token: 'opaque', start: async ({ thumbprint }) => await guarded(await startIntrospection(thumbprint)) },
  {
    name: 'guarded, token known, chain validated',
    token: 'opaque',
    start: async ({ thumbprint, ca }) => await guarded(await startIntrospection(thumbprint), true, { trust: { ca } })
  },
  ...redisServer === null ? [] : [{ name: 'guarded, token known to Redis', token: 'opaque', start: async ({ thumbprint }) => await rememberedByRedis(thumbprint) } satisfies Contender],
  {
    name: 'guarded, token asked for each time',
    token: 'opaque',
    start: async ({ thumbprint }) => await guarded(await startIntrospectionApart(thumbprint), false)
  },
  { name: 'plain Fastify', token: 'jwt', start: unguarded },
  { name: 'guarded, JWT known', token: 'jwt', start: async ({ jwks }) => await guarded({ jwt: { jwks: jwks as never } }) },
  { name: 'guarded, JWT verified each time', token: 'jwt', start: async ({ jwks }) => await guarded({ jwt: { jwks: jwks as never } }, false) },
  { name: '@fastify/jwt with its cache, no binding', token: 'jwt', start: async (material) => await fastifyJwtAlone(material, 1024) },
  { name: '@fastify/jwt, no binding', token: 'jwt', start: async (material) => await fastifyJwtAlone(material, false) },
  { name: 'jose by hand, no binding', token: 'jwt', start: joseByHand },
  { name: 'jose and X509Certificate by hand', token: 'jwt', start: joseAndX509 },
  { name: 'jose and forge by hand', token: 'jwt', start: joseAndForge }
]
