import { STATUS_CODES, type Server } from 'node:http'
import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { ServerSchema, type GatewayOptions, type LogOptions } from '../options.ts'
import boundToken from '../plugin.ts'
import { levelOf, logUnrouted, requestLog } from './log.ts'

let requests = 0

/**
 * Characters of a parameter in a URL: as many as headers can have. With a limit, the router would give what is longer to another
 * route that it fits as well: from `/accounts/:id` to `/*`, past the policy of the first.
 */
const maxParamLength = ServerSchema.properties.maxHeaderSize.maximum as number

/**
 * The application that a configuration stands for, ready to be used: secrets and certificates are read, policies compiled.
 *
 * @param server - what it takes for its server, and never listens on
 * @throws OptionsError
 */
export async function configured (options: GatewayOptions, server: Server, log: FastifyBaseLogger): Promise<FastifyInstance> {
  const { $schema: _, server: _server, log: logOptions, ...plugin } = options
  const app = Fastify({
    serverFactory: () => server,
    routerOptions: { maxParamLength },
    loggerInstance: log,
    logController: requestLog(logOptions),
    // The answer of Fastify itself repeats the URL, and stands in no log.
    frameworkErrors: (error, request, reply) => { refuseUnrouted(error, request as FastifyRequest, reply as FastifyReply, logOptions) },
    // Counted through all configurations.
    genReqId: () => `${process.pid.toString(36)}-${(++requests).toString(36)}`
  }) as FastifyInstance
  app.log.level = levelOf(logOptions)
  try {
    app.register(boundToken, plugin)
    await app.ready()
    return app
  } catch (error) {
    await app.close().catch(() => {})
    throw error
  }
}

function refuseUnrouted ({ statusCode = 400, code }: FastifyError, request: FastifyRequest, reply: FastifyReply, log: LogOptions | undefined): void {
  reply.code(statusCode).send({ statusCode, code, error: STATUS_CODES[statusCode], message: 'The URL cannot be routed' })
  logUnrouted(log, request, reply)
}
