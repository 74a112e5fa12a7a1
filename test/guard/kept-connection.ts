import { once } from 'node:events'
import { connect } from 'node:net'
import type { FieldLine } from '../certificate/inbound.ts'

export interface KeptAnswer {
  readonly status: number
  /** The WWW-Authenticate field; null for none. */
  readonly challenge: string | null
  readonly body: string
}

/** One connection for several requests, one after the other, whose lines stand on the wire as they are given. */
export interface KeptConnection {
  ask (target: string, lines: readonly FieldLine[]): Promise<KeptAnswer>
  close (): void
}

/** @param from - the address that the server sees */
export async function keptConnection (port: number, from = '127.0.0.1'): Promise<KeptConnection> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from }).setEncoding('latin1').on('error', () => {})
  await once(socket, 'connect')
  return {
    async ask (target, lines) {
      const answer = new Promise<KeptAnswer>((resolve, reject) => {
        let received = ''
        const onData = (chunk: string): void => {
          received += chunk
          const whole = wholeAnswer(received)
          if (whole === null) return
          socket.off('data', onData).off('close', onClose)
          resolve(whole)
        }
        const onClose = (): void => reject(new Error(`closed after ${JSON.stringify(received)}`))
        socket.on('data', onData).on('close', onClose)
      })
      socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1')
      return await answer
    },
    close: () => socket.destroy()
  }
}

/** Null as long as some of it is missing. */
function wholeAnswer (received: string): KeptAnswer | null {
  const end = received.indexOf('\r\n\r\n')
  const head = received.slice(0, end)
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0)
  const body = received.slice(end + 4)
  if (end === -1 || body.length < length) return null
  return { status: Number(head.slice(9, 12)), challenge: /^www-authenticate: (.*)$/im.exec(head)?.[1] ?? null, body }
}
