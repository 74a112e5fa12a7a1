import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { forward } from '../../lib/index.ts'
import type { BoundTokenRouteOptions, FastifyBoundTokenOptions, UpstreamOptions } from '../../types/options.ts'
import { answer, startDouble, type Behaviour, type Double } from '../doubles/authorization-server.ts'
import { by, owner, protectedApp, type ProtectedApp } from '../guard/protected-app.ts'

export interface Exchange {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Message {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string | Buffer
  /** Leaves out token and certificate. */
  readonly anonymous?: boolean
}

export interface Gateway extends ProtectedApp {
  readonly upstream: Double
  readonly port: number
  send (message?: Message): Promise<Exchange>
}

export interface GatewayOptions {
  readonly respond?: Behaviour
  readonly upstream?: Partial<UpstreamOptions>
  readonly route?: BoundTokenRouteOptions
  readonly plugin?: Partial<FastifyBoundTokenOptions>
  readonly server?: FastifyServerOptions
  /** More routes. */
  readonly declare?: (app: FastifyInstance, upstreamUrl: string) => void
}

/** Fastify, the plugin and an upstream, on loopback; every path and method goes upstream. */
export async function startGateway (t: TestContext, options: GatewayOptions = {}): Promise<Gateway> {
  const upstream = await startDouble(options.respond ?? answer(200, { 'content-type': 'text/plain' }, 'from upstream'))
  t.after(() => upstream.close())
  const scene = await protectedApp(t, (app) => {
    options.declare?.(app, upstream.origin)
    app.all('/*', { config: { boundToken: { ...options.route, upstream: { url: upstream.origin, ...options.upstream } } } }, forward)
  }, options.plugin, options.server)
  await scene.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = scene.app.server.address() as AddressInfo
  return { ...scene, upstream, port, send: (message) => send(port, message) }
}

/** One request over a connection of its own, with the owner's token and certificate. */
export function send (port: number, message: Message = {}): Promise<Exchange> {
  const { method = 'GET', path = '/', body, anonymous = false } = message
  const headers = { ...(anonymous ? {} : by(owner)), ...message.headers }
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      buffer(response).then((body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }), reject)
    })
    request.on('upgrade', (response, socket: Socket) => {
      socket.destroy()
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.alloc(0) })
    })
    request.on('error', reject)
    if (body !== undefined && headers['transfer-encoding'] !== undefined) {
      // In two pieces, the second when the first has gone, so that nobody can know the length beforehand.
      const bytes = Buffer.from(body)
      request.write(bytes.subarray(0, 1), () => setTimeout(() => request.end(bytes.subarray(1)), 10))
    } else request.end(body)
  })
}
