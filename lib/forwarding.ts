import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerNotJudged, setRefusalHeaders } from './answer.ts'
import { dropFields } from './field-name.ts'
import { isRefusal, type Refusal } from './errors.ts'
import { sendFixed } from './fixed-answer.ts'
import type { Trail } from './guard.ts'
import { jwtOf } from './jwt-of.ts'
import type { Policy, PublicRoute } from './policy.ts'
import type { Sealed } from './seal.ts'
import { leaveBodyUnread } from './unread-body.ts'
import { upstreams, type Upstreams } from './upstream/proxy.ts'
import type { Caller } from './upstream/rewrite.ts'

/** Who let a request through, and with what. */
interface Admission {
  readonly route: Policy | PublicRoute
  readonly jwt: Sealed | null
  /** Milliseconds since the epoch, or Infinity: until when its token is good. */
  readonly goodUntil: number
}

/** What becomes of requests that the guard has let through, as far as they go upstream. */
export interface Forwarding {
  readonly proxies: Upstreams
  /** Remembers who has let a request through. @param trail - null on a public route, and where nobody was let in by a token */
  admit (request: FastifyRequest, route: Policy | PublicRoute, trail: Trail | null): void
  /** What the client sends under a name that some upstream gets from us is dropped, on every route. */
  dropOurs (request: FastifyRequest): void
  /** No promise: Fastify would wait for the end of the answer. */
  forward (request: FastifyRequest, reply: FastifyReply): void
}

/**
 * @param hidden - folded names under which nothing that a client sends goes on
 * @param onTrouble - told of a new file that can't be used
 * @param longestParameter - characters of a parameter that the router takes
 */
export function forwarding (hidden: ReadonlySet<string>, onTrouble: (detail: string) => void, longestParameter: number): Forwarding {
  // Another route's handler may have passed a request on: only who let it through says where it may go.
  const admitted = new WeakMap<FastifyRequest, Admission>()
  const proxies = upstreams(hidden, refuse, onTrouble, longestParameter)

  return {
    proxies,

    admit (request, route, trail) {
      if (route.upstream === null) return
      const record = trail?.record ?? null
      admitted.set(request, { route, jwt: record?.jwt ?? null, goodUntil: (record?.goodUntil ?? Infinity) * 1000 })
      leaveBodyUnread(request)
    },

    dropOurs (request) {
      if (proxies.areUsed()) dropFields(request.raw.headers, proxies.sets)
    },

    forward (request, reply) {
      const admission = admitted.get(request)
      const upstream = admission?.route.upstream ?? null
      const caller = admission === undefined ? undefined : callerOf(request, admission)
      if (admission === undefined || upstream === null || caller === undefined) {
        return answerNotJudged('no policy with an upstream has let this request through', request, reply)
      }
      const failed = (error: unknown): void => {
        if (isRefusal(error)) refuse(reply, error)
        else answerNotJudged(error, request, reply)
      }
      try {
        proxies.forward(request, reply, upstream, caller, admission.goodUntil)?.catch(failed)
      } catch (error) {
        failed(error)
      }
    }
  }

  /** Undefined where there should be a token, and is none. */
  function callerOf (request: FastifyRequest, { route, jwt }: Admission): Caller | undefined {
    if (route.isPublic) return 'public'
    if (route.isReport) return null
    const accessToken = request.accessToken ?? null
    if (accessToken === null) return undefined
    return { accessToken, certificate: request.clientCertificate ?? null, jwt: route.upstream?.token === 'jwt' ? jwtOf(request.raw.headers.authorization, jwt) : null }
  }

  function refuse (reply: FastifyReply, refusal: Refusal): void {
    const route = admitted.get(reply.request)?.route
    const policy = route === undefined || route.isPublic ? null : route
    reply.log.warn({ reason: refusal.reason }, 'not forwarded')
    setRefusalHeaders(reply, refusal, policy?.challenges ?? null)
    if (isHalfRead(reply.request.raw)) reply.header('connection', 'close')
    const own = policy?.failures?.get(refusal.reason)
    if (own === undefined) reply.send(refusal)
    else sendFixed(reply, own)
  }
}

/** Nobody reads the rest of such a body: no other request could come over the connection, and not even its end be seen. */
function isHalfRead ({ httpVersionMajor, complete, readableFlowing }: IncomingMessage): boolean {
  return httpVersionMajor === 1 && !complete && readableFlowing !== null
}
