import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyReplyFromOptions } from '@fastify/reply-from'
import type { CertificateSource } from '../certificate/source.ts'
import { OptionsError, refuse, type Refusal } from '../errors.ts'
import { foldName } from '../field-name.ts'
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
  /** Whether the client's header of this folded name must go, because some upstream gets ours under it. */
  sets (foldedName: string): boolean
  /** Whether any upstream was added. */
  areUsed (): boolean
  forward (request: FastifyRequest, reply: FastifyReply, options: UpstreamOptions, source: CertificateSource, verified: Verified | null): Promise<FastifyReply>
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

    sets: (foldedName) => ours.has(foldedName),

    areUsed: () => prepared.size > 0,

    async forward (request, reply, options, source, verified) {
      const [path = ''] = (request.raw.url ?? '').split('?')
      if (isAmbiguousPath(path)) throw refuse('upstream_path_ambiguous')
      const { target, from } = await (prepared.get(options) as Promise<Upstream>)
      const sourceFields = Object.values(source.fields).map(foldName)
      if (hasBody(request)) request.body = request.raw
      return from.call(reply, target + path, {
        timeout: options.timeout ?? 30_000,
        // The defaults of reply-from try a GET again, up to ten times.
        retryDelay: () => null,
        rewriteRequestHeaders: (_request, headers) =>
          rewriteHeaders(options, headers, (name) => ours.has(name) || sourceFields.includes(name), verified),
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
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || parsed.search !== '' || parsed.hash !== '' || parsed.username !== '' || parsed.password !== '') {
    throw new OptionsError(`${path}: found ${parsed === undefined ? JSON.stringify(url) : 'a URL of another kind'}; allowed: an http or https URL without credentials, query and fragment`)
  }
  return parsed.origin + parsed.pathname.replace(/\/+$/, '')
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
