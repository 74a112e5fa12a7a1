import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyReplyFromOptions } from '@fastify/reply-from'
import { OptionsError, refuse, type Refusal } from '../errors.ts'
import { httpUrl } from '../http-url.ts'
import type { UpstreamOptions } from '../options.ts'
import { places } from '../places.ts'
import { upstreamConnector } from './connector.ts'
import { exchange, type Upstream } from './exchange.ts'
import { hasEncodedReserved, hasReserved, isAmbiguousPath } from './path.ts'
import { loadReplyFrom } from './reply-from.ts'
import { namesSetBy, rewriteHeaders, type Verified } from './rewrite.ts'
import { openTunnels } from './tunnel.ts'
import { upgradeOf } from './upgrade.ts'
import { forwardWebSocket, type WebSocketUpstream } from './websocket.ts'

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
  /** Whether any of them takes WebSockets. */
  haveWebSockets (): boolean
  /**
   * Throws, or fails the reply with, a refusal where the upstream does not answer.
   *
   * @param goodUntil - milliseconds since the epoch, or Infinity: when a WebSocket is closed
   */
  forward (request: FastifyRequest, reply: FastifyReply, options: UpstreamOptions, verified: Verified | null, goodUntil: number): Promise<FastifyReply>
  /** Ends every WebSocket, those that are being opened too: a server waits for them when it closes. */
  endWebSockets (): void
  close (): Promise<void>
}

type Prepared = Upstream & WebSocketUpstream

/** undici's own number of connections to one origin; more requests wait here, where they can give up. */
const maxConnections = 128
const defaultTimeout = 30_000

/**
 * @param hidden - folded names under which nothing that a client sends goes on: where some route reads a certificate
 * @param fail - answers a request with a refusal
 * @param onTrouble - told of a new file that can't be used
 */
export function upstreams (hidden: ReadonlySet<string>, fail: (reply: FastifyReply, refusal: Refusal) => void, onTrouble: (detail: string) => void): Upstreams {
  const prepared = new Map<string, Promise<Prepared>>()
  const ours = new Set<string>()
  const tunnels = openTunnels()
  let haveReserved = false
  let haveWebSockets = false

  return {
    add (options, pattern, path) {
      haveReserved ||= hasReserved(pattern)
      if (options.websocket === true && options.request !== undefined) throw new OptionsError(`${path}.websocket: found true beside request, which makes another request; allowed: one of them`)
      haveWebSockets ||= options.websocket === true
      const key = JSON.stringify(options)
      if (prepared.has(key)) return
      const target = targetOf(options.url, `${path}.url`)
      for (const name of namesSetBy(options, path)) ours.add(name)
      const preparing = prepare(options, target, path, onTrouble)
      preparing.catch(() => {}) // `ready` and `forward` see it again.
      prepared.set(key, preparing)
    },

    async ready () {
      await Promise.all(prepared.values())
    },

    sets: (foldedName) => ours.has(foldedName),

    areUsed: () => prepared.size > 0,

    haveWebSockets: () => haveWebSockets,

    endWebSockets: tunnels.close,

    async forward (request, reply, options, verified, goodUntil) {
      const [path = '', ...query] = (request.raw.url ?? '').split('?')
      if (isAmbiguousPath(path) || (haveReserved && hasEncodedReserved(path))) throw refuse('upstream_path_ambiguous')
      const upstream = await (prepared.get(JSON.stringify(options)) as Promise<Prepared>)
      const rewrite = (headers: FastifyRequest['headers']): FastifyRequest['headers'] =>
        rewriteHeaders(options, headers, (name) => ours.has(name) || hidden.has(name), verified)
      if (options.websocket === true && upgradeOf(request.raw) !== undefined) {
        const destination = { url: new URL(upstream.target + path), query: ['', ...query].join('?') }
        return await forwardWebSocket(upstream, tunnels, request, reply, destination, rewrite, goodUntil)
      }
      return await exchange(upstream, request, reply, path, rewrite, fail)
    },

    async close () {
      const settled = await Promise.allSettled(prepared.values())
      await Promise.all(settled.map((outcome) => outcome.status === 'fulfilled' ? outcome.value.from.close() : undefined))
    }
  }
}

async function prepare (options: UpstreamOptions, target: string, path: string, onTrouble: (detail: string) => void): Promise<Prepared> {
  const timeout = options.timeout ?? defaultTimeout
  return {
    target,
    timeout,
    connections: places(maxConnections),
    // A WebSocket needs HTTP/1.1, whatever the others speak.
    connect: await upstreamConnector({ ...options, http2: false }, timeout, path, onTrouble),
    from: await loadReplyFrom({
      disableRequestLogging: true,
      disableCache: true,
      // Else close() would leave its connections open.
      destroyAgent: true,
      undici: {
        connections: maxConnections,
        headersTimeout: timeout,
        bodyTimeout: timeout,
        connect: await upstreamConnector(options, timeout, path, onTrouble)
      } as NonNullable<FastifyReplyFromOptions['undici']>
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
