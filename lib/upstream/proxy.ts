import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { OptionsError, refuse, type Refusal } from '../errors.ts'
import { httpUrl } from '../http-url.ts'
import type { UpstreamOptions } from '../options.ts'
import { discardBody } from './discard.ts'
import { exchange } from './exchange.ts'
import { checkOwnRequest, compileOwnRequest, contentHeaders, withoutContent, type OwnRequest } from './own-request.ts'
import { compilePath, type PathOf } from './path-template.ts'
import { hasEncodedReserved, hasReserved, isAmbiguousPath } from './path.ts'
import { keys, pools, type Pool } from './pools.ts'
import { namesSetBy, rewriteHeaders, type Verified } from './rewrite.ts'

/** The upstreams of one registration. */
export interface Upstreams {
  /**
   * Checks an upstream's options and begins to prepare it. Equal options are prepared once.
   *
   * @param pattern - the route's URL; empty where none is known
   * @throws OptionsError
   */
  add (options: UpstreamOptions, pattern: string, path: string): void
  /** Resolves when every upstream is prepared; rejects with what hinders one. */
  ready (): Promise<void>
  /** Whether the client's header of this folded name must go, because some upstream gets ours under it. */
  sets (foldedName: string): boolean
  /** Whether any upstream was added. */
  areUsed (): boolean
  /**
   * Where a request goes: for whoever speaks to the upstream in a way of its own.
   *
   * @throws refusal where its path is ambiguous
   */
  destination (request: FastifyRequest, options: UpstreamOptions): Promise<Destination>
  /** Throws, or fails the reply with, a refusal where the upstream does not answer. */
  forward (request: FastifyRequest, reply: FastifyReply, options: UpstreamOptions, verified: Verified | null): Promise<FastifyReply>
  close (): Promise<void>
}

export interface Destination {
  readonly pool: Pool
  /** Origin and path, without the query. */
  readonly url: string
}

/** An upstream as one route uses it. */
interface Route {
  readonly target: string
  readonly pathOf: PathOf
  readonly pool: Pool
  /** Null where the client's own request goes on. */
  readonly ownRequest: OwnRequest | null
}

/**
 * @param hidden - folded names under which nothing that a client sends goes on: where some route reads a certificate
 * @param fail - answers a request with a refusal
 * @param onTrouble - told of a new file that can't be used
 */
export function upstreams (hidden: ReadonlySet<string>, fail: (reply: FastifyReply, refusal: Refusal) => void, onTrouble: (detail: string) => void): Upstreams {
  const shared = pools(onTrouble)
  const keyOf = keys()
  const prepared = new Map<string, Promise<Route>>()
  // Of each options object by the URL of the route: those of the plugin stand for many routes.
  const routes = new WeakMap<UpstreamOptions, Map<string, Promise<Route>>>()
  const ours = new Set<string>()
  const isDropped = (foldedName: string): boolean => ours.has(foldedName) || hidden.has(foldedName)
  let haveReserved = false

  return {
    add (options, pattern, path) {
      haveReserved ||= hasReserved(pattern)
      const key = keyOf([options, pattern])
      const known = prepared.get(key) ?? prepare(options, pattern, path)
      prepared.set(key, known)
      routes.set(options, (routes.get(options) ?? new Map<string, Promise<Route>>()).set(pattern, known))
    },

    async ready () {
      await Promise.all(prepared.values())
    },

    sets: (foldedName) => ours.has(foldedName),

    areUsed: () => prepared.size > 0,

    async destination (request, options) {
      const { pool, url } = await routeOf(request, options)
      return { pool, url }
    },

    async forward (request, reply, options, verified) {
      const { pool, url, ownRequest } = await routeOf(request, options)
      if (ownRequest === null) {
        const rewrite = (headers: IncomingHttpHeaders): IncomingHttpHeaders => rewriteHeaders(options, headers, isDropped, verified)
        return await exchange(pool, request, reply, url, rewrite, fail)
      }
      const replacement = ownRequest(verified?.accessToken.claims ?? null)
      const rewrite = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
        ({ ...rewriteHeaders(options, withoutContent(headers), isDropped, verified), ...contentHeaders(replacement) })
      discardBody(request, reply)
      return await exchange(pool, request, reply, url, rewrite, fail, replacement)
    },

    async close () {
      await shared.close()
    }
  }

  function prepare (options: UpstreamOptions, pattern: string, path: string): Promise<Route> {
    const { origin, base } = targetOf(options.url, `${path}.url`)
    checkOwnRequest(options, path)
    const pathOf = pathsOf(options, pattern, path)
    for (const name of namesSetBy(options, path)) ours.add(name)
    const { request } = options
    const preparing = Promise.all([
      shared.of(origin, options, path),
      request === undefined ? null : compileOwnRequest(request, `${path}.request`, onTrouble)
    ]).then(([pool, ownRequest]) => ({ target: origin + base, pathOf, pool, ownRequest }))
    preparing.catch(() => {}) // `ready` and `routeOf` see it again.
    return preparing
  }

  async function routeOf (request: FastifyRequest, options: UpstreamOptions): Promise<Destination & { ownRequest: OwnRequest | null }> {
    const [requested = ''] = (request.raw.url ?? '').split('?')
    if (isAmbiguousPath(requested) || (haveReserved && hasEncodedReserved(requested))) throw refuse('upstream_path_ambiguous')
    const found = await routes.get(options)?.get(request.routeOptions.url ?? '')
    if (found === undefined) throw new Error('a request came to an upstream by another route than that which names it')
    const { target, pathOf, pool, ownRequest } = found
    const path = pathOf(requested)
    if (path === null) throw refuse('upstream_path_ambiguous', 'it is not one of the route')
    return { pool, url: target + path, ownRequest }
  }
}

function pathsOf ({ path: template, request }: UpstreamOptions, pattern: string, path: string): PathOf {
  if (request !== undefined) return () => request.path
  return template === undefined ? (requested) => requested : compilePath(template, pattern, `${path}.path`)
}

function targetOf (url: string, path: string): { origin: string, base: string } {
  const allowed = 'an http or https URL without credentials, query and fragment'
  const parsed = httpUrl(url, path, allowed)
  if (parsed.search !== '') throw new OptionsError(`${path}: found a URL with a query; allowed: ${allowed}`)
  const base = parsed.pathname.replace(/\/+$/, '')
  if (base !== '' && isAmbiguousPath(base)) throw new OptionsError(`${path}: found an ambiguous path; allowed: one without //, ; and encoded separators`)
  return { origin: parsed.origin, base }
}
