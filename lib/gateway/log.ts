import type { Socket } from 'node:net'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyReply, type FastifyRequest } from 'fastify'
import { isRefusal } from '../errors.ts'
import { defaultOf, LogSchema, type LogOptions } from '../options.ts'

/** Of a path in the log. */
const longestPath = 1024

/** Members of errors that are written. Others may hold what came over the wire: `rawPacket`, for one. */
function errorForLog (error: Error & { code?: unknown }): { type: string, message: string, stack: string } {
  if (!(error instanceof Error)) return { type: typeof error, message: 'no error, but thrown', stack: '' }
  const { name, message, code, stack } = error
  return { type: name, message, ...typeof code === 'string' && { code }, stack: stack ?? '' }
}

function requestForLog (request: FastifyRequest): { method: string, path: string, remoteAddress: string } {
  const { method, raw } = request
  return { method, path: pathOf(raw.url), remoteAddress: addressOf(request) ?? '' }
}

/** Null when it is too late to ask: undici takes the socket away from a request whose body it has sent on. */
function addressOf ({ raw }: FastifyRequest): string | null {
  return (raw.socket as Socket | null)?.remoteAddress ?? null
}

/** What clients put into the query is theirs: tokens and names among it. */
function pathOf (url: string | undefined): string {
  return (url ?? '').split('?', 1)[0]?.slice(0, longestPath) as string
}

/** The log of the process: Fastify's own, on standard output, a JSON object a line. */
export async function gatewayLog (options: LogOptions = {}): Promise<FastifyBaseLogger> {
  // Fastify makes its logger with an instance; this one serves nothing else.
  const app = Fastify({ logger: { level: levelOf(options), serializers: { err: errorForLog, req: requestForLog } } })
  await app.close()
  return app.log
}

export function levelOf ({ level }: LogOptions = {}): string {
  return level ?? defaultOf<string>(LogSchema.properties.level)
}

function lineOf (request: FastifyRequest, { statusCode }: FastifyReply, milliseconds: number, remoteAddress: string | null): object {
  return {
    method: request.method,
    path: pathOf(request.raw.url),
    route: request.routeOptions.url ?? null,
    statusCode,
    responseTime: Math.round(milliseconds * 1000) / 1000,
    remoteAddress
  }
}

function areRequestsLogged ({ requests }: LogOptions = {}): boolean {
  return requests ?? defaultOf<boolean>(LogSchema.properties.requests)
}

/** The line of a request that never got to the router. Fastify takes no time for these. */
export function logUnrouted (options: LogOptions | undefined, request: FastifyRequest, reply: FastifyReply): void {
  if (areRequestsLogged(options)) request.log.info(lineOf(request, reply, 0, addressOf(request)), 'request')
}

/** One line for each request, when it has been answered; and what went wrong inside. */
export function requestLog (options?: LogOptions): LogController {
  const isOn = areRequestsLogged(options)
  const addresses = new WeakMap<FastifyRequest, string | null>()
  return Object.assign(new LogController(), {
    incomingRequest (request: FastifyRequest) {
      if (isOn) addresses.set(request, addressOf(request))
    },
    routeNotFound () {},
    requestCompleted (error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply) {
      if (!isOn) return
      const line = lineOf(request, reply, reply.elapsedTime, addresses.get(request) ?? null)
      if (error === null || error === undefined) reply.log.info(line, 'request')
      else reply.log.warn({ ...line, err: error }, 'request, and its answer broke off')
    },
    // What clients did wrong stands in the line of the request, and refusals have one of their own.
    defaultErrorLog (error: Error, _request: FastifyRequest, reply: FastifyReply) {
      if (reply.statusCode >= 500 && !isRefusal(error)) reply.log.error({ err: error }, 'a request failed')
    }
  })
}
