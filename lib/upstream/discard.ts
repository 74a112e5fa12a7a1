import type { Http2ServerRequest } from 'node:http2'
import type { Writable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Bytes. */
const mostDiscarded = 65_536

/**
 * Reads the body of a client and throws it away, so that its connection can be used again. More than a little is not read: then
 * the connection, or in HTTP/2 the stream, ends with the answer (RFC 9112 section 9.3, RFC 9113 section 8.1).
 */
export function discardBody ({ raw }: FastifyRequest, reply: FastifyReply): void {
  let left = mostDiscarded
  const leave = (): void => {
    raw.pause()
    if (raw.httpVersionMajor === 2) {
      const { stream } = raw as unknown as Http2ServerRequest
      whenSent(stream, () => stream.close())
    } else if (reply.raw.headersSent) whenSent(reply.raw, () => raw.destroy())
    else reply.header('connection', 'close')
  }
  raw.on('error', () => {}) // Of a client that leaves: the reply hears of it.
  raw.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) leave()
  })
}

function whenSent (answer: Writable, end: () => void): void {
  if (answer.writableFinished) end()
  else answer.once('finish', end)
}
