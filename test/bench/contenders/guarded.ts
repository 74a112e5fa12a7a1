// The plugin, in its ways.

import Fastify, { type FastifyInstance } from 'fastify'
import type { CacheOptions, CertificateOptions, IssuerOptions, BoundTokenRouteOptions } from 'fastify-bound-token'
import { usualTraffic, type Contender, type Material, type Started } from '../contender.ts'
import { boundToken } from '../package-under-test.ts'
import { answer } from './fastify.ts'

export interface Guarded {
  readonly issuer?: 'introspection' | 'signed' | 'hs256'
  readonly certificate?: Partial<CertificateOptions> | ((material: Material) => Partial<CertificateOptions>)
  readonly cache?: CacheOptions | ((material: Material) => CacheOptions)
  readonly route?: BoundTokenRouteOptions
}

/** One of the plugin, compared with plain Fastify unless it says otherwise. */
export function guarded (name: string, ways: Guarded = {}, more: Partial<Contender> = {}): Contender {
  return { name, traffic: usualTraffic, isOurs: true, against: 'plain Fastify', ...more, start: async (material) => await startGuarded(material, ways) }
}

export async function startGuarded (material: Material, { issuer = 'introspection', certificate = {}, cache = {}, route = {} }: Guarded): Promise<Started> {
  const app = Fastify() as unknown as FastifyInstance
  await app.register(boundToken, {
    certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'], ...typeof certificate === 'function' ? certificate(material) : certificate },
    issuers: [issuerOptions(material, issuer)],
    cache: { maxTtl: 7_200_000, ...typeof cache === 'function' ? cache(material) : cache }
  })
  app.get('/accounts', { config: { boundToken: { scopes: ['accounts'], ...route } } }, answer)
  app.get('/claims', { config: { boundToken: { scopes: ['accounts'], ...route } } }, async (request) => ({ accounts: Object.keys(request.accessToken?.claims ?? {}).length }))
  return {
    url: await app.listen({ host: '127.0.0.1', port: 0 }),
    evictNobody: async () => await app.boundToken.evict({ subject: 'nobody' })
  }
}

export function issuerOptions ({ tokens: { issuer, audience, secret }, jwks, authorizationServer }: Material, way: 'introspection' | 'signed' | 'hs256'): IssuerOptions {
  switch (way) {
    case 'introspection':
      return {
        issuer,
        audience,
        allowInsecureLoopback: true,
        introspection: { endpoint: `${authorizationServer}/introspect`, clientAuth: { method: 'client_secret_basic', clientId: 'bench', clientSecret: 'bench' } }
      }
    case 'signed':
      return { issuer, audience, jwt: { jwks: jwks as never } }
    case 'hs256':
      return { issuer, audience, jwt: { keys: [{ jwk: { kty: 'oct', k: secret, alg: 'HS256', kid: 'shared' } }], algorithms: ['HS256'] } }
  }
}
