import Fastify, { type FastifyInstance } from 'fastify'

/** An application from before access tokens: it knows one user, by name and password. */
export function createLoginApp (username: string, password: string): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => done(null, new URLSearchParams(body as string)))
  app.post<{ Body: URLSearchParams }>('/login', async ({ body }, reply) => {
    if (body.get('username') === username && body.get('password') === password) return `welcome, ${username}`
    return await reply.code(403).send('who are you?')
  })
  return app
}
