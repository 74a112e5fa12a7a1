import { connect, type NetConnectOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { FieldLine } from './inbound.ts'

export interface RawResponse {
  readonly status: number
  /** Everything before the body, with the status line. */
  readonly head: string
  readonly body: string
}

/** Header lines as they stand on the wire, none added but what HTTP/1.1 cannot do without. */
export function requestText (path: string, lines: readonly FieldLine[]): string {
  const all: FieldLine[] = [['Host', 'localhost'], ...lines, ['Connection', 'close']]
  return `GET ${path} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

/** Sends a request over its own connection and reads until the server closes it. */
export async function exchangeOn (socket: Duplex, request: string): Promise<RawResponse> {
  socket.write(request, 'latin1')
  const response = await text(socket)
  const [head = '', body = ''] = response.split('\r\n\r\n')
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]), head, body }
}

export async function rawExchange (at: NetConnectOpts, request: string): Promise<RawResponse> {
  return await exchangeOn(connect(at), request)
}
