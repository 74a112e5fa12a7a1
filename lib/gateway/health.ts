import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { OptionsError } from '../errors.ts'
import { defaultOf, ServerSchema, type GatewayOptions } from '../options.ts'
import { addressOf } from './listener.ts'

export type State = 'starting' | 'ready' | 'ending'
type HealthOptions = NonNullable<NonNullable<GatewayOptions['server']>['health']>

const path = 'options.server.health'
const defaults = ServerSchema.properties.health.properties

/**
 * Refuses what could not work or would hide a route.
 *
 * @throws OptionsError
 */
export function checkHealth (health: HealthOptions | undefined, routes: GatewayOptions['routes']): void {
  if (health === undefined) return
  const { liveness, readiness, host, port } = health
  if (liveness === undefined && readiness === undefined) throw new OptionsError(`${path}: found neither liveness nor readiness; allowed: one of them, or both`)
  if (liveness === readiness) throw new OptionsError(`${path}.readiness: found the path of liveness; allowed: another one`)
  if (port === undefined && host !== undefined) throw new OptionsError(`${path}.host: found without port; allowed: both, for a listener of its own`)
  if (port !== undefined) return
  const hidden = routes.findIndex(({ url }) => [url].flat().some((each) => each === liveness || each === readiness))
  if (hidden !== -1) throw new OptionsError(`options.routes[${hidden}].url: found the path of a health check; allowed: another one`)
}

/** Answers a request for one of the two paths. @returns whether it was one */
export function answerHealth (health: HealthOptions | undefined, state: State, request: IncomingMessage, response: ServerResponse): boolean {
  if (health === undefined) return false
  const asked = (request.url ?? '').split('?', 1)[0]
  if (asked !== health.liveness && asked !== health.readiness) return false
  if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, 'GET and HEAD only', { allow: 'GET, HEAD' })
  else if (asked === health.liveness || state === 'ready') answer(response, 200, 'ok')
  else answer(response, 503, state)
  return true
}

function answer (response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'text/plain', 'cache-control': 'no-store', 'content-length': text.length, ...headers })
  response.end(text) // Node sends no body with HEAD.
}

/** A listener for health checks alone. */
export interface HealthListener {
  readonly address: string
  close (): void
}

/** @param current - asked on every request, since a configuration may bring other paths */
export async function listenForHealth (options: HealthOptions & { port: number }, current: () => { health: HealthOptions | undefined, state: State }): Promise<HealthListener> {
  const server = createServer({ maxHeaderSize: 8192, requestTimeout: 5000, headersTimeout: 5000 }, (request, response) => {
    const { health, state } = current()
    if (!answerHealth(health, state, request, response)) answer(response, 404, 'not a health check')
  })
  server.maxConnections = 100
  server.listen({ host: options.host ?? defaultOf<string>(defaults.host), port: options.port })
  await once(server, 'listening')
  return {
    address: addressOf(server.address(), 'http'),
    close () {
      server.close()
      server.closeAllConnections()
    }
  }
}
