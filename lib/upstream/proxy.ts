import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { OptionsError, refuse, type Refusal } from '../errors.ts'
import { httpUrl } from '../http-url.ts'
import type { UpstreamOptions } from '../options.ts'
import { discardBody } from './discard.ts'
import { exchange } from './exchange.ts'
import { checkOwnRequest, compileOwnRequest, contentHeaders, withoutContent, type OwnRequest } from './own-request.ts'
import { compilePath, type PathOf } from './path-template.ts'
import { longParameters } from './long-parameter.ts'
import { hasEncodedReserved, hasReserved, isAmbiguousPath } from './path.ts'
import { headerSetters } from './header-value.ts'
import { keys, pools, type Pool } from './pools.ts'
import { namesSetBy, requestHeaders, type Caller, type DroppedNames } from './rewrite.ts'
import { openTunnels } from './tunnel.ts'
import { upgradeOf } from './upgrade.ts'
import { forwardWebSocket } from './websocket.ts'

/** The upstreams of one registration. */
export interface Upstreams {
  /** Takes note of the URL of a route, whatever handles it. */
  declare (pattern: string): void
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
  /** Whether any of them takes WebSockets. */
  haveWebSockets (): boolean
  /**
   * Throws, or fails the reply with, a refusal where the upstream does not answer.
   *
   * @param options - the very object that was added
   * @param goodUntil - milliseconds since the epoch, or Infinity: when a WebSocket is closed
   * @returns a promise where something had to be waited for: rejects as this throws
   */
  forward (request: FastifyRequest, reply: FastifyReply, options: UpstreamOptions, caller: Caller, goodUntil: number): void | Promise<void>
  /** Ends every WebSocket, those that are being opened too: a server waits for them when it closes. */
  endWebSockets (): void
  close (): Promise<void>
}

/** An upstream as one route uses it. */
interface Route {
  readonly target: string
  readonly pathOf: PathOf
  readonly pool: Pool
  readonly retries: number
  readonly headers: (headers: IncomingHttpHeaders, caller: Caller) => IncomingHttpHeaders
  readonly takesWebSockets: boolean
  /** Null where the client's own request goes on. */
  readonly ownRequest: OwnRequest | null
}

/**
 * @param hidden - folded names under which nothing that a client sends goes on: where some route reads a certificate
 * @param fail - answers a request with a refusal
 * @param onTrouble - told of a new file that can't be used
 * @param longestParameter - characters of a parameter that the router takes
 */
export function upstreams (hidden: ReadonlySet<string>, fail: (reply: FastifyReply, refusal: Refusal) => void, onTrouble: (detail: string) => void, longestParameter: number): Upstreams {
  const shared = pools(onTrouble)
  const keyOf = keys()
  const prepared = new Map<string, Promise<Route>>()
  // Of each options object by the URL of the route: those of the plugin stand for many routes.
  const routes = new WeakMap<UpstreamOptions, Map<string, Route | Promise<Route>>>()
  const ours = new Set<string>()
  const dropped: DroppedNames = {
    has: (name) => ours.has(name) || hidden.has(name),
    get size () { return ours.size + hidden.size }
  }
  const tunnels = openTunnels()
  const long = longParameters(longestParameter)
  let haveReserved = false
  let haveWebSockets = false

  return {
    declare (pattern) {
      haveReserved ||= hasReserved(pattern)
      long.add(pattern)
    },

    add (options, pattern, path) {
      haveWebSockets ||= options.websocket === true
      const key = keyOf([options, pattern])
      const known = prepared.get(key) ?? prepare(options, pattern, path)
      prepared.set(key, known)
      const ofOptions = routes.get(options) ?? new Map<string, Route | Promise<Route>>()
      routes.set(options, ofOptions.set(pattern, known))
      known.then((route) => ofOptions.set(pattern, route), () => {}) // `ready` and `forward` see it again.
    },

    async ready () {
      await Promise.all(prepared.values())
    },

    sets: (foldedName) => ours.has(foldedName),

    areUsed: () => prepared.size > 0,

    haveWebSockets: () => haveWebSockets,

    endWebSockets: tunnels.close,

    forward (request, reply, options, caller, goodUntil) {
      const route = routes.get(options)?.get(request.routeOptions.url ?? '')
      if (route === undefined) throw new Error('a request came to an upstream by another route than that which names it')
      return route instanceof Promise ? route.then((route) => send(request, reply, route, caller, goodUntil)) : send(request, reply, route, caller, goodUntil)
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
      headerSetters(options.headers, path, onTrouble),
      request === undefined ? null : compileOwnRequest(request, `${path}.request`, onTrouble)
    ]).then(([pool, setters, ownRequest]) =>
      ({ target: origin + base, pathOf, pool, retries: options.retries ?? 0, headers: requestHeaders(options, setters, dropped), takesWebSockets: options.websocket === true, ownRequest }))
    preparing.catch(() => {}) // `ready` and `forward` see it again.
    return preparing
  }

  function send (request: FastifyRequest, reply: FastifyReply, route: Route, caller: Caller, goodUntil: number): void | Promise<void> {
    const { pool, target, pathOf, retries, headers, ownRequest, takesWebSockets } = route
    const [requested, query] = partsOf(request.raw.url ?? '')
    if (isAmbiguousPath(requested) || (haveReserved && hasEncodedReserved(requested))) throw refuse('upstream_path_ambiguous')
    if (long.areIn(requested)) throw refuse('upstream_path_ambiguous', 'a parameter of another route is too long for the router')
    const path = pathOf(requested)
    if (path === null) throw refuse('upstream_path_ambiguous', 'it is not one of the route')
    const url = target + path
    if (takesWebSockets && upgradeOf(request.raw) !== undefined) {
      return forwardWebSocket(pool, tunnels, request, reply, { url: new URL(url), query }, (ofClient) => headers(ofClient, caller), goodUntil)
    }
    if (ownRequest === null) return exchange(pool, request, reply, { url, retries, headers: (ofClient) => headers(ofClient, caller), replacement: null }, fail)
    const replacement = ownRequest(caller === null || caller === 'public' ? null : caller.accessToken.claims)
    discardBody(request, reply)
    return exchange(pool, request, reply, {
      url, retries, replacement, headers: (ofClient) => ({ ...headers(withoutContent(ofClient), caller), ...contentHeaders(replacement) })
    }, fail)
  }
}

/** Path, and query with its question mark. */
function partsOf (url: string): [path: string, query: string] {
  const end = url.indexOf('?')
  return end === -1 ? [url, ''] : [url.slice(0, end), url.slice(end)]
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
