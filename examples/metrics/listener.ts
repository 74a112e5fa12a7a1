// Metrics are for the operator: they get a listener of their own, on an address that clients do not reach, instead of a public route
// beside theirs.

import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { exposition } from './prometheus.ts'

export function metricsOf (service: FastifyInstance): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true })
  app.get('/metrics', async (_request, reply) => {
    reply.type('text/plain; version=0.0.4; charset=utf-8')
    return exposition(service.boundToken.stats())
  })
  return app
}
