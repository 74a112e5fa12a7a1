import type { FastifyRequest, RouteOptions as FastifyRouteOptions } from 'fastify'
import type { RevocationStats } from '../types/bound-token.ts'
import type { CertificateSource } from './certificate/source.ts'
import { foldName } from './field-name.ts'
import { compilePolicy, type Handler, type Policy, type PublicRoute, type Registration } from './policy.ts'
import type { Upstreams } from './upstream/proxy.ts'

/** Milliseconds. */
const tryAgainAfter = 1000

/** A route's policy beside the declaration that it was compiled from: another plugin may put another one in its place. */
interface Compiled<Found> {
  readonly declared: unknown
  policy: Found
}

/** Of a route that is older than the plugin: a promise until all that it needs is loaded. */
interface Late extends Compiled<Policy | PublicRoute | Promise<unknown>> {
  /** After it could not be loaded. */
  again?: () => Promise<unknown>
}

/** The policies of all routes of one registration. */
export interface Policies {
  /**
   * Compiles a route's policy when it is declared.
   *
   * @param path - what to call the declaration in an error; after the route when absent
   * @throws OptionsError
   */
  declare (route: FastifyRouteOptions, handler: Handler, path?: string): void
  /**
   * Compiles all again, since a hook that ran after ours may have changed a declaration in its place; resolves when all are ready.
   *
   * @throws OptionsError
   */
  ready (): Promise<void>
  close (): Promise<void>
  /** Of the plugin's own source and those of the routes. */
  revocationStats (): RevocationStats | null
  /** @returns a promise for one that is older than the plugin, until all that it needs is loaded */
  of (request: FastifyRequest): Policy | PublicRoute | Promise<unknown>
}

/** @param hidden - folded names under which some route reads a certificate; grows with the routes */
export function policies (registration: Registration, proxies: Upstreams, hidden: Set<string>): Policies {
  const kPolicy = Symbol('fastify-bound-token.policy')
  const late = new WeakMap<object, Late>()
  const recompilations: Array<() => void> = []
  const sources = new Set<CertificateSource>()
  hide(registration.certificate)

  return {
    declare (route, handler, path = `route ${nameOf(route)}: config.boundToken`) {
      const declared = route.config?.boundToken
      // Of a route that stands for two URLs, with a slash at its end and without, Fastify changes it in its place.
      const pattern = route.url
      proxies.declare(pattern)
      const compileAgain = (): Policy | PublicRoute => {
        const policy = compile(declared, handler, pattern, path)
        if (!policy.isPublic) add(policy.certificate)
        return policy
      }
      const compiled: Compiled<Policy | PublicRoute> = { declared, policy: compileAgain() }
      route.config = Object.assign({}, route.config, { [kPolicy]: compiled })
      recompilations.push(() => { compiled.policy = compileAgain() })
    },

    async ready () {
      sources.clear() // Nothing was loaded for them so far.
      for (const recompile of recompilations.splice(0)) recompile()
      await Promise.all([...sources].map(async (source) => { await source.ready() }))
    },

    async close () {
      await Promise.all([...sources].map(async (source) => { await source.close() }))
    },

    revocationStats () {
      const all = [registration.certificate, ...sources].flatMap((source) => source.revocationStats() ?? [])
      if (all.length === 0) return null
      const sum = (name: keyof RevocationStats): number => all.reduce((total, each) => total + each[name], 0)
      return { good: sum('good'), revoked: sum('revoked'), undetermined: sum('undetermined') }
    },

    of (request) {
      const { config } = request.routeOptions
      const declared = config.boundToken
      const compiled = (config as { [kPolicy]?: Compiled<Policy | PublicRoute> })[kPolicy]
      if (compiled !== undefined && compiled.declared === declared) return compiled.policy
      // A route older than this plugin, an unknown URL, or a declaration that was replaced after `onRoute`.
      const again = late.get(config)
      if (again !== undefined && again.declared === declared) return again.policy instanceof Promise ? again.again?.() ?? again.policy : again.policy
      const policy = compile(declared, request.is404 ? 'not-found' : 'unseen', '', `route ${config.method} ${config.url}: config.boundToken`)
      const found: Late = { declared, policy }
      late.set(config, found)
      if (policy.isPublic || policy.certificate === registration.certificate) return policy
      add(policy.certificate)
      return prepare(found, policy)
    }
  }

  /** That of the plugin itself is not ours to close, or to count. */
  function add (source: CertificateSource): void {
    if (source !== registration.certificate) sources.add(source)
  }

  /** What hinders may pass, so that a request tries again; but not each one. */
  function prepare (found: Late, policy: Policy): Promise<unknown> {
    const preparing = policy.certificate.ready().then(() => { found.policy = policy })
    found.policy = preparing
    delete found.again
    preparing.catch(() => {
      const failedAt = Date.now()
      found.again = () => Math.abs(Date.now() - failedAt) < tryAgainAfter ? preparing : prepare(found, policy)
    })
    return preparing
  }

  function compile (declared: unknown, handler: Handler, pattern: string, path: string): Policy | PublicRoute {
    const policy = compilePolicy(registration, declared, handler, path)
    if (!policy.isPublic) hide(policy.certificate)
    if (policy.upstream !== null) proxies.add(policy.upstream, pattern, `${path}.upstream`)
    return policy
  }

  function hide ({ fields }: CertificateSource): void {
    for (const name of Object.values(fields)) hidden.add(foldName(name))
  }
}

function nameOf (route: FastifyRouteOptions): string {
  return `${[route.method].flat().join(', ')} ${route.url}`
}
