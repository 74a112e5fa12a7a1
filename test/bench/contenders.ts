// Who is measured. Every one has the same route and handler, and gets the same kind of request.

import { fork } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastifyJwt from '@fastify/jwt'
import replyFrom from '@fastify/reply-from'
import Fastify, { type FastifyInstance } from 'fastify'
import boundToken, { forward, type CacheOptions, type CertificateOptions, type IssuerOptions, type UpstreamOptions } from 'fastify-bound-token'
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
  /** Origin of a server in a process of its own. */
  readonly upstream: string
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

/** As its README has it, with certificates of upstreams verified; it sends on whatever the client sent. */
async function replyFromAlone ({ upstream }: Material): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(replyFrom, { undici: { connect: { rejectUnauthorized: true } } as never })
  app.get('/accounts', (_request, reply) => { reply.from(`${upstream}/accounts`) })
  return app as unknown as FastifyInstance
}

async function gateway ({ thumbprint, upstream }: Material, options: Partial<UpstreamOptions>): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(boundToken, {
    certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'] },
    issuers: [{ issuer, audience, ...await startIntrospection(thumbprint) }],
    cache: { maxTtl: 7_200_000 }
  })
  app.get('/accounts', { config: { boundToken: { scopes: ['accounts'], upstream: { url: upstream, ...options } } } }, forward)
  return app as unknown as FastifyInstance
}

export const kinds = ['opaque', 'jwt', 'proxied'] as const

export interface Contender {
  readonly name: string
  readonly kind: typeof kinds[number]
  start (material: Material): FastifyInstance | Promise<FastifyInstance>
}

/** The first of each kind is what the others are compared with. */
export const contenders: readonly Contender[] = [
  { name: 'plain Fastify', kind: 'opaque', start: unguarded },
  { name: 'guarded, token known', kind: 'opaque', start: async ({ thumbprint }) => await guarded(await startIntrospection(thumbprint)) },
  {
    name: 'guarded, token known, chain validated',
    kind: 'opaque',
    start: async ({ thumbprint, ca }) => await guarded(await startIntrospection(thumbprint), true, { trust: { ca } })
  },
  ...redisServer === null ? [] : [{ name: 'guarded, token known to Redis', kind: 'opaque', start: async ({ thumbprint }) => await rememberedByRedis(thumbprint) } satisfies Contender],
  {
    name: 'guarded, token asked for each time',
    kind: 'opaque',
    start: async ({ thumbprint }) => await guarded(await startIntrospectionApart(thumbprint), false)
  },
  { name: 'plain Fastify', kind: 'jwt', start: unguarded },
  { name: 'guarded, JWT known', kind: 'jwt', start: async ({ jwks }) => await guarded({ jwt: { jwks: jwks as never } }) },
  { name: 'guarded, JWT verified each time', kind: 'jwt', start: async ({ jwks }) => await guarded({ jwt: { jwks: jwks as never } }, false) },
  { name: '@fastify/jwt with its cache, no binding', kind: 'jwt', start: async (material) => await fastifyJwtAlone(material, 1024) },
  { name: '@fastify/jwt, no binding', kind: 'jwt', start: async (material) => await fastifyJwtAlone(material, false) },
  { name: 'jose by hand, no binding', kind: 'jwt', start: joseByHand },
  { name: 'jose and X509Certificate by hand', kind: 'jwt', start: joseAndX509 },
  { name: 'jose and forge by hand', kind: 'jwt', start: joseAndForge },
  { name: '@fastify/reply-from alone', kind: 'proxied', start: replyFromAlone },
  { name: 'guarded and forwarded, token known', kind: 'proxied', start: (material) => gateway(material, {}) },
  {
    name: 'the same, with headers from claims',
    kind: 'proxied',
    start: (material) => gateway(material, {
      certificate: { header: 'x-client-thumbprint' },
      headers: { 'x-auth-client': { claim: 'client_id' }, 'x-auth-scope': { claim: 'scope' }, 'x-gateway': 'one' }
    })
  }
]
