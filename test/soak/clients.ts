// Clients below HTTP: what they send, and when they leave, is theirs to say.

import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { by, owner } from '../guard/protected-app.ts'

export interface Client {
  readonly socket: Socket
  /** Text that came so far, one octet a character. */
  received (): string
  /** Resolves when this came; rejects when the connection ends without. */
  until (expected: string | RegExp): Promise<void>
  /** Resolves when the connection is closed, however that comes. */
  closed (): Promise<void>
}

export function dial (port: number, options: { allowHalfOpen?: boolean } = {}): Client {
  const socket = connect({ port, host: '127.0.0.1', ...options })
  let received = ''
  let look = (): void => {}
  const closed = new Promise<void>((resolve) => socket.once('close', () => { resolve(); look() }))
  // How a connection ends is told by what came before.
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
    look()
  })
  return {
    socket,
    received: () => received,
    closed: () => closed,
    until: (expected) => new Promise((resolve, reject) => {
      look = () => {
        if (typeof expected === 'string' ? received.includes(expected) : expected.test(received)) resolve()
        else if (socket.closed) reject(new Error(`the connection ended after ${JSON.stringify(received.slice(0, 200))}; expected ${expected}`))
      }
      look()
    })
  }
}

/** Lines of a request with the owner's token and certificate, and the empty line. */
export function head (line: string, headers: Record<string, string> = {}): string {
  return [`${line} HTTP/1.1`, 'host: gateway', ...Object.entries({ ...by(owner), ...headers }).map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n')
}

/** Sends so many octets at a time, with pauses of a few milliseconds. */
export async function trickle (socket: Socket, text: string, octets: number): Promise<void> {
  for (let i = 0; i < text.length && !socket.destroyed; i += octets) {
    socket.write(text.slice(i, i + octets))
    await wait(2)
  }
}
