import replyFrom from '@fastify/reply-from'
import Fastify, { type FastifyInstance } from 'fastify'
import type { UpstreamOptions } from 'fastify-bound-token'
import { usualTraffic, type Contender, type Material, type Started } from '../contender.ts'
import { boundToken, forward } from '../package-under-test.ts'
import { issuerOptions } from './guarded.ts'

const alone = '@fastify/reply-from alone'

/** As its README has it, with certificates of upstreams verified; it sends on whatever the client sent. */
async function startReplyFrom ({ upstream }: Material): Promise<Started> {
  const app = Fastify()
  await app.register(replyFrom, { undici: { connect: { rejectUnauthorized: true } } as never })
  app.get('/accounts', (_request, reply) => { reply.from(`${upstream}/accounts`) })
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

async function startGateway (material: Material, options: Partial<UpstreamOptions>): Promise<Started> {
  const app = Fastify() as unknown as FastifyInstance
  await app.register(boundToken, {
    certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'] },
    issuers: [issuerOptions(material, 'introspection')],
    cache: { maxTtl: 7_200_000 }
  })
  app.get('/accounts', { config: { boundToken: { scopes: ['accounts'], upstream: { url: material.upstream, ...options } } } }, forward)
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

function gateway (name: string, options: Partial<UpstreamOptions>): Contender {
  return { name, traffic: usualTraffic, isOurs: true, against: alone, start: async (material) => await startGateway(material, options) }
}

export const proxied: readonly Contender[] = [
  { name: alone, traffic: usualTraffic, isOurs: false, start: startReplyFrom },
  gateway('guarded and forwarded, token known', {}),
  gateway('the same, with headers from claims', {
    certificate: { header: 'x-client-thumbprint' },
    headers: { 'x-auth-client': { claim: 'client_id' }, 'x-auth-scope': { claim: 'scope' }, 'x-gateway': 'one' }
  })
]
