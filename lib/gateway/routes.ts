import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { OptionsError } from '../errors.ts'
import { fixedAnswer, sendFixed } from '../fixed-answer.ts'
import { methods, type GatewayRoute, type RespondOptions } from '../options.ts'
import { leaveBodyUnread } from '../unread-body.ts'

type Handler = (request: FastifyRequest, reply: FastifyReply) => void

/**
 * Declares the routes of a gateway, each with its policy as `config.boundToken`.
 *
 * @param forward - handler of those with an upstream
 * @param declaring - told before each which entry it is, for errors
 * @throws OptionsError
 */
export function declareRoutes (app: FastifyInstance, routes: readonly GatewayRoute[], forward: Handler, declaring: (path: string) => void): void {
  routes.forEach(({ method = methods, url, respond, ...policy }, index) => {
    const path = `options.routes[${index}]`
    if (respond !== undefined && policy.upstream !== undefined) throw new OptionsError(`${path}: found respond beside upstream; allowed: one of them`)
    const handling = respond === undefined ? { handler: forward } : answering(respond, `${path}.respond`)
    for (const each of [url].flat()) {
      declaring(path)
      try {
        app.route({ method: [method].flat(), url: each, config: { boundToken: policy }, ...handling })
      } catch (error) {
        if ((error as { code?: string }).code === 'FST_ERR_DUPLICATED_ROUTE') throw new OptionsError(`${path}: found ${JSON.stringify(each)} a second time for one of its methods; allowed: once`)
        throw error instanceof OptionsError ? error : new OptionsError(`${path}: ${(error as Error).message}`)
      }
    }
  })
}

/** A constant answer, whatever the body of the request is. */
function answering (respond: RespondOptions, path: string): { handler: Handler, onRequest: (request: FastifyRequest, reply: FastifyReply, done: () => void) => void } {
  const answer = fixedAnswer({ statusCode: 200, ...respond }, new Set(), path)
  return {
    onRequest (request, _reply, done) {
      leaveBodyUnread(request)
      done()
    },
    handler (_request, reply) { sendFixed(reply, answer) }
  }
}
