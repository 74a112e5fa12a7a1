import type { FastifyPluginAsync, FastifyReply, FastifyRequest, RouteOptions as FastifyRouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessToken } from '../types/access-token.ts'
import type { BoundToken } from '../types/bound-token.ts'
import type { FastifyBoundTokenOptions } from '../types/options.ts'
import { logRefusal, setRefusalHeaders } from './answer.ts'
import { evictionSelector } from './cache/eviction.ts'
import { decisions } from './decision.ts'
import { isRefusal, NotJudgedError, type Refusal } from './errors.ts'
import { dropFields } from './field-name.ts'
import { guard, type Trail } from './guard.ts'
import { compilePolicy, type Policy } from './policy.ts'
import { compileRegistration } from './registration.ts'
import { claimScope } from './scope.ts'
import { upstreams } from './upstream/proxy.ts'

/** A route's policy beside the declaration that it was compiled from: another plugin may put another one in its place. */
interface Compiled {
  readonly declared: unknown
  readonly policy: Policy | null
}

const kForward = Symbol('fastify-bound-token.forward')
type Registered = BoundToken & { [kForward] (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> }

type Done = (error?: Error) => void

/** Headers that would make Fastify read the body of a request that goes upstream as it is. */
const unread = { 'content-type': undefined, 'content-length': undefined, 'transfer-encoding': undefined }

/** Handler of a route whose `config.boundToken.upstream` says where it goes. */
export async function forward (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return (request.server.boundToken as Registered)[kForward](request, reply)
}

const boundToken: FastifyPluginAsync<FastifyBoundTokenOptions> = async function boundToken (app, options) {
  claimScope(app)
  const registration = await compileRegistration(options, app.server)
  const kPolicy = Symbol('fastify-bound-token.policy')
  const late = new WeakMap<object, Compiled>()
  const decided = decisions()
  const proxies = upstreams((reply, refusal) => {
    reply.send(refuseForwarding(reply, refusal))
  })

  proxies.hide(Object.values(registration.certificate.fields))

  app.decorateRequest('accessToken', null)
  app.decorateRequest('clientCertificate', null)
  app.decorate('boundToken', {
    evict: (selector) => registration.tokens.evict(evictionSelector(selector)),
    stats: () => ({ tokens: registration.tokens.stats(), decisions: decided.counts() }),
    [kForward]: forwardRequest
  } as Registered)

  // Only checks and compiles: a hook put on each route here would miss the routes that were declared earlier.
  app.addHook('onRoute', (route) => {
    const declared = route.config?.boundToken
    const policy = compile(declared, route.handler === forward, `route ${nameOf(route)}: config.boundToken`)
    route.config = Object.assign({}, route.config, { [kPolicy]: { declared, policy } satisfies Compiled })
  })
  app.addHook('onRequest', enforce)
  app.addHook('onReady', () => proxies.ready())
  app.addHook('onClose', async () => {
    await Promise.all([registration.tokens.close(), proxies.close()])
  })

  function enforce (request: FastifyRequest, reply: FastifyReply, done: Done): void {
    const trail: Trail = { key: null, record: null, presented: null }
    let policy: Policy | null = null
    let outcome: AccessToken | Promise<AccessToken>
    try {
      policy = policyOf(request)
      if (policy === null) return pass(request, null, done)
      outcome = guard(policy, request.raw, trail)
    } catch (error) {
      return stop(error, request, reply, policy, trail, done)
    }
    // With a known token there is nothing to wait for.
    if (!(outcome instanceof Promise)) return allow(outcome, request, policy, trail, done)
    outcome.then(
      (accessToken) => allow(accessToken, request, policy as Policy, trail, done),
      (error: unknown) => stop(error, request, reply, policy, trail, done)
    )
  }

  function allow (accessToken: AccessToken, request: FastifyRequest, policy: Policy, trail: Trail, done: Done): void {
    decided.allowed(request, trail, policy.isReport)
    if (!policy.isReport) {
      request.accessToken = accessToken
      const { presented } = trail
      if (typeof presented === 'object' && presented !== null) request.clientCertificate = presented.presented.certificate
    }
    pass(request, policy, done)
  }

  function stop (error: unknown, request: FastifyRequest, reply: FastifyReply, policy: Policy | null, trail: Trail, done: Done): void {
    if (policy === null || !isRefusal(error)) {
      request.log.error({ err: error }, 'a request could not be judged')
      return done(new NotJudgedError())
    }
    logRefusal(request.log, decided.refused(request, trail, error, policy.isReport), error)
    if (policy.isReport) return pass(request, policy, done)
    dropOurs(request)
    setRefusalHeaders(reply, error, policy.challenges)
    done(error)
  }

  function pass (request: FastifyRequest, policy: Policy | null, done: Done): void {
    dropOurs(request)
    if (policy !== null && policy.upstream !== null) request.headers = unread
    done()
  }

  /** What the client sends under a name that some upstream gets from us is dropped, on every route. */
  function dropOurs (request: FastifyRequest): void {
    if (proxies.areUsed()) dropFields(request.raw.headers, proxies.sets)
  }

  async function forwardRequest (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const policy = policyOf(request)
    const { accessToken, clientCertificate: certificate } = request
    if (policy === null || policy.upstream === null || (accessToken === null && !policy.isReport)) throw new NotJudgedError()
    try {
      return await proxies.forward(request, reply, policy.upstream, accessToken === null ? null : { accessToken, certificate })
    } catch (error) {
      throw isRefusal(error) ? refuseForwarding(reply, error) : error
    }
  }

  function refuseForwarding (reply: FastifyReply, refusal: Refusal): Refusal {
    reply.log.warn({ reason: refusal.reason }, 'not forwarded')
    setRefusalHeaders(reply, refusal, null)
    return refusal
  }

  function policyOf (request: FastifyRequest): Policy | null {
    const { config, handler } = request.routeOptions
    const declared = config.boundToken
    const compiled = (config as { [kPolicy]?: Compiled })[kPolicy]
    if (compiled !== undefined && compiled.declared === declared) return compiled.policy
    // A route older than this plugin, an unknown URL, or a declaration that changed after `onRoute`.
    const again = late.get(config)
    if (again !== undefined && again.declared === declared) return again.policy
    const policy = compile(declared, handler.name === `bound ${forward.name}`, `route ${config.method} ${config.url}: config.boundToken`)
    late.set(config, { declared, policy })
    return policy
  }

  function compile (declared: unknown, isForwarded: boolean, path: string): Policy | null {
    const policy = compilePolicy(registration, declared, isForwarded, path)
    if (policy !== null) proxies.hide(Object.values(policy.certificate.fields))
    if (policy !== null && policy.upstream !== null) proxies.add(policy.upstream, `${path}.upstream`)
    return policy
  }
}

function nameOf (route: FastifyRouteOptions): string {
  return `${[route.method].flat().join(', ')} ${route.url}`
}

export default fp(boundToken, { name: 'fastify-bound-token', fastify: '5.x' })
