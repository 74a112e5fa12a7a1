import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isRefusal, OptionsError } from '../errors.ts'
import type { FeedCounts } from './counters.ts'
import { isSetFault, setFault, type SetFault } from './set-fault.ts'
import type { Transmitter } from './transmitter.ts'

/** All who send security event tokens to one path. */
export interface Webhook {
  readonly path: string
  readonly transmitters: readonly Transmitter[]
}

export interface WebhookTools {
  /** The issuer that a JWS names, before anything of it is believed. */
  issuerOf (set: string): string | null
  readonly counts: FeedCounts
}

const mostBytes = 65_536
/** Security event tokens that may be waited for at a time, as for keys. */
const mostAtOnce = 100
// RFC 8935 section 2.1. The type has no parameters, which keeps nobody from sending some.
const mediaType = /^application\/secevent\+jwt[ \t]*(?:;|$)/i
// RFC 6750 section 2.1
const bearer = /^bearer +([a-z0-9\-._~+/]+=*)$/i

/**
 * The route of a webhook (RFC 8935 section 2). It lives in a scope of its own, which reads bodies in its own way; no access token is
 * asked for, since what is sent proves itself.
 */
export function declareWebhook (app: FastifyInstance, { path, transmitters }: Webhook, { issuerOf, counts }: WebhookTools): void {
  let underWay = 0

  app.register(async (scope) => {
    // The application may have one for this type.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => { done(null, body) })
    scope.setErrorHandler<Error & { statusCode?: number }>((error, request, reply) => {
      // What Fastify itself does not take, such as a body that is too long.
      if (error.statusCode !== undefined && error.statusCode < 500) return refuseSet(setFault('invalid_request', 'the body cannot be read, or is too long'), request, reply)
      return sendBack(error, request, reply)
    })
    declare(scope, async (request, reply) => {
      if (underWay >= mostAtOnce) return sendBack(null, request, reply)
      underWay++
      try {
        await take(request)
        return reply.code(202).header('cache-control', 'no-store').send()
      } catch (error) {
        return isSetFault(error) ? refuseSet(error, request, reply) : sendBack(error, request, reply)
      } finally {
        underWay--
      }
    })
  })

  function declare (scope: FastifyInstance, handler: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>): void {
    try {
      scope.post(path, { config: { boundToken: false }, bodyLimit: mostBytes }, handler)
    } catch (error) {
      throw new OptionsError(`options.revocation.webhook: found the path ${JSON.stringify(path)}; allowed: another one (${(error as Error).message})`)
    }
  }

  async function take ({ headers, body }: FastifyRequest): Promise<void> {
    const shown = bearer.exec(headers.authorization ?? '')?.[1] ?? null
    if (!transmitters.some((each) => each.isAuthorized(shown))) throw setFault('authentication_failed', 'the bearer token is missing, or not the one that was agreed on')
    if (!mediaType.test(headers['content-type'] ?? '') || !Buffer.isBuffer(body)) throw setFault('invalid_request', 'the body is not of the type application/secevent+jwt')
    const set = body.toString('latin1')
    const issuer = issuerOf(set)
    if (issuer === null) throw setFault('invalid_request', 'the body is no signed JWT with `iss`')
    const transmitter = transmitters.find((each) => each.issuer === issuer)
    if (transmitter === undefined) throw setFault('invalid_issuer', '`iss` is none that is known here')
    if (!transmitter.isAuthorized(shown)) throw setFault('access_denied', 'the bearer token is that of another transmitter')
    await transmitter.take(set)
  }

  /** RFC 8935 section 2.3. */
  function refuseSet ({ err, message: description }: SetFault, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    counts.refused++
    request.log.info({ code: err, detail: description }, 'a security event token was refused')
    return reply.code(400).headers({ 'cache-control': 'no-store', 'content-language': 'en' }).send({ err, description })
  }

  /** What is no fault of the token's: it may be sent again. */
  function sendBack (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (isRefusal(error)) request.log.warn({ reason: error.reason, detail: error.detail }, 'a security event token could not be verified')
    else request.log.warn(error === null ? 'too many security event tokens at a time' : 'a security event token could not be passed on to other processes')
    return reply.code(503).headers({ 'cache-control': 'no-store', 'retry-after': '10' }).send()
  }
}
