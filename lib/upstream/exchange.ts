import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyReplyFromHooks } from '@fastify/reply-from'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { refuse, type Refusal } from '../errors.ts'
import type { Places } from '../places.ts'
import type { ReplyFrom } from './reply-from.ts'
import { rewriteResponseHeaders, type Caller } from './rewrite.ts'
import { sendBack, type UpstreamAnswer } from './send-back.ts'
import { isRepeatable, isTimeout, retryPause, type Trouble } from './trouble.ts'

export interface Upstream {
  /** Origin and base path, without a slash at its end. */
  readonly target: string
  /** Milliseconds: for a connection and the headers, all tries together; and for every pause in a body, on either side. */
  readonly timeout: number
  /** How often a request is sent again at the most. */
  readonly retries: number
  readonly connections: Places
  readonly from: ReplyFrom
  readonly requestHeaders: (headers: IncomingHttpHeaders, caller: Caller) => IncomingHttpHeaders
}

/**
 * Sends one request on and its answer back. undici counts time only while a request has a connection, and not while nobody
 * reads its body: the wait for a connection and a client that does not read have their limits here.
 *
 * @param fail - answers with a refusal
 * @returns a promise where no connection was free: rejects as this throws, with a fault of ours
 */
export function exchange (
  { target, timeout, retries, connections, from, requestHeaders }: Upstream,
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  caller: Caller,
  fail: (reply: FastifyReply, refusal: Refusal) => void
): void | Promise<void> {
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
    if (hasBody(request)) {
      request.body = request.raw
      onMove(request.raw, () => { hasMoved = true })
    }
    const mostRetries = retries > 0 && isRepeatable(request) ? retries : 0
    const hooks: FastifyReplyFromHooks = {
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
      rewriteRequestHeaders: (_request, headers) => requestHeaders(headers, caller),
      rewriteHeaders: rewriteResponseHeaders,
      onResponse: (_request, _reply, response) => sendBack(reply, response as unknown as UpstreamAnswer, timeout, fail),
      onError: (_reply, { error }) => fail(reply, refuse(isTimeout(error) ? 'upstream_timeout' : 'upstream_unavailable'))
    }
    try {
      from.call(reply, target + path, hooks)
    } catch (error) {
      clearTimeout(timer)
      leave()
      throw error
    }
  }
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
