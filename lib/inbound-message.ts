import type { Socket } from 'node:net'

/** What the guard sees of a request: nothing of Fastify. `IncomingMessage` and `Http2ServerRequest` both fit. Trailers are never read. */
export interface InboundMessage {
  /** Names and values in turn, as they came: the only place where Node keeps repeated lines apart. */
  readonly rawHeaders: readonly string[]
  readonly socket: Socket
  readonly url?: string | undefined
}
