// The process that sends: requests over kept connections, with the tokens that their numbers stand for.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { answering } from './answering.ts'
import type { Traffic } from './contender.ts'
import { tokenKinds, tokenNumber, type TokenMaterial } from './tokens.ts'

export type Question = { material: TokenMaterial } | { open: number, url: string } | Sending | { close: true }

interface Sending {
  readonly send: number
  /** Number of the first request. */
  readonly from: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly traffic: Traffic
  readonly order: Order
}

/** As `tokenNumber` says; all known ones one after the other; or one new one in all requests. */
export type Order = 'spread' | 'each' | 'same'

/** For an answer; longer means that it never comes. */
const answerLimit = 60_000

let material: TokenMaterial | null = null
let host = ''
let sockets: Socket[] = []

answering<Question>(async (question) => {
  if ('material' in question) {
    material = question.material
  } else if ('open' in question) {
    const { hostname, port, host: authority } = new URL(question.url)
    host = authority
    sockets = await Promise.all(Array.from({ length: question.open }, async () => {
      const socket = connect(Number(port), hostname).setTimeout(answerLimit, () => socket.destroy())
      await once(socket, 'connect')
      // What becomes of it is seen by its end.
      return socket.on('error', () => {})
    }))
  } else if ('send' in question) {
    return { refused: await send(question, material as TokenMaterial) }
  } else {
    for (const socket of sockets) socket.destroy()
  }
  return {}
})

/** @returns how many were not answered 200 */
async function send ({ send: count, from, path, headers, traffic, order }: Sending, material: TokenMaterial): Promise<number> {
  const head = `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer `
  const tail = `\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  const numberOf = { spread: (request: number) => tokenNumber(request, traffic), each: (request: number) => request, same: () => from }[order]
  const end = from + count
  let next = from
  let refused = 0

  await Promise.all(sockets.map(async (socket) => await new Promise<void>((resolve, reject) => {
    const gone = (): void => reject(new Error('the server has closed a connection, or gave no answer'))
    if (socket.destroyed) return gone()
    let received = ''
    const sendNext = (): void => {
      if (next < end) {
        socket.write(head + tokenKinds[traffic.tokens](numberOf(next++), material) + tail, 'latin1')
        return
      }
      socket.off('data', receive).off('close', gone)
      resolve()
    }
    const receive = (chunk: Buffer): void => {
      received += chunk.toString('latin1')
      if (!isComplete(received)) return
      if (!received.startsWith('HTTP/1.1 200')) refused++
      received = ''
      sendNext()
    }
    socket.on('data', receive).once('close', gone)
    sendNext()
  })))
  return refused
}

/** Every answer has a Content-Length; one that is proxied may come in pieces. */
function isComplete (received: string): boolean {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(received)
  return length !== null && received.length >= end + 4 + Number(length[1])
}
