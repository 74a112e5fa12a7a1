import type { FastifyInstance, FastifyReply } from 'fastify'
import type { FastifyReplyFromHooks, FastifyReplyFromOptions } from '@fastify/reply-from'
import { Agent, type Dispatcher } from 'undici'
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

/** undici's connections, as reply-from takes them. It logs the errors that it gets, and undici's can hold what was sent or received: it gets their code only. */
export function undiciConnections (options: Agent.Options): NonNullable<FastifyReplyFromOptions['undici']> {
  const agent = new Agent(options)
  const request = (asked: Dispatcher.RequestOptions, callback: Callback): void => agent.request(asked as Parameters<Agent['request']>[0], (error, response) => {
    if (error === null) callback(null, response)
    else callback({ code: (error as NodeJS.ErrnoException).code })
  })
  return { request: request as unknown as Dispatcher['request'], destroy: () => agent.destroy() } as { request: Dispatcher['request'] }
}
