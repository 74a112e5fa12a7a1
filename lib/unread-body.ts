import type { FastifyRequest } from 'fastify'

const headers = Object.freeze({ 'content-type': undefined, 'content-length': undefined, 'transfer-encoding': undefined })

/** Fastify reads a body by these headers: without them, the body of a request goes upstream as it is, or nowhere. Those of Node stay. */
export function leaveBodyUnread (request: FastifyRequest): void {
  request.headers = headers
}
