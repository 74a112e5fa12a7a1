import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessToken } from '../types/access-token.ts'
import type { BoundToken } from '../types/bound-token.ts'
import type { FastifyBoundTokenOptions } from '../types/options.ts'
import { logRefusal, notJudged, setRefusalHeaders } from './answer.ts'
import type { CertificateSource } from './certificate/source.ts'
import { decisions } from './decision.ts'
import { isRefusal } from './errors.ts'
import { sendFixed } from './fixed-answer.ts'
import { forwarding } from './forwarding.ts'
import { declareRoutes } from './gateway/routes.ts'
import { guard, type Trail } from './guard.ts'
import { readPeerAddresses } from './peer-address.ts'
import { policies } from './policies.ts'
import type { Policy, PublicRoute } from './policy.ts'
import type { Probe } from './probe/hook.ts'
import { secretField, sentField } from './probe/wire.ts'
import { compileRegistration } from './registration.ts'
import { claimScope, hiddenFields } from './scope.ts'
import { keepTickObject } from './tick-object.ts'
import { endAfterAnswer } from './upstream/upgrade.ts'
import { serveWebSockets } from './upstream/websocket-routes.ts'

keepTickObject()

const kForward = Symbol('fastify-bound-token.forward')
type Registered = BoundToken & { [kForward] (request: FastifyRequest, reply: FastifyReply): void }

type Done = (error?: Error) => void

/** Handler of a route whose `config.boundToken.upstream` says where it goes. */
export function forward (request: FastifyRequest, reply: FastifyReply): void {
  (request.server.boundToken as Registered)[kForward](request, reply)
}

const boundToken: FastifyPluginAsync<FastifyBoundTokenOptions> = async function boundToken (app, options) {
  claimScope(app)
  const registration = await compileRegistration(options, app.server, (level, issuer, detail) => {
    if (issuer === null) app.log[level](detail)
    else app.log[level]({ issuer }, `authorization server: ${detail}`)
  })
  readPeerAddresses(app.server)
  const decided = decisions()
  const hidden = hiddenFields(app)
  // Also in a process that is not probed: another one may be.
  for (const name of [secretField, sentField]) hidden.add(name)
  const forwardings = forwarding(hidden, registration.surroundings.onTrouble, longestParameter(app))
  const { proxies } = forwardings
  const routes = policies(registration, proxies, hidden)
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
    [kForward]: forwardings.forward
  } as Registered)

  // Only checks and compiles: a hook put on each route here would miss the routes that were declared earlier.
  let entry: string | undefined
  app.addHook('onRoute', (route) => { routes.declare(route, route.handler === forward ? 'forward' : 'other', entry) })
  app.addHook('onRequest', registration.probe === null ? enforce : probing(registration.probe))
  app.addHook('onReady', async () => {
    await routes.ready()
    await proxies.ready()
  })
  serveWebSockets(app, proxies, (handler) => handler === forward)

  await registration.closeUnless(() => {
    registration.feeds.declare(app)
    declareRoutes(app, registration.routes, forward, (path) => { entry = path })
    entry = undefined
  })

  function enforce (request: FastifyRequest, reply: FastifyReply, done: Done): void {
    const trail: Trail = { key: null, record: null, presented: null, isAsked: false, isStale: false }
    // Some other listener may have routed it.
    if (proxies.haveWebSockets()) endAfterAnswer(request.raw, reply.raw)
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
    if (trail.isAsked) enforceLater(outcome as Promise<AccessToken>, request, reply, policy, trail, done)
    else allow(outcome as AccessToken, request, policy, trail, done)
  }

  function enforceLater (outcome: Promise<AccessToken>, request: FastifyRequest, reply: FastifyReply, policy: Policy, trail: Trail, done: Done): void {
    outcome.then(
      (accessToken) => allow(accessToken, request, policy, trail, done),
      (error: unknown) => stop(error, request, reply, policy, trail, done)
    )
  }

  function wait (preparing: Promise<unknown>, request: FastifyRequest, reply: FastifyReply, done: Done): void {
    preparing.then(() => enforce(request, reply, done), (error: unknown) => done(notJudged(error, request, reply)))
  }

  /** The hook of a process that is being probed: without the option there is no trace of it. */
  function probing (probe: Probe): typeof enforce {
    app.log.warn('the probe is open: whoever knows its secret learns how requests arrive here; take the option `probe` away when you are done')
    const run = probe.run(app.log)
    app.addHook('onClose', async () => { run.close('the server is closed') })
    return probe.answer(run, sourceOf, enforce)
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
    pass(request, policy, policy.isReport ? null : trail, done)
  }

  function stop (error: unknown, request: FastifyRequest, reply: FastifyReply, policy: Policy | null, trail: Trail, done: Done): void {
    if (policy === null || !isRefusal(error)) {
      return done(notJudged(error, request, reply))
    }
    const own = policy.failures?.get(error.reason) ?? null
    logRefusal(request.log, decided.refused(request, trail, error, own?.statusCode ?? error.statusCode, policy.isReport), error)
    if (policy.isReport) return pass(request, policy, null, done)
    forwardings.dropOurs(request)
    setRefusalHeaders(reply, error, policy.challenges)
    if (own === null) done(error)
    else sendFixed(reply, own)
  }

  function pass (request: FastifyRequest, route: Policy | PublicRoute, trail: Trail | null, done: Done): void {
    forwardings.dropOurs(request)
    forwardings.admit(request, route, trail)
    done()
  }
}

/** find-my-way's own limit, where the application has set none. */
function longestParameter ({ initialConfig }: FastifyInstance): number {
  return initialConfig.routerOptions?.maxParamLength ?? initialConfig.maxParamLength ?? 100
}

export default fp(boundToken, { name: 'fastify-bound-token', fastify: '5.x' })
