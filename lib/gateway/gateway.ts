import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { closeWithConnection } from '../lost-answer.ts'
import { defaultOf, ServerSchema, type GatewayOptions } from '../options.ts'
import { drain } from './drain.ts'
import { generationOf, type Generation } from './generation.ts'
import { answerHealth, listenForHealth, type State } from './health.ts'
import { listenerOf, waitingForRestart } from './listener.ts'
import { levelOf } from './log.ts'
import { traffic } from './traffic.ts'

/** A gateway, from its first configuration to its end. */
export interface Gateway {
  readonly server: Server
  /** Configurations in memory: the one that serves, and those that still have something to finish. */
  configurations (): number
  /** @returns where it listens */
  listen (): Promise<string>
  /**
   * Takes another configuration: requests that come later are judged and served by it. Connections stay, and requests under way end as they began.
   *
   * @throws OptionsError, and goes on as before
   */
  take (options: GatewayOptions): Promise<void>
  /** Ends when the answers under way are finished. @returns whether nothing was cut off */
  end (): Promise<boolean>
}

/** Milliseconds that an idle connection is kept for a request that may be on its way. */
const aMoment = 1000

/** Milliseconds to close connections to upstreams and the like, however late it is. */
const leastToClose = 1000

/** @throws OptionsError */
export async function gatewayOf (options: GatewayOptions, log: FastifyBaseLogger): Promise<Gateway> {
  const began = options.server ?? {}
  const listener = await listenerOf(began)
  const { server } = listener
  let state: State = 'starting'
  let current = await generationOf(options, listener.view(), log)
  const retiring = new Set<Promise<void>>()
  const ending = new AbortController()
  const answers = traffic()
  let healthListener: { close (): void } | null = null

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    closeWithConnection(request, response)
    answers.add(response)
    if (!answerHealth(healthOnMain(), state, request, response)) current.serve(request, response)
  })
  server.on('clientError', (error, socket) => current.view.emit('clientError', error, socket))
  followUpgrades()

  return {
    server,
    configurations: () => 1 + retiring.size,

    async listen () {
      const { health } = began
      if (health?.port !== undefined) {
        const { port } = health
        const { address, close } = await listenForHealth({ ...health, port }, () => ({ health: current.options.server?.health, state }))
        healthListener = { close }
        log.info(`health checks at ${address}`)
      }
      const address = await listener.listen()
      server.on('error', (error) => log.error({ err: error }, 'the listener failed'))
      state = 'ready'
      return address
    },

    async take (next) {
      const change = await listener.prepare(next.server ?? {})
      const generation = await generationOf(next, listener.view(), log)
      if (state === 'ending') return await generation.close()
      change()
      log.level = levelOf(next.log)
      retire(current)
      current = generation
      followUpgrades()
      const kept = waitingForRestart(began, next.server)
      if (kept.length > 0) log.warn(`only a restart changes ${kept.join(', ')}`)
    },

    async end () {
      const { delay = defaultOf<number>(shutdown.delay), timeout = defaultOf<number>(shutdown.timeout) } = current.options.server?.shutdown ?? {}
      const wasReady = state === 'ready'
      state = 'ending'
      if (wasReady && delay > 0) await sleep(delay)
      listener.stopListening()
      const deadline = performance.now() + timeout
      const isComplete = await drain(server, answers, aMoment, timeout)
      // WebSockets have no end of their own: those of all configurations end here.
      ending.abort()
      retire(current)
      await Promise.race([Promise.all(retiring), sleep(Math.max(leastToClose, deadline - performance.now()), undefined, { ref: false })])
      server.closeAllConnections()
      healthListener?.close()
      return isComplete
    }
  }

  function healthOnMain (): NonNullable<GatewayOptions['server']>['health'] {
    const health = current.options.server?.health
    return healthListener === null && health?.port === undefined ? health : undefined
  }

  function retire (generation: Generation): void {
    const closed = close(generation).catch((error: unknown) => log.error({ err: error }, 'a configuration could not be closed'))
      .finally(() => retiring.delete(closed))
    retiring.add(closed)
  }

  async function close (generation: Generation): Promise<void> {
    const { timeout = defaultOf<number>(shutdown.timeout) } = generation.options.server?.shutdown ?? {}
    const isOver = new AbortController()
    const late = sleep(timeout, undefined, { signal: AbortSignal.any([isOver.signal, ending.signal]) }).catch(() => {})
    await Promise.race([generation.ended(), late])
    isOver.abort()
    await generation.close()
  }

  /** Where nobody listens for it, Node takes a request with `Upgrade` for any other one, as it should be (RFC 9110 section 7.8). */
  function followUpgrades (): void {
    server.removeListener('upgrade', upgrade)
    if (current.view.listenerCount('upgrade') > 0) server.on('upgrade', upgrade)
  }

  function upgrade (request: IncomingMessage, socket: Duplex, head: Buffer): void {
    current.upgrade(request, socket, head)
  }
}

const shutdown = ServerSchema.properties.shutdown.properties
