import type { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { refuse, type Refusal } from '../errors.ts'
import { isTimeout } from './trouble.ts'

/** Octets of a body that may be sent as a whole. */
const largestWhole = 65_536

/**
 * Sends the body of an answer to the client, whose headers are in place.
 *
 * @param timeout - milliseconds that the client may take to read on
 */
export function sendBack (reply: FastifyReply, stream: Readable, timeout: number, fail: (reply: FastifyReply, refusal: Refusal) => void): void {
  // Fastify sends no headers before there is something to read, and until then this answer can become another one.
  let isBegun = false
  stream.on('error', (error) => {
    if (isBegun || reply.sent || reply.raw.destroyed) return
    fail(reply, refuse(isTimeout(error) ? 'upstream_timeout' : 'upstream_unavailable', 'its answer broke off'))
  })
  if (reply.sent || reply.raw.destroyed) {
    stream.destroy()
    return
  }
  reply.raw.once('close', () => stream.destroy())
  stream.once('readable', () => {
    isBegun = true
    if (reply.sent || reply.raw.destroyed) return
    const whole = wholeBody(reply, stream)
    if (whole === null) reply.raw.setTimeout(timeout, () => reply.raw.destroy())
    try {
      reply.send(whole ?? stream)
    } catch {
      stream.destroy()
      fail(reply, refuse('upstream_unavailable', 'its answer cannot be sent on'))
    }
  })
}

/** A body that is there already: it costs far less to send than a stream. Null where there may be more to come. */
function wholeBody (reply: FastifyReply, stream: Readable): Buffer | null {
  const length = stream.readableLength
  // Fastify gives a buffer without a type one that the upstream did not give.
  if (length === 0 || length > largestWhole || Number(reply.getHeader('content-length')) !== length || !reply.hasHeader('content-type')) return null
  return stream.read() as Buffer
}
