import type { FastifyInstance, RouteOptions } from 'fastify'
import { OptionsError } from '../errors.ts'
import type { Upstreams } from './proxy.ts'
import { listenForUpgrades } from './upgrade.ts'

interface Declared {
  readonly scope: FastifyInstance
  readonly route: RouteOptions
  readonly handler: RouteOptions['handler']
}

/**
 * Listens for upgrades from the time when all routes are known, if some route wants WebSockets, until the application closes.
 * To be called when the hooks that compile routes are in place.
 *
 * @param isOurs - whether a handler is the one that sends requests upstream
 */
export function serveWebSockets (app: FastifyInstance, proxies: Upstreams, isOurs: (handler: RouteOptions['handler']) => boolean): void {
  const declared: Declared[] = []
  let stopListening = (): void => {}
  app.addHook('onRoute', function (route) {
    if (isOurs(route.handler)) declared.push({ scope: this, route, handler: route.handler })
  })
  app.addHook('onReady', async () => {
    if (!proxies.haveWebSockets()) return
    declared.forEach(refuseTaken)
    stopListening = listenForUpgrades(app)
  })
  // Before the server waits for its connections.
  app.addHook('preClose', async () => {
    stopListening()
    proxies.endWebSockets()
  })
}

/** @fastify/websocket takes the place of every handler of its scope, and closes the WebSockets of routes that are not its own. */
function refuseTaken ({ scope, route, handler }: Declared): void {
  const declaration = route.config?.boundToken
  if (declaration === false || declaration?.upstream?.websocket !== true || route.handler === handler || !scope.hasPlugin('@fastify/websocket')) return
  throw new OptionsError(`route ${[route.method].flat().join(', ')} ${route.url}: config.boundToken.upstream.websocket: found true in a scope of @fastify/websocket, ` +
    'which answers WebSockets itself; allowed: with @fastify/websocket and its routes in a scope of their own')
}
