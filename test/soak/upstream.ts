// An upstream whose path says how it fails.

import type { IncomingMessage, ServerResponse } from 'node:http'

/** Octets of a body that nobody has read when a client leaves. */
export const large = 8 * 1_048_576

const piece = Buffer.alloc(65_536, 'x')

type Failing = (request: IncomingMessage, response: ServerResponse) => void

const behaviours: Record<string, Failing> = {
  '/echo' (request, response) {
    response.writeHead(200, { 'content-type': 'text/plain' })
    request.pipe(response)
  },
  '/count' (request, response) {
    let octets = 0
    request.on('data', (piece: Buffer) => { octets += piece.length }).on('end', () => response.end(`got ${octets}`))
  },
  '/whole' (_request, response) { response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 5 }).end('whole') },
  '/large' (_request, response) {
    let left = large
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': large })
    const fill = (): void => {
      while (left > 0 && !response.destroyed) {
        left -= piece.length
        if (!response.write(piece)) return
      }
      response.end()
    }
    response.on('drain', fill)
    fill()
  },
  '/reset' (request) { request.socket.resetAndDestroy() },
  '/reset-after-headers' (request, response) {
    response.writeHead(200, { 'content-length': 100 }).flushHeaders()
    setImmediate(() => request.socket.resetAndDestroy())
  },
  '/reset-mid-body' (request, response) {
    response.writeHead(200, { 'content-length': 100 })
    response.write('half', () => setTimeout(() => request.socket.resetAndDestroy(), 20))
  },
  '/half-closed-mid-body' (request, response) {
    response.writeHead(200, { 'content-length': 100 })
    response.write('half', () => setTimeout(() => request.socket.end(), 20))
  },
  '/drip' (_request, response) {
    response.writeHead(200, { 'content-type': 'text/plain' })
    let left = 20
    const timer = setInterval(() => --left > 0 ? response.write('.') : response.end('last'), 5)
    response.on('close', () => clearInterval(timer))
  },
  '/impatient' () {}
}

export function fail (request: IncomingMessage, response: ServerResponse): void {
  (behaviours[request.url ?? ''] as Failing)(request, response)
}
