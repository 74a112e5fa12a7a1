import { connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { mostBytes, readAnswer, unanswered, type Answer } from './answer.ts'
import { connect, timedOut, type ClientIdentity, type Front } from './front.ts'

/** A request of the probe, before it is written in one protocol or the other. */
export interface ProbeRequest {
  /** Those of the probe itself. */
  readonly own: ReadonlyArray<readonly [name: string, value: string]>
  readonly lines: readonly string[]
  readonly hasConnection: boolean
  readonly trailers: readonly string[] | null
  readonly version: '1.0' | '1.1'
  readonly isAbsolute: boolean
}

/** Sends a request on a connection of its own. @throws Error with what the connection came to */
export type Exchange = (front: Front, identity: ClientIdentity | null, request: ProbeRequest) => Promise<Answer>

/** By HTTP/1.1 or 1.0, byte for byte. */
export const exchangeByHttp1: Exchange = async (front, identity, request) => {
  const socket = await connect(front, identity, 'http/1.1')
  return await new Promise((resolve, reject) => {
    let text = ''
    const timer = setTimeout(() => { finish(() => reject(timedOut('no answer', front.timeout))) }, front.timeout)
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      settle()
      socket.destroy()
    }
    const read = (isEnded: boolean): void => {
      try {
        const answer = readAnswer(text, isEnded)
        if (answer !== null) finish(() => resolve(answer))
      } catch (error) {
        finish(() => reject(error))
      }
    }
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (text.length > mostBytes) return finish(() => reject(new Error(`the answer is longer than ${mostBytes} bytes`)))
      read(false)
    })
    socket.on('error', (error) => { finish(() => reject(error)) })
    socket.on('end', () => { read(true) })
    socket.on('close', () => { read(true) })
    socket.write(textOf(front.url, request), 'latin1')
  })
}

function textOf (url: URL, { own, lines, hasConnection, trailers, version, isAbsolute }: ProbeRequest): string {
  const path = `${url.pathname}${url.search}`
  const head = [
    `GET ${isAbsolute ? `${url.origin}${path}` : path} HTTP/${version}`,
    `Host: ${url.host}`,
    ...own.map(([name, value]) => `${name}: ${value}`),
    ...lines,
    ...trailers === null ? [] : ['Transfer-Encoding: chunked'],
    ...hasConnection ? [] : ['Connection: close']
  ]
  const body = trailers === null ? '' : `1\r\na\r\n0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

/** By HTTP/2. */
export const exchangeByHttp2: Exchange = async (front, identity, { own, lines, trailers }) => {
  const socket = await connect(front, identity, 'h2')
  if ((socket as TLSSocket).alpnProtocol !== 'h2') {
    socket.destroy()
    throw Object.assign(new Error('the front speaks no HTTP/2'), { code: noHttp2 })
  }
  return await answerOf(socket, front, fieldsOf([...own.map(([name, value]) => `${name}: ${value}`), ...lines]), trailers === null ? null : fieldsOf(trailers))
}

export const noHttp2 = 'PROBE_NO_HTTP2'

async function answerOf (socket: Socket, { url, timeout }: Front, headers: OutgoingHttpHeaders, trailers: OutgoingHttpHeaders | null): Promise<Answer> {
  const session = connectHttp2(url.origin, { createConnection: () => socket as Duplex, maxSessionMemory: 1 })
  let timer: NodeJS.Timeout | undefined
  return await new Promise<Answer>((resolve, reject) => {
    timer = setTimeout(() => { reject(timedOut('no answer', timeout)) }, timeout)
    session.on('error', reject).once('close', () => { reject(new Error(unanswered)) })
    const stream = session.request({ ':path': `${url.pathname}${url.search}`, ...headers }, { endStream: trailers === null, waitForTrailers: trailers !== null })
    let status = 0
    let body = ''
    if (trailers !== null) {
      stream.on('wantTrailers', () => { stream.sendTrailers(trailers) })
      stream.end('a')
    }
    stream.on('response', (response) => { status = Number(response[':status']) })
    stream.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1')
      if (body.length > mostBytes) reject(new Error(`the answer is longer than ${mostBytes} bytes`))
    })
    stream.on('end', () => { if (status !== 0) resolve({ status, body }) })
    stream.on('error', reject)
    stream.on('close', () => { reject(new Error(unanswered)) })
  }).finally(() => {
    clearTimeout(timer)
    session.destroy()
  })
}

/** Several lines of one name as a list. */
function fieldsOf (lines: readonly string[]): OutgoingHttpHeaders {
  const fields: Record<string, string | string[]> = {}
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase()
    const value = line.slice(line.indexOf(':') + 1).trim()
    fields[name] = name in fields ? [fields[name] as string | string[], value].flat() : value
  }
  return fields
}
