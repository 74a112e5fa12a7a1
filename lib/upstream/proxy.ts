import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyReplyFromOptions } from '@fastify/reply-from'
import { OptionsError, refuse, type Refusal } from '../errors.ts'
import { foldName } from '../field-name.ts'
import { httpUrl } from '../http-url.ts'
import type { UpstreamOptions } from '../options.ts'
import { resolveCertificateAuthorities } from '../secret.ts'
import { isAmbiguousPath } from './path.ts'
import { loadReplyFrom, type ReplyFrom } from './reply-from.ts'
import { namesSetBy, rewriteHeaders, rewriteResponseHeaders, type Verified } from './rewrite.ts'

/** The upstreams of one registration. */
export interface Upstreams {
  /**
   * Checks an upstream's options and begins to prepare it. One options object is prepared once.
   *
   * @throws OptionsError
   */
  add (options: UpstreamOptions, path: string): void
  /** Resolves when every upstream is prepared; rejects with what hinders one. */
  ready (): Promise<void>
  /** Never sends on what a client sends under these names: they are where some route reads a certificate. */
  hide (names: readonly string[]): void
  /** Whether the client's header of this folded name must go, because some upstream gets ours under it. */
  sets (foldedName: string): boolean
  /** Whether any upstream was added. */
  areUsed (): boolean
  forward (request: FastifyRequest, reply: FastifyReply, options: UpstreamOptions, verified: Verified | null): Promise<FastifyReply>
  close (): Promise<void>
}

interface Upstream {
  readonly target: string
  readonly from: ReplyFrom
}

/** @param fail - answers a request with a refusal */
export function upstreams (fail: (reply: FastifyReply, refusal: Refusal) => void): Upstreams {
  const prepared = new Map<UpstreamOptions, Promise<Upstream>>()
  const ours = new Set<string>()
  const hidden = new Set<string>()

  return {
    add (options, path) {
      if (prepared.has(options)) return
      const target = targetOf(options.url, `${path}.url`)
      for (const name of namesSetBy(options, path)) ours.add(name)
      const preparing = prepare(options, target, path)
      preparing.catch(() => {}) // `ready` and `forward` see it again.
      prepared.set(options, preparing)
    },

    async ready () {
      await Promise.all(prepared.values())
    },

    hide (names) {
      for (const name of names) hidden.add(foldName(name))
    },

    sets: (foldedName) => ours.has(foldedName),

    areUsed: () => prepared.size > 0,

    async forward (request, reply, options, verified) {
      const [path = ''] = (request.raw.url ?? '').split('?')
      if (isAmbiguousPath(path)) throw refuse('upstream_path_ambiguous')
      const { target, from } = await (prepared.get(options) as Promise<Upstream>)
      if (hasBody(request)) request.body = request.raw
      return from.call(reply, target + path, {
        timeout: options.timeout ?? 30_000,
        // The defaults of reply-from try a GET again, up to ten times.
        retryDelay: () => null,
        rewriteRequestHeaders: (_request, headers) =>
          rewriteHeaders(options, headers, (name) => ours.has(name) || hidden.has(name), verified),
        rewriteHeaders: rewriteResponseHeaders,
        onError: (_reply, { error }) => fail(reply, refuse(isTimeout(error) ? 'upstream_timeout' : 'upstream_unavailable'))
      })
    },

    async close () {
      const settled = await Promise.allSettled(prepared.values())
      await Promise.all(settled.map((outcome) => outcome.status === 'fulfilled' ? outcome.value.from.close() : undefined))
    }
  }
}

async function prepare (options: UpstreamOptions, target: string, path: string): Promise<Upstream> {
  const ca = options.tls?.ca === undefined ? undefined : await resolveCertificateAuthorities(options.tls.ca, `${path}.tls.ca`)
  const timeout = options.timeout ?? 30_000
  return {
    target,
    from: await loadReplyFrom({
      disableRequestLogging: true,
      disableCache: true,
      // Else close() would leave its connections open.
      destroyAgent: true,
      undici: {
        headersTimeout: timeout,
        bodyTimeout: timeout,
        // reply-from does not verify certificates unless told to.
        connect: { timeout, rejectUnauthorized: true, ...(ca === undefined ? {} : { ca: [...ca] }) }
      } as NonNullable<FastifyReplyFromOptions['undici']>
    })
  }
}

function targetOf (url: string, path: string): string {
  const allowed = 'an http or https URL without credentials, query and fragment'
  const parsed = httpUrl(url, path, allowed)
  if (parsed.search !== '') throw new OptionsError(`${path}: found ${JSON.stringify(url)}; allowed: ${allowed}`)
  const base = parsed.pathname.replace(/\/+$/, '')
  if (base !== '' && isAmbiguousPath(base)) throw new OptionsError(`${path}: found an ambiguous path; allowed: one without //, ; and encoded separators`)
  return parsed.origin + base
}

/** RFC 9112 section 6: a request has a body when it says how it is framed. GET and HEAD go without. */
function hasBody ({ raw }: FastifyRequest): boolean {
  return raw.method !== 'GET' && raw.method !== 'HEAD' && raw.method !== 'TRACE' &&
    (raw.headers['transfer-encoding'] !== undefined || (raw.headers['content-length'] ?? '0') !== '0')
}

function isTimeout (error: Error & { statusCode?: number, cause?: unknown }): boolean {
  const { code } = (error.cause ?? {}) as { code?: string }
  return error.statusCode === 504 || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT'
}
