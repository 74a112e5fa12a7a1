import { createServer, type IncomingHttpHeaders } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { WebSocketServer, type WebSocket } from 'ws'
import { eventually } from '../token/eventually.ts'

/** A server that tells of revocations, as it is told. */
export interface WebSocketDouble {
  readonly url: string
  readonly port: number
  /** Handshakes so far. */
  readonly handshakes: Array<{ url: string, headers: IncomingHttpHeaders }>
  /** Messages that came so far. */
  readonly received: string[]
  /** Pings that came so far. */
  pings (): number
  /** Connections that are open. */
  open (): number
  send (message: string | Buffer | object): void
  /** Breaks all connections, without a word. */
  cut (): void
  /** Ends all connections with a code. */
  close (code: number): void
  /** Refuses handshakes, or takes them again. */
  refuse (isRefusing: boolean): void
  /** Waits until so many are connected. */
  connected (count?: number): Promise<void>
}

export interface WebSocketDoubleOptions {
  readonly tls?: { cert: string, key: string }
  readonly protocol?: string
  /** What is answered to a message; null for nothing. */
  reply? (message: string): string | null
  /** Whether it neither answers to pings nor to anything else. */
  readonly isDeaf?: boolean
  readonly port?: number
}

export async function startWebSocket (t: TestContext, { tls, protocol, reply, isDeaf = false, port: fixed = 0 }: WebSocketDoubleOptions = {}): Promise<WebSocketDouble> {
  const server = tls === undefined ? createServer() : createTlsServer(tls)
  const sockets = new Set<Socket>()
  const clients = new Set<WebSocket>()
  const handshakes: WebSocketDouble['handshakes'] = []
  const received: string[] = []
  let isRefusing = false
  let pings = 0
  const choosing = protocol === undefined ? {} : { handleProtocols: (offered: Set<string>) => offered.has(protocol) ? protocol : false as const }
  const websockets = new WebSocketServer({ noServer: true, autoPong: !isDeaf, perMessageDeflate: { threshold: 0 }, ...choosing })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket, head) => {
    handshakes.push({ url: request.url ?? '', headers: request.headers })
    if (isRefusing) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
      return
    }
    websockets.handleUpgrade(request, socket, head, (client) => {
      clients.add(client)
      client.on('error', () => {})
      client.on('close', () => clients.delete(client))
      client.on('ping', () => pings++)
      client.on('message', (data: Buffer) => {
        received.push(data.toString())
        const answer = reply?.(data.toString()) ?? null
        if (answer !== null) client.send(answer)
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(fixed, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const cut = (): void => { for (const socket of sockets) socket.destroy() }
  t.after(() => new Promise((resolve) => {
    server.close(resolve)
    cut()
  }))
  return {
    url: `${tls === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}`,
    port,
    handshakes,
    received,
    pings: () => pings,
    open: () => clients.size,
    send (message) { for (const client of clients) client.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message)) },
    cut,
    close (code) { for (const client of clients) client.close(code) },
    refuse (refusing) { isRefusing = refusing },
    connected: async (count = 1) => await eventually(`${count} are connected`, () => clients.size === count)
  }
}
