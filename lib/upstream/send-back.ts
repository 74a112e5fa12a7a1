import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { refuse, type Refusal } from '../errors.ts'
import { isTimeout } from './trouble.ts'

/** An answer of an upstream, as reply-from hands it on: status and headers stand in the reply already. */
export interface UpstreamAnswer {
  readonly headers: IncomingHttpHeaders
  readonly stream: Readable
}

/** Octets of a body that may be sent as a whole. */
const largestWhole = 65_536

/**
 * Sends the body of an answer to the client.
 *
 * @param timeout - milliseconds that the client may take to read on
 * @param fail - answers with a refusal
 */
export function sendBack (reply: FastifyReply, { headers, stream }: UpstreamAnswer, timeout: number, fail: (reply: FastifyReply, refusal: Refusal) => void): void {
  // Fastify sends no headers before there is something to read, and until then this answer can become another one.
  let isBegun = false
  stream.on('error', (error) => {
    if (isBegun || reply.sent || reply.raw.destroyed) return
    failInstead(refuse(isTimeout(error) ? 'upstream_timeout' : 'upstream_unavailable', 'its answer broke off'))
  })
  if (reply.sent || reply.raw.destroyed) {
    stream.destroy()
    return
  }
  reply.raw.once('close', () => stream.destroy())
  stream.once('readable', () => {
    isBegun = true
    if (reply.sent || reply.raw.destroyed) return
    const whole = wholeBody(headers, stream)
    if (whole === null) reply.raw.setTimeout(timeout, () => reply.raw.destroy())
    try {
      reply.send(whole ?? stream)
    } catch {
      stream.destroy()
      failInstead(refuse('upstream_unavailable', 'its answer cannot be sent on'))
    }
  })

  function failInstead (refusal: Refusal): void {
    for (const name of Object.keys(headers)) reply.removeHeader(name)
    fail(reply, refusal)
  }
}

/** A body that is there already: it costs far less to send than a stream. Null where there may be more to come. */
function wholeBody (headers: IncomingHttpHeaders, stream: Readable): Buffer | null {
  const length = stream.readableLength
  // Fastify gives a buffer without a type one that the upstream did not give.
  if (length === 0 || length > largestWhole || Number(headers['content-length']) !== length || headers['content-type'] === undefined) return null
  return stream.read() as Buffer
}
