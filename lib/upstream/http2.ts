import { connect as openSession, constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2'
import type { Socket } from 'node:net'
import { pipeline, Readable, Transform } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { errors, type buildConnector } from 'undici'

/** A request as reply-from makes it of undici. */
interface Message {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string | string[] | undefined>
  readonly body?: Readable | string | null
  /** Milliseconds until the headers of the answer must be there. */
  readonly headersTimeout: number
  /** Milliseconds, for every pause after them. */
  readonly bodyTimeout: number
}

type Done = (error: Error | null, answer?: { statusCode: number, headers: Record<string, string | string[] | undefined>, body: Readable }) => void

/** What reply-from asks of an instance of undici's. */
export interface Http2Requests {
  request (message: Message, done: Done): void
  destroy (): void
}

/** Milliseconds after which a connection that nobody uses is closed, before something on the way forgets it. */
const idle = 60_000

/** RFC 9113 section 8.2.2: fields that do not exist in HTTP/2; `:authority` stands for `host`. */
const notInHttp2 = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'host', 'te'])

/**
 * Requests to one origin over HTTP/2, all over one connection as long as it is good. Not with undici 7: there a body that comes with
 * trailers ends too early where its reader is slow, and looks complete; and GOAWAY breaks off what the upstream would still have
 * answered. Not with the client of reply-from either: an error of its connection ends the process. Nothing is sent twice.
 *
 * @param connect - makes a connection; verifies whom it leads to, and offers HTTP/2
 */
export function http2Requests (origin: string, connect: buildConnector.connector): Http2Requests {
  const { protocol, hostname, host, port } = new URL(origin)
  const sessions = new Set<ClientHttp2Session>()
  let current: Promise<ClientHttp2Session> | null = null
  let isClosed = false

  return {
    request (message, done) {
      usable().then((session) => send(session, host, protocol.slice(0, -1), message, done)).catch(done)
    },

    destroy () {
      isClosed = true
      for (const session of sessions) session.destroy()
    }
  }

  async function usable (): Promise<ClientHttp2Session> {
    const known = current
    const session = await known?.catch(() => null)
    if (session !== undefined && session !== null && !session.closed && !session.destroyed) return session
    // Whoever came first while this one waited has begun to open the next.
    if (current === known) current = open()
    return await (current as Promise<ClientHttp2Session>)
  }

  async function open (): Promise<ClientHttp2Session> {
    const socket = await new Promise<Socket>((resolve, reject) => {
      connect({ hostname: hostname.replace(/^\[|\]$/g, ''), host, protocol, port }, (error, socket) => error === null ? resolve(socket as Socket) : reject(error))
    })
    // Over http there is nothing to ask: that the upstream speaks HTTP/2 must be known (RFC 9113 section 3.3).
    if (isClosed || (protocol === 'https:' && (socket as TLSSocket).alpnProtocol !== 'h2')) {
      socket.destroy()
      throw new errors.SocketError('the upstream does not speak HTTP/2')
    }
    const session = openSession(origin, { createConnection: () => socket, settings: { enablePush: false } })
    sessions.add(session)
    session.on('error', () => {}) // Each of its streams hears of it.
    session.on('close', () => sessions.delete(session))
    session.setTimeout(idle, () => session.close())
    return session
  }
}

function send (session: ClientHttp2Session, authority: string, scheme: string, { method, path, headers, body, headersTimeout, bodyTimeout }: Message, done: Done): void {
  const hasBody = body instanceof Readable || (typeof body === 'string' && body !== '')
  // A length without the body, such as that of a GET, would be malformed; and where the upstream speaks HTTP/1.1 to others, its next request would be the body.
  const fields = Object.entries(headers).filter(([name, value]) => value !== undefined && !notInHttp2.has(name) && (hasBody || name !== 'content-length'))
  const stream = session.request({ ...Object.fromEntries(fields), ':method': method, ':path': path, ':scheme': scheme, ':authority': authority }, { endStream: !hasBody })

  let isSettled = false
  const settle: Done = (error, answer) => {
    if (isSettled) return
    isSettled = true
    clearTimeout(timer)
    done(error, answer)
  }
  const timer = setTimeout(() => {
    settle(new errors.HeadersTimeoutError())
    stream.close(constants.NGHTTP2_CANCEL)
    // The connection may be dead without anybody having said so: other requests get a new one.
    session.close()
  }, headersTimeout)

  const isWhole = watchEnd(stream)
  stream.on('error', settle)
  stream.on('close', () => settle(new errors.SocketError('the upstream gave no answer')))
  stream.once('response', (fields) => {
    stream.setTimeout(bodyTimeout, () => stream.destroy(new errors.BodyTimeoutError()))
    const { ':status': statusCode = 0 } = fields
    settle(null, { statusCode, headers: withoutPseudo(fields), body: wholeOf(stream, isWhole) })
  })
  if (hasBody) sendBody(stream, body)
}

/**
 * Whether a stream was ended by the upstream. Node ends one that was reset with NO_ERROR or CANCEL, too, and half a body would look
 * like a whole one: but when END_STREAM arrives the stream is still open, and when RST_STREAM does it is closed first.
 */
function watchEnd (stream: ClientHttp2Stream): () => boolean {
  let isEnded = false
  const push = stream.push.bind(stream)
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk === null && !stream.closed) isEnded = true
    return push(chunk, encoding)
  }
  return () => isEnded
}

function wholeOf (stream: ClientHttp2Stream, isWhole: () => boolean): Readable {
  const body = new Transform({
    transform: (chunk, _encoding, next) => next(null, chunk),
    flush: (end) => end(isWhole() ? null : new errors.SocketError('the answer was broken off'))
  })
  // When either ends before its time, so does the other.
  return pipeline(stream, body, () => {})
}

/** An upstream may answer before it has read all: then the client still gets the answer. A body that breaks off is not ended. */
function sendBody (stream: ClientHttp2Stream, body: Readable | string): void {
  if (typeof body === 'string') {
    stream.end(body)
    return
  }
  const leave = (): void => {
    if (!body.readableEnded) stream.close(constants.NGHTTP2_CANCEL)
  }
  body.on('error', leave).on('close', leave).pipe(stream)
}

function withoutPseudo (fields: IncomingHttpHeaders): Record<string, string | string[] | undefined> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !name.startsWith(':')))
}
