import type { FastifyReply, FastifyRequest } from 'fastify'
import { OptionsError, refuse, type Refusal } from '../errors.ts'
import { httpUrl } from '../http-url.ts'
import type { UpstreamOptions } from '../options.ts'
import { places } from '../places.ts'
import { upstreamConnector } from './connector.ts'
import { exchange, type Upstream } from './exchange.ts'
import { headerSetters } from './header-value.ts'
import { hasEncodedReserved, hasReserved, isAmbiguousPath } from './path.ts'
import { undiciConnections, loadReplyFrom } from './reply-from.ts'
import { namesSetBy, requestHeaders, type Caller, type DroppedNames } from './rewrite.ts'

/** The upstreams of one registration. */
export interface Upstreams {
  /**
   * Checks an upstream's options and begins to prepare it. Equal options are prepared once.
   *
   * @param pattern - the route's URL
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
   * Throws, or fails the reply with, a refusal where the upstream does not answer.
   *
   * @param options - the very object that was added
   * @returns a promise where something had to be waited for: rejects as this throws
   */
  forward (request: FastifyRequest, reply: FastifyReply, options: UpstreamOptions, caller: Caller): void | Promise<void>
  close (): Promise<void>
}

/** More requests wait here, where they can give up, and not in undici. */
const defaultConnections = 128
const defaultTimeout = 30_000

/**
 * @param hidden - folded names under which nothing that a client sends goes on: where some route reads a certificate
 * @param fail - answers a request with a refusal
 * @param onTrouble - told of a new file that can't be used
 */
export function upstreams (hidden: ReadonlySet<string>, fail: (reply: FastifyReply, refusal: Refusal) => void, onTrouble: (detail: string) => void): Upstreams {
  const prepared = new Map<string, Promise<Upstream>>()
  const found = new Map<UpstreamOptions, Upstream | Promise<Upstream>>()
  const ours = new Set<string>()
  const dropped: DroppedNames = {
    has: (name) => ours.has(name) || hidden.has(name),
    get size () { return ours.size + hidden.size }
  }
  let haveReserved = false

  function find (options: UpstreamOptions, preparing: Promise<Upstream>): void {
    found.set(options, preparing)
    preparing.then((upstream) => found.set(options, upstream), () => {}) // `ready` and `forward` see it again.
  }

  return {
    add (options, pattern, path) {
      haveReserved ||= hasReserved(pattern)
      const key = JSON.stringify(options)
      const known = prepared.get(key)
      if (known !== undefined) return find(options, known)
      const target = targetOf(options.url, `${path}.url`)
      for (const name of namesSetBy(options, path)) ours.add(name)
      const preparing = prepare(options, target, dropped, path, onTrouble)
      find(options, preparing)
      prepared.set(key, preparing)
    },

    async ready () {
      await Promise.all(prepared.values())
    },

    sets: (foldedName) => ours.has(foldedName),

    areUsed: () => prepared.size > 0,

    forward (request, reply, options, caller) {
      const url = request.raw.url ?? ''
      const end = url.indexOf('?')
      const path = end === -1 ? url : url.slice(0, end)
      if (isAmbiguousPath(path) || (haveReserved && hasEncodedReserved(path))) throw refuse('upstream_path_ambiguous')
      const upstream = found.get(options) as Upstream | Promise<Upstream>
      return upstream instanceof Promise
        ? upstream.then((upstream) => exchange(upstream, request, reply, path, caller, fail))
        : exchange(upstream, request, reply, path, caller, fail)
    },

    async close () {
      const settled = await Promise.allSettled(prepared.values())
      await Promise.all(settled.map((outcome) => outcome.status === 'fulfilled' ? outcome.value.from.close() : undefined))
    }
  }
}

async function prepare (options: UpstreamOptions, target: string, dropped: DroppedNames, path: string, onTrouble: (detail: string) => void): Promise<Upstream> {
  const { timeout = defaultTimeout, connections = defaultConnections, retries = 0 } = options
  return {
    target,
    timeout,
    retries,
    connections: places(connections),
    requestHeaders: requestHeaders(options, await headerSetters(options.headers, path, onTrouble), dropped),
    from: await loadReplyFrom({
      disableRequestLogging: true,
      // Else close() would leave its connections open.
      destroyAgent: true,
      undici: undiciConnections({
        connections,
        headersTimeout: timeout,
        bodyTimeout: timeout,
        connect: await upstreamConnector(options, timeout, path, onTrouble)
      })
    })
  }
}

function targetOf (url: string, path: string): string {
  const allowed = 'an http or https URL without credentials, query and fragment'
  const parsed = httpUrl(url, path, allowed)
  if (parsed.search !== '') throw new OptionsError(`${path}: found a URL with a query; allowed: ${allowed}`)
  const base = parsed.pathname.replace(/\/+$/, '')
  if (base !== '' && isAmbiguousPath(base)) throw new OptionsError(`${path}: found an ambiguous path; allowed: one without //, ; and encoded separators`)
  return parsed.origin + base
}
