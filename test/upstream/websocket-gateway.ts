import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { WebSocket, WebSocketServer, type ClientOptions } from 'ws'
import { forward } from '../../lib/index.ts'
import { by, owner, protectedApp, type ProtectedApp } from '../guard/protected-app.ts'
import type { GatewayOptions } from './gateway.ts'

/** An upstream that takes WebSockets, or does as it is told. */
export interface SocketUpstream {
  readonly origin: string
  readonly server: Server
  /** Handshakes and other requests that arrived. */
  readonly requests: IncomingMessage[]
  /** Open now. */
  readonly sockets: Set<Socket>
}

export interface SocketGateway extends ProtectedApp {
  readonly upstream: SocketUpstream
  readonly port: number
  /** Sockets of clients that are open now. */
  readonly clients: Set<Socket>
  /** A WebSocket client with the owner's token and certificate. */
  open (options?: ClientOptions, path?: string, protocols?: string[]): WebSocket
  /** Everything that comes back for these bytes, until the connection is closed. */
  raw (text: string): Promise<string>
}

export type OnUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer) => void

/** Sends back every message. */
export function echo (): OnUpgrade {
  const server = new WebSocketServer({ noServer: true, maxPayload: 200_000_000 })
  return (request, socket, head) => server.handleUpgrade(request, socket, head, (client) => {
    client.on('error', () => {})
    client.on('message', (data, binary) => client.send(data, { binary }))
  })
}

export async function startSocketUpstream (t: TestContext, onUpgrade: OnUpgrade = echo(), onRequest: RequestListener = (_request, response) => response.end('no WebSocket')): Promise<SocketUpstream> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    onRequest(request, response)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    requests.push(request)
    socket.on('error', () => {})
    onUpgrade(request, socket, head)
  })
  const sockets = track(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, requests, sockets }
}

export interface SocketGatewayOptions extends Omit<GatewayOptions, 'respond' | 'declare'> {
  readonly onUpgrade?: OnUpgrade
  readonly onRequest?: RequestListener
  /** Before the route that goes upstream. */
  readonly declare?: (app: FastifyInstance) => void
}

/** Fastify, the plugin and an upstream, on loopback: everything below /ws goes upstream, WebSockets too; /plain without them. */
export async function startSocketGateway (t: TestContext, options: SocketGatewayOptions = {}): Promise<SocketGateway> {
  const upstream = await startSocketUpstream(t, options.onUpgrade, options.onRequest)
  const scene = await protectedApp(t, (app) => {
    options.declare?.(app)
    const to = { url: upstream.origin, ...options.upstream }
    app.all('/ws/*', { config: { boundToken: { ...options.route, upstream: { ...to, websocket: true } } } }, forward)
    app.all('/plain', { config: { boundToken: { ...options.route, upstream: to } } }, forward)
  }, options.plugin, options.server)
  const clients = track(scene.app.server)
  await scene.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = scene.app.server.address() as AddressInfo
  return {
    ...scene,
    upstream,
    port,
    clients,
    open: ({ headers, ...more } = {}, path = '/ws/chat', protocols = []) =>
      new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers: { ...by(owner), ...headers }, perMessageDeflate: false, ...more }),
    raw: (text) => exchangeRaw(port, text)
  }
}

export function exchangeRaw (port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    connect(port, '127.0.0.1', function (this: Socket) { this.write(text, 'latin1') })
      .setEncoding('latin1')
      .on('data', (piece: string) => { answer += piece })
      .on('error', reject)
      .on('close', () => resolve(answer))
  })
}

/** An opening handshake with the owner's token; a null takes a line away. */
export function handshake (lines: Record<string, string | null> = {}, start = 'GET /ws/chat HTTP/1.1'): string {
  const all: Record<string, string | null> = {
    Host: 'gateway.example',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    Authorization: 'Bearer good',
    'X-SSL-Cert': owner.escaped,
    ...lines
  }
  return [start, ...Object.entries(all).flatMap(([name, value]) => value === null ? [] : [`${name}: ${value}`]), '', ''].join('\r\n')
}

export function statusOf (answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
}

/** Resolves when the client is refused, with the status; rejects when it is not. */
export function refusalOf (client: WebSocket): Promise<{ status: number, headers: IncomingMessage['headers'], body: string }> {
  return new Promise((resolve, reject) => {
    client.on('error', reject)
    client.on('open', () => {
      client.terminate()
      reject(new Error('it was opened'))
    })
    client.on('unexpected-response', (_request, response: IncomingMessage) => {
      let body = ''
      response.setEncoding('utf8').on('data', (piece: string) => { body += piece }).on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
  })
}

function track (server: Server): Set<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return sockets
}
