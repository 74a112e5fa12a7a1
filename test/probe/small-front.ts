import { createServer, request as send } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import { listen } from '../../examples/demo/listen.ts'
import { presets } from '../../lib/certificate/presets.ts'
import { closeRun, probe, type ProbeOptions, type Report } from '../../lib/probe/probe.ts'
import { secret } from './probed-app.ts'

export type Lines = Array<readonly [name: string, value: string]>

/** A front without TLS that does with the header lines what it is told; null for an answer of its own. */
export async function smallFront (t: TestContext, upstreamPort: number | (() => number), rewrite: (lines: Lines) => Lines | number, change: (body: string) => string = (body) => body): Promise<number> {
  const front = createServer(({ method, url, rawHeaders }, response) => {
    const lines = rawHeaders.flatMap((name, index) => index % 2 === 0 && !/^(connection|transfer-encoding|trailer)$/i.test(name) ? [[name, rawHeaders[index + 1] as string] as const] : [])
    const rewritten = rewrite(lines)
    if (typeof rewritten === 'number') {
      response.writeHead(rewritten).end('a page of the front')
      return
    }
    const port = typeof upstreamPort === 'number' ? upstreamPort : upstreamPort()
    send({ host: '127.0.0.1', port, method, path: url, headers: rewritten.flat() as unknown as Record<string, string>, agent: false }, (answer) => {
      response.writeHead(answer.statusCode as number)
      text(answer).then((body) => response.end(change(body)), () => response.destroy())
    }).on('error', () => response.destroy()).end()
  })
  const { port, close } = await listen(front)
  t.after(close)
  return port
}

/** A front that writes bytes. */
export async function rawFront (t: TestContext, answer: (socket: Socket) => void): Promise<number> {
  const { port, close } = await listen(createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => answer(socket))
  }))
  t.after(close)
  return port
}

export async function probeAt (port: number, more: Partial<Omit<ProbeOptions, 'front'>> = {}, { timeout = 2000, path = '/' } = {}): Promise<Report> {
  const options: ProbeOptions = {
    front: { url: new URL(`http://127.0.0.1:${port}${path}`), connectTo: null, servername: null, ca: null, timeout },
    secret,
    identity: null,
    header: 'X-SSL-Cert',
    format: 'url-pem',
    verifyHeader: 'x-ssl-verify',
    verifyValue: 'SUCCESS',
    presets,
    ...more
  }
  const report = await probe(options)
  if (report.failure === null) await closeRun(options)
  return report
}

export function verdictsOf ({ lanes }: Report): Record<string, string> {
  return Object.fromEntries(lanes.flatMap(({ findings }) => findings.map(({ shape, verdict }) => [shape, verdict])))
}
