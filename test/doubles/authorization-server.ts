// An authorization server that does as it is told, also what no server should.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'

export interface Call {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[]
  readonly body: string
  readonly bytes: Buffer
  /** Names and values in turn. */
  readonly rawTrailers: readonly string[]
}

export type Behaviour = (call: Call, response: ServerResponse) => void

export interface Double {
  /** `http://127.0.0.1:port`, or https. */
  readonly origin: string
  readonly port: number
  /** Every call so far, oldest first. */
  readonly calls: Call[]
  /** Connections that were made so far, and those that are open now. */
  readonly connections: { made: number, open: number }
  behave (behaviour: Behaviour): void
  close (): Promise<void>
}

/** @param tls - certificate and key, PEM: then it speaks https */
export async function startDouble (behaviour: Behaviour, tls?: { cert: string, key: string }): Promise<Double> {
  const calls: Call[] = []
  const sockets = new Set<Socket>()
  const connections = { made: 0, open: 0 }
  let current = behaviour

  async function onRequest (request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await buffer(request)
    const { method = '', url = '', headers, rawHeaders } = request
    const call = { method, url, headers, rawHeaders, body: bytes.toString(), bytes, rawTrailers: request.rawTrailers }
    calls.push(call)
    current(call, response)
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    onRequest(request, response).catch(() => response.destroy())
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    connections.made++
    connections.open++
    socket.on('close', () => {
      sockets.delete(socket)
      connections.open--
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    calls,
    connections,
    behave (behaviour) { current = behaviour },
    close: () => new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  }
}

/** Any answer with a known body. */
export function answer (status: number, headers: Record<string, string>, body: string | Buffer = ''): Behaviour {
  return (_call, response) => response.writeHead(status, headers).end(body)
}

export const jsonType = { 'content-type': 'application/json' }

export function json (value: unknown, status = 200): Behaviour {
  return answer(status, jsonType, JSON.stringify(value))
}

/** Text that is sent as JSON, whatever it is. */
export function jsonText (text: string | Buffer, contentType = 'application/json'): Behaviour {
  return answer(200, { 'content-type': contentType }, text)
}

const active = '{"active":true}'

export const html = answer(200, { 'content-type': 'text/html' }, '<!doctype html><title>Sign in</title>')
export const withBom = jsonText(`\ufeff${active}`)
export const inUtf16 = jsonText(Buffer.from(`\ufeff${active}`, 'utf16le'))
export const inUtf16WithCharset = jsonText(Buffer.from(`\ufeff${active}`, 'utf16le'), 'application/json;charset=utf-16')
export const notUtf8 = jsonText(Buffer.from('{"active":true,"sub":"\xe9"}', 'latin1'))
export const truncated = jsonText('{"active":true,"sub":"al')
export const duplicateMembers = jsonText('{"active":true,"active":false}')
export const prototypeMember = jsonText('{"__proto__":{"active":true}}')

/** One byte more than is read; each token in it is well-formed. */
export const big = jsonText(active.slice(0, -1) + `,"padding":"${'x'.repeat(131_072)}"}`)

/** A kilobyte on the wire, a megabyte unpacked; nobody asked for it. */
export const gzipBomb = answer(200, { ...jsonType, 'content-encoding': 'gzip' },
  gzipSync(Buffer.from(active + ' '.repeat(1_000_000))))

export const hang: Behaviour = () => {}

/** Headers, then one byte every few milliseconds, for ever. */
export const drip: Behaviour = (_call, response) => {
  response.writeHead(200, jsonType)
  const timer = setInterval(() => response.write(' '), 5)
  response.on('close', () => clearInterval(timer))
}

/** A body without end, as fast as it is read. */
export const endless: Behaviour = (_call, response) => {
  const chunk = Buffer.alloc(65_536, ' ')
  const fill = (): void => {
    while (!response.destroyed && response.write(chunk));
  }
  response.writeHead(200, jsonType)
  response.on('drain', fill)
  fill()
}

/** Half a body, then the connection is torn down. */
export const resetMidBody: Behaviour = (_call, response) => {
  response.writeHead(200, { ...jsonType, 'content-length': '100' })
  response.write(active.slice(0, 5), () => (response.socket as Socket).resetAndDestroy())
}

export const reset: Behaviour = (_call, response) => {
  (response.socket as Socket).resetAndDestroy()
}

export function redirect (status: number, location: string): Behaviour {
  return answer(status, { location, ...jsonType }, active)
}
