// The service of the demo: everything that a user of the package would write is in this file.

import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import boundToken, { forward } from 'fastify-bound-token'

export interface ServiceOptions {
  readonly issuer: string
  readonly introspectionEndpoint: string
  readonly clientId: string
  readonly clientSecret: string
  /** The authority of the authorization server's certificate, PEM. */
  readonly ca: string
  readonly upstreamUrl: string
}

export async function createService (options: ServiceOptions): Promise<FastifyInstance> {
  const app = Fastify({ forceCloseConnections: true })

  await app.register(boundToken, {
    certificate: {
      preset: 'nginx',
      // Front and service share a machine, where every process can use the loopback address. The unix socket lies in a
      // directory that only its owner may enter.
      trustedProxies: ['unix'],
      // The clients' certificates are self-signed: the front cannot vouch for them, the thumbprint in the token does.
      verified: false
    },
    issuers: [{
      issuer: options.issuer,
      audience: 'https://api.example.test',
      introspection: {
        endpoint: options.introspectionEndpoint,
        clientAuth: { method: 'client_secret_basic', clientId: options.clientId, clientSecret: options.clientSecret },
        // This server says `Cache-Control: no-store` with every answer; how long we remember one is ours to say.
        cacheControl: 'ignore',
        timeout: 2000
      },
      tls: { ca: options.ca }
    }]
  })

  app.get('/accounts', { config: { boundToken: { scopes: ['accounts'] } } }, async ({ accessToken, clientCertificate }) => ({
    client: accessToken?.clientId,
    certificate: clientCertificate?.thumbprint
  }))

  app.post('/payments', { config: { boundToken: { scopes: ['payments'] } } }, async (_request, reply) => {
    return reply.code(201).send({ accepted: true })
  })

  app.get('/ledger', {
    handler: forward,
    config: {
      boundToken: {
        scopes: ['accounts'],
        upstream: {
          url: options.upstreamUrl,
          headers: { 'x-client-id': { claim: 'client_id' } },
          certificate: { header: 'x-client-thumbprint' }
        }
      }
    }
  })

  app.get('/health', { config: { boundToken: false } }, async () => 'ok')

  return app
}
