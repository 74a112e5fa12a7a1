import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface OddServer {
  readonly port: number
  readonly host: string
  readonly url: string
  /** Method, path and body of what was asked. */
  readonly asked: Array<{ readonly method: string, readonly path: string, readonly body: Buffer }>
  /** What it answers from now on. */
  answer: (response: ServerResponse, request: IncomingMessage) => void
  close (): Promise<void>
}

/** A server on loopback that answers as it is told to. */
export async function oddServer (): Promise<OddServer> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      double.asked.push({ method: request.method ?? '', path: request.url ?? '', body: Buffer.concat(chunks) })
      double.answer(response, request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const double: OddServer = {
    port,
    host: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    asked: [],
    answer: (response) => response.writeHead(404).end(),
    async close () {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
  return double
}

export const bytes = (body: Uint8Array) => (response: ServerResponse): void => { response.writeHead(200).end(body) }
