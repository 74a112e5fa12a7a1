import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyReplyFromHooks } from '@fastify/reply-from'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { refuse, type Refusal } from '../errors.ts'
import { closeWithConnection } from '../lost-answer.ts'
import type { Replacement } from './own-request.ts'
import type { Pool } from './pools.ts'
import { rewriteResponseHeaders } from './rewrite.ts'
import { sendBack, type UpstreamAnswer } from './send-back.ts'
import { isRepeatable, isTimeout, retryPause, type Trouble } from './trouble.ts'

/** A request as it goes on. */
export interface Outgoing {
  /** Origin and path of the upstream, without the query. */
  readonly url: string
  /** How often it is sent again at the most. */
  readonly retries: number
  headers (headers: IncomingHttpHeaders): IncomingHttpHeaders
  /** What goes in the place of the client's request, which has no say in it, and is never sent twice; null for that request itself. */
  readonly replacement: Replacement | null
}

/**
 * Sends one request on and its answer back. undici counts time only while a request has a connection, and not while nobody
 * reads its body: the wait for a connection and a client that does not read have their limits here.
 *
 * @param fail - answers with a refusal
 * @returns a promise where no connection was free: rejects as this throws, with a fault of ours
 */
export function exchange (
  { timeout, connections, from }: Pool,
  request: FastifyRequest,
  reply: FastifyReply,
  { url, retries, headers, replacement }: Outgoing,
  fail: (reply: FastifyReply, refusal: Refusal) => void
): void | Promise<void> {
  // In HTTP/2 each answer has a stream of its own.
  if (request.raw.httpVersionMajor === 1) closeWithConnection(request.raw, reply.raw)
  const startedAt = performance.now()
  let waiting: AbortController | null = null
  let hasMoved = false
  const timer = setTimeout(() => {
    if (hasMoved) {
      hasMoved = false
      timer.refresh()
      return
    }
    waiting?.abort()
    if (!reply.sent) fail(reply, refuse('upstream_timeout', waiting === null ? undefined : 'no connection was free'))
  }, timeout)
  if (connections.takeNow()) return send()
  waiting = new AbortController()
  return connections.take(waiting.signal).then(() => {
    waiting = null
    // Who has left in the meantime costs the upstream nothing.
    if (!reply.raw.destroyed) return send()
    clearTimeout(timer)
    connections.release()
  }, () => {})

  function send (): void {
    let hasPlace = true
    const leave = (): void => {
      if (hasPlace) connections.release()
      hasPlace = false
    }
    if (replacement === null && hasBody(request)) {
      request.body = request.raw
      onMove(request.raw, () => { hasMoved = true })
    }
    const mostRetries = retries > 0 && replacement === null && isRepeatable(request) ? retries : 0
    const hooks: FastifyReplyFromHooks = {
      ...(replacement === null ? undefined : ownMessage(replacement)),
      timeout,
      // The defaults of reply-from try a GET again, up to ten times. This is also the only hook that sees every outcome.
      retryDelay ({ err, res, attempt }) {
        if (err && attempt < mostRetries && !reply.raw.destroyed) {
          const pause = retryPause(err as Trouble, attempt)
          if (pause !== null && performance.now() - startedAt + pause < timeout) return pause
        }
        clearTimeout(timer)
        // The connection is free again when the whole answer has been taken off it, or is given up.
        if (err) leave()
        else (res as unknown as UpstreamAnswer).stream.once('close', leave)
        return null
      },
      rewriteRequestHeaders: (_request, ofClient) => headers(ofClient),
      rewriteHeaders: rewriteResponseHeaders,
      onResponse: (_request, _reply, response) => sendBack(reply, response as unknown as UpstreamAnswer, timeout, fail),
      onError: (_reply, { error }) => fail(reply, refuse(isTimeout(error) ? 'upstream_timeout' : 'upstream_unavailable'))
    }
    try {
      from.call(reply, url, hooks)
    } catch (error) {
      clearTimeout(timer)
      leave()
      throw error
    }
  }
}

/** `headers` has the last word on those that reply-from sets for the body. */
function ownMessage ({ method, form }: Replacement): FastifyReplyFromHooks {
  return { method, queryString: () => '', ...(form === null ? undefined : { body: form, contentType: 'application/x-www-form-urlencoded' }) }
}

/** An upload may take its time: as long as it goes on, nobody waits for the upstream. Listens when it flows, so that it begins no flow itself. */
function onMove (body: IncomingMessage, moved: () => void): void {
  body.once('resume', () => { body.on('data', moved) })
}

/** RFC 9112 section 6: a request has a body when it says how it is framed; in HTTP/2 when its headers do not end it. GET and HEAD go without. */
function hasBody ({ raw }: FastifyRequest): boolean {
  if (raw.method === 'GET' || raw.method === 'HEAD' || raw.method === 'TRACE') return false
  if (raw.httpVersionMajor === 2) return !(raw as unknown as { stream: { endAfterHeaders: boolean } }).stream.endAfterHeaders
  return raw.headers['transfer-encoding'] !== undefined || (raw.headers['content-length'] ?? '0') !== '0'
}
