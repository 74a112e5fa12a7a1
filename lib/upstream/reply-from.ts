import type { FastifyInstance, FastifyReply } from 'fastify'
import type { FastifyReplyFromHooks, FastifyReplyFromOptions } from '@fastify/reply-from'
import type { Dispatcher } from 'undici'
import type { Trouble } from './trouble.ts'

/** reply-from's `reply.from`, and the end of its connections. */
export interface ReplyFrom {
  (this: FastifyReply, source: string, hooks: FastifyReplyFromHooks): FastifyReply
  close (): Promise<void>
}

/**
 * Takes `reply.from` out of @fastify/reply-from without registering it. Registered, it could stand in a scope only once: two
 * upstreams could not have two sets of TLS options, and an application that uses reply-from or http-proxy itself would not
 * boot. It asks its host for three things, which a contract test holds it to.
 */
export async function loadReplyFrom (options: FastifyReplyFromOptions): Promise<ReplyFrom> {
  const { default: replyFrom } = await import('@fastify/reply-from')
  let from: ReplyFrom | undefined
  let end = (done: () => void): void => done()
  const host = {
    decorateReply (name: string, value: ReplyFrom) {
      if (name === 'from') from = value
    },
    // Its only hook warns of @fastify/multipart; here a body goes on unread.
    addHook () {},
    onClose (listener: (host: unknown, done: () => void) => void) {
      end = (done) => listener(host, done)
    }
  }
  await new Promise<void>((resolve, reject) => {
    replyFrom(host as unknown as FastifyInstance, options, (error?: Error) => error === undefined ? resolve() : reject(error))
  })
  if (from === undefined) throw new Error('@fastify/reply-from did not decorate the reply')
  return Object.assign(from, { close: () => new Promise<void>((resolve) => end(resolve)) })
}

type Callback = (error: Trouble | null, response?: unknown) => void

/** What reply-from asks of a client of HTTP: undici's, or one that does as it does. */
interface Client {
  request (message: never, done: (error: Error | null, response?: unknown) => void): unknown
  destroy (): unknown
}

/** A client as reply-from takes it. It logs the errors that it gets, and theirs can hold what was sent or received: it gets their code only. */
export function codesOnly (client: Client): NonNullable<FastifyReplyFromOptions['undici']> {
  const request = (message: unknown, done: Callback): unknown => client.request(message as never, (error, response) => {
    if (error === null) done(null, response)
    else done({ code: (error as NodeJS.ErrnoException).code })
  })
  return { request: request as unknown as Dispatcher['request'], destroy: () => client.destroy() } as unknown as NonNullable<FastifyReplyFromOptions['undici']>
}
