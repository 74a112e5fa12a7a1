import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { FastifyReplyFromHooks } from '@fastify/reply-from'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { refuse, type Refusal } from '../errors.ts'
import type { Places } from '../places.ts'
import type { Replacement } from './own-request.ts'
import type { Pool } from './pools.ts'
import { rewriteResponseHeaders } from './rewrite.ts'

/**
 * Sends one request on and its answer back. undici counts time only while a request has a connection, and not while nobody
 * reads its body: the wait for a connection and a client that does not read have their limits here.
 *
 * @param url - origin and path of the upstream, without the query
 * @param replacement - goes in the place of the client's request, which has no say in it; never sent twice
 * @throws a refusal where no connection was free in time
 */
export async function exchange (
  { timeout, connections, from }: Pool,
  request: FastifyRequest,
  reply: FastifyReply,
  url: string,
  rewriteRequestHeaders: (headers: IncomingHttpHeaders) => IncomingHttpHeaders,
  fail: (reply: FastifyReply, refusal: Refusal) => void,
  replacement?: Replacement
): Promise<FastifyReply> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), timeout)
  try {
    await connections.take(deadline.signal)
  } catch {
    throw refuse('upstream_timeout', 'no connection was free')
  }
  const place = holdPlace(connections, reply)
  deadline.signal.addEventListener('abort', () => {
    if (!reply.sent) fail(reply, refuse('upstream_timeout'))
  })

  request.log = withoutErrors(request.log)
  if (replacement === undefined && hasBody(request)) request.body = request.raw
  const hooks: FastifyReplyFromHooks = {
    ...(replacement === undefined ? undefined : ownMessage(replacement)),
    timeout,
    // The defaults of reply-from try a GET again, up to ten times. This is also the only hook that sees every outcome.
    retryDelay () {
      clearTimeout(timer)
      place.upstreamIsDone()
      return null
    },
    rewriteRequestHeaders: (_request, headers) => rewriteRequestHeaders(headers),
    rewriteHeaders: rewriteResponseHeaders,
    onResponse: (_request, _reply, response) => sendBack(reply, (response as unknown as { stream: Readable }).stream, timeout, fail),
    onError: (_reply, { error }) => fail(reply, refuse(isTimeout(error) ? 'upstream_timeout' : 'upstream_unavailable'))
  }
  try {
    return from.call(reply, url, hooks)
  } catch (error) {
    clearTimeout(timer)
    place.upstreamIsDone()
    throw error
  }
}

/** `rewriteRequestHeaders` has the last word on the headers that reply-from sets for the body. */
function ownMessage ({ method, form }: Replacement): FastifyReplyFromHooks {
  return { method, queryString: () => '', ...(form === null ? undefined : { body: form, contentType: 'application/x-www-form-urlencoded' }) }
}

/** A connection is free again when the upstream has answered and the client has got it all, or is gone. */
function holdPlace (connections: Places, reply: FastifyReply): { upstreamIsDone (): void } {
  let isDone = false
  let isClosed = reply.raw.destroyed
  let isReleased = false
  const release = (): void => {
    if (!isDone || !isClosed || isReleased) return
    isReleased = true
    connections.release()
  }
  const close = (): void => {
    isClosed = true
    release()
  }
  reply.raw.once('finish', close).once('close', close)
  return {
    upstreamIsDone () {
      isDone = true
      release()
    }
  }
}

function sendBack (reply: FastifyReply, stream: Readable, timeout: number, fail: (reply: FastifyReply, refusal: Refusal) => void): void {
  // Nobody else listens to a stream that is given up.
  stream.on('error', () => {})
  if (reply.sent || reply.raw.destroyed) {
    stream.destroy()
    return
  }
  reply.raw.once('close', () => stream.destroy())
  reply.raw.setTimeout(timeout, () => reply.raw.destroy())
  try {
    reply.send(stream)
  } catch {
    stream.destroy()
    fail(reply, refuse('upstream_unavailable', 'its answer cannot be sent on'))
  }
}

/** reply-from logs errors of undici, which can hold what was sent or received. Their code says enough. */
function withoutErrors (log: FastifyRequest['log']): FastifyRequest['log'] {
  return Object.create(log, {
    warn: {
      value: (first: unknown, ...rest: unknown[]) => log.warn(first instanceof Error ? { code: (first as NodeJS.ErrnoException).code } : first, ...rest as [string])
    }
  }) as FastifyRequest['log']
}

/** RFC 9112 section 6: a request has a body when it says how it is framed; in HTTP/2 when its headers do not end it. GET and HEAD go without. */
function hasBody ({ raw }: FastifyRequest): boolean {
  if (raw.method === 'GET' || raw.method === 'HEAD' || raw.method === 'TRACE') return false
  if (raw.httpVersionMajor === 2) return !(raw as unknown as { stream: { endAfterHeaders: boolean } }).stream.endAfterHeaders
  return raw.headers['transfer-encoding'] !== undefined || (raw.headers['content-length'] ?? '0') !== '0'
}

function isTimeout (error: Error & { statusCode?: number, cause?: unknown }): boolean {
  const { code } = (error.cause ?? {}) as { code?: string }
  return error.statusCode === 504 || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT'
}
