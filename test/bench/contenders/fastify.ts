import Fastify, { type FastifyInstance } from 'fastify'
import type { Contender, Started, Traffic } from '../contender.ts'

/** Handler of every contender that does not forward. */
export const answer = async (): Promise<object> => ({ accounts: [] })

/** A server with the route of all contenders, and the guard that `protect` puts before it. */
export async function fastifyWith (protect: (app: FastifyInstance) => unknown = () => {}): Promise<Started> {
  const app = Fastify() as unknown as FastifyInstance
  await protect(app)
  app.get('/accounts', answer)
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

export function plain (traffic: Traffic, name = 'plain Fastify'): Contender {
  return { name, traffic, isOurs: false, start: async () => await fastifyWith() }
}
