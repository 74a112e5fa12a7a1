import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessToken } from '../types/access-token.ts'
import type { BoundToken } from '../types/bound-token.ts'
import type { FastifyBoundTokenOptions } from '../types/options.ts'
import { logRefusal, setRefusalHeaders } from './answer.ts'
import type { CertificateSource } from './certificate/source.ts'
import { decisions } from './decision.ts'
import { isRefusal, NotJudgedError, type Refusal } from './errors.ts'
import { dropFields } from './field-name.ts'
import { sendFixed } from './fixed-answer.ts'
import { declareRoutes } from './gateway/routes.ts'
import { guard, type Trail } from './guard.ts'
import { jwtOf } from './jwt-of.ts'
import { policies } from './policies.ts'
import type { Policy, PublicRoute } from './policy.ts'
import { answerProbe } from './probe/hook.ts'
import { probeRun } from './probe/run.ts'
import { secretField, sentField } from './probe/wire.ts'
import { compileRegistration } from './registration.ts'
import { claimScope, hiddenFields } from './scope.ts'
import type { Sealed } from './seal.ts'
import { upstreams } from './upstream/proxy.ts'

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
  const registration = await compileRegistration(options, app.server, (level, issuer, detail) => {
    if (issuer === null) app.log[level](detail)
    else app.log[level]({ issuer }, `authorization server: ${detail}`)
  })
  const decided = decisions()
  const hidden = hiddenFields(app)
  // Also in a process that is not probed: another one may be.
  for (const name of [secretField, sentField]) hidden.add(name)
  const proxies = upstreams(hidden, (reply, refusal) => {
    refuseForwarding(reply, refusal)
  }, registration.surroundings.onTrouble)
  const routes = policies(registration, proxies, hidden)
  // Which policy let a request through to `forward`, and with what: another route's handler may have passed it on.
  const judged = new WeakMap<FastifyRequest, { readonly route: Policy | PublicRoute, readonly jwt: Sealed | null }>()
  app.addHook('onClose', async () => {
    await Promise.all([registration.close(), routes.close(), proxies.close()])
  })
  const { upstream } = registration.defaults
  // Nobody closes an application that did not start.
  if (upstream !== undefined) await registration.closeUnless(() => { proxies.add(upstream, '', 'options.upstream') })

  app.decorateRequest('accessToken', null)
  app.decorateRequest('clientCertificate', null)
  app.decorate('boundToken', {
    evict: (selector) => registration.evicting.evict(selector),
    revoke: (selector) => registration.evicting.revoke(selector),
    stats: () => ({ ...registration.stats(), decisions: decided.counts(), revocation: routes.revocationStats() }),
    [kForward]: forwardRequest
  } as Registered)

  // Only checks and compiles: a hook put on each route here would miss the routes that were declared earlier.
  let entry: string | undefined
  app.addHook('onRoute', (route) => { routes.declare(route, route.handler === forward ? 'forward' : 'other', entry) })
  app.addHook('onRequest', registration.probeSecret === null ? enforce : probing(registration.probeSecret))
  app.addHook('onReady', async () => {
    await routes.ready()
    await proxies.ready()
  })

  await registration.closeUnless(() => {
    declareRoutes(app, registration.routes, forward, (path) => { entry = path })
    entry = undefined
  })

  function enforce (request: FastifyRequest, reply: FastifyReply, done: Done): void {
    const trail: Trail = { key: null, record: null, presented: null, isAsked: false, isStale: false }
    let policy: Policy | null = null
    let outcome: AccessToken | Promise<AccessToken>
    try {
      const found = routes.of(request)
      if (found instanceof Promise) return wait(found, request, reply, done)
      if (found.isPublic) return pass(request, found, null, done)
      policy = found
      outcome = guard(policy, request.raw, trail)
    } catch (error) {
      return stop(error, request, reply, policy, trail, done)
    }
    // With a known token there is nothing to wait for.
    if (!trail.isAsked) return allow(outcome as AccessToken, request, policy, trail, done)
    ;(outcome as Promise<AccessToken>).then(
      (accessToken) => allow(accessToken, request, policy as Policy, trail, done),
      (error: unknown) => stop(error, request, reply, policy, trail, done)
    )
  }

  function wait (preparing: Promise<unknown>, request: FastifyRequest, reply: FastifyReply, done: Done): void {
    preparing.then(() => enforce(request, reply, done), (error: unknown) => done(notJudged(error, request, reply)))
  }

  /** The hook of a process that is being probed: without the option there is no trace of it. */
  function probing (secret: string): typeof enforce {
    app.log.warn('the probe is open: whoever knows its secret learns how requests arrive here; take the option `probe` away when you are done')
    const run = probeRun(secret, app.log)
    app.addHook('onClose', async () => { run.close('the server is closed') })
    return answerProbe(run, sourceOf, enforce)
  }

  async function sourceOf (request: FastifyRequest): Promise<CertificateSource> {
    try {
      await routes.of(request)
      const route = await routes.of(request) as Policy | PublicRoute
      return route.isPublic ? registration.certificate : route.certificate
    } catch {
      return registration.certificate // A route whose declaration is wrong refuses everybody.
    }
  }

  function allow (accessToken: AccessToken, request: FastifyRequest, policy: Policy, trail: Trail, done: Done): void {
    decided.allowed(request, trail, policy.isReport)
    if (!policy.isReport) {
      request.accessToken = accessToken
      const { presented } = trail
      if (typeof presented === 'object' && presented !== null) request.clientCertificate = presented.presented.certificate
    }
    pass(request, policy, trail.record?.jwt ?? null, done)
  }

  function stop (error: unknown, request: FastifyRequest, reply: FastifyReply, policy: Policy | null, trail: Trail, done: Done): void {
    if (policy === null || !isRefusal(error)) {
      return done(notJudged(error, request, reply))
    }
    const own = policy.failures?.get(error.reason) ?? null
    logRefusal(request.log, decided.refused(request, trail, error, own?.statusCode ?? error.statusCode, policy.isReport), error)
    if (policy.isReport) return pass(request, policy, null, done)
    dropOurs(request)
    setRefusalHeaders(reply, error, policy.challenges)
    if (own === null) done(error)
    else sendFixed(reply, own)
  }

  function pass (request: FastifyRequest, route: Policy | PublicRoute, jwt: Sealed | null, done: Done): void {
    dropOurs(request)
    if (route.upstream !== null) {
      judged.set(request, { route, jwt })
      request.headers = unread
    }
    done()
  }

  /** What the client sends under a name that some upstream gets from us is dropped, on every route. */
  function dropOurs (request: FastifyRequest): void {
    if (proxies.areUsed()) dropFields(request.raw.headers, proxies.sets)
  }

  async function forwardRequest (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { route, jwt } = judged.get(request) ?? { jwt: null }
    const accessToken = request.accessToken ?? null
    const mayHaveNone = route !== undefined && (route.isPublic || route.isReport)
    if (route === undefined || route.upstream === null || (accessToken === null && !mayHaveNone)) {
      throw notJudged('no policy with an upstream has let this request through', request, reply)
    }
    try {
      const verified = accessToken === null || mayHaveNone
        ? null
        : { accessToken, certificate: request.clientCertificate ?? null, jwt: route.upstream.token === 'jwt' ? jwtOf(request.raw.headers.authorization, jwt) : null }
      return await proxies.forward(request, reply, route.upstream, verified)
    } catch (error) {
      if (!isRefusal(error)) throw notJudged(error, request, reply)
      return refuseForwarding(reply, error)
    }
  }

  function notJudged (err: unknown, request: FastifyRequest, reply: FastifyReply): Error {
    request.log.error({ err }, 'a request could not be judged')
    reply.header('cache-control', 'no-store')
    return new NotJudgedError()
  }

  function refuseForwarding (reply: FastifyReply, refusal: Refusal): FastifyReply {
    reply.log.warn({ reason: refusal.reason }, 'not forwarded')
    const route = judged.get(reply.request)?.route
    const challenges = route === undefined || route.isPublic ? null : route.challenges
    setRefusalHeaders(reply, refusal, challenges)
    const own = route === undefined || route.isPublic ? undefined : route.failures?.get(refusal.reason)
    return own === undefined ? reply.send(refusal) : sendFixed(reply, own)
  }
}

export default fp(boundToken, { name: 'fastify-bound-token', fastify: '5.x' })
