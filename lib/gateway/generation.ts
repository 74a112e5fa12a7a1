import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'
import type { GatewayOptions } from '../options.ts'
import { configured } from './configuration.ts'
import { checkHealth } from './health.ts'
import { checkSources } from './listener-tls.ts'
import { traffic } from './traffic.ts'

/** A configuration that serves, or has served and still has something to finish. */
export interface Generation {
  readonly options: GatewayOptions
  /** What the listener tells of, it tells here. */
  readonly view: Server
  serve (request: IncomingMessage, response: ServerResponse): void
  upgrade (request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Resolves when nothing of it is under way any more. */
  ended (): Promise<void>
  close (): Promise<void>
}

/** @throws OptionsError */
export async function generationOf (options: GatewayOptions, view: Server, log: FastifyBaseLogger): Promise<Generation> {
  checkHealth(options.server?.health, options.routes)
  checkSources(options)
  const app = await configured(options, view, log)
  const answers = traffic()
  const upgraded = new Set<Duplex>()

  return {
    options,
    view,
    serve (request, response) {
      answers.add(response)
      app.routing(request, response)
    },
    upgrade (request, socket, head) {
      upgraded.add(socket)
      socket.once('close', () => upgraded.delete(socket))
      view.emit('upgrade', request, socket, head)
    },
    async ended () {
      await answers.ended()
      await Promise.all([...upgraded].map(async (socket) => { await new Promise((resolve) => socket.once('close', resolve)) }))
    },
    async close () {
      await app.close()
    }
  }
}
