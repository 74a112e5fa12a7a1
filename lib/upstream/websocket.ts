import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { buildConnector } from 'undici'
import { isRefusal, refuse, type Refusal } from '../errors.ts'
import type { Places } from '../places.ts'
import { handshakeFault, handshakeHeaders, switchingHeaders } from './handshake.ts'
import { rewriteResponseHeaders } from './rewrite.ts'
import { atTime, joinSockets, type OpenTunnels } from './tunnel.ts'
import { upgradeOf } from './upgrade.ts'

export interface WebSocketUpstream {
  /** Milliseconds: for a free connection, the connection itself and the whole answer to the handshake. */
  readonly timeout: number
  /** One is taken for as long as the WebSocket is open. */
  readonly connections: Places
  /** Makes connections on which HTTP/1.1 is spoken. */
  readonly connect: buildConnector.connector
}

/** Where a handshake goes. */
export interface Destination {
  /** Without a query. */
  readonly url: URL
  /** As the client sent it, with its question mark; empty without one. */
  readonly query: string
}

/** What the upstream said: with 101 its socket is ours, with anything else there may be a body. */
type Answer =
  | { readonly headers: IncomingHttpHeaders, readonly socket: Socket, readonly head: Buffer }
  | { readonly headers: IncomingHttpHeaders, readonly socket: null, readonly status: number, readonly body: Buffer }

/** Bytes of the body of an answer other than 101. */
const maxBodyBytes = 1_048_576

/**
 * Hands a WebSocket's opening handshake on (RFC 6455 section 4), and then its bytes, both ways and unread.
 *
 * @param rewrite - what the headers of every request to this upstream go through
 * @param goodUntil - milliseconds since the epoch, or Infinity: when the token that let the request in expires, and both sides are closed
 * @throws a refusal where the handshake is not one, or the upstream has no answer to it
 */
export async function forwardWebSocket (
  { timeout, connections, connect }: WebSocketUpstream,
  tunnels: OpenTunnels,
  request: FastifyRequest,
  reply: FastifyReply,
  destination: Destination,
  rewrite: (headers: IncomingHttpHeaders) => IncomingHttpHeaders,
  goodUntil: number
): Promise<void> {
  refuseOtherRequests(request.raw, reply)
  const attempt = new AbortController()
  let end = (): void => attempt.abort(refuse('upstream_unavailable', 'the application is closing'))
  const forget = tunnels.add(() => end())
  if (forget === null) throw refuse('upstream_unavailable', 'the application is closing')
  const timer = setTimeout(() => attempt.abort(refuse('upstream_timeout')), timeout)
  const free = (): void => {
    forget()
    connections.release()
  }
  let answer: Answer
  try {
    await connections.take(attempt.signal).catch(stopWith(forget))
    answer = await ask(connect, destination, handshakeHeaders(request.raw.headers, destination.url.host, rewrite), attempt.signal).catch(stopWith(free))
  } catch (error) {
    throw refusalOf(error)
  } finally {
    clearTimeout(timer)
  }
  if (answer.socket === null) {
    free()
    sendBack(reply, answer)
    return
  }
  const headers = switchingHeaders(request.raw.headers, answer.headers)
  const { socket: client, head: early } = upgradeOf(request.raw) as NonNullable<ReturnType<typeof upgradeOf>>
  if (headers === null || client.destroyed || attempt.signal.aborted) {
    answer.socket.destroy()
    free()
    throw refuse('upstream_unavailable', headers === null ? 'its answer to the handshake is not one' : 'nobody waits for it any more')
  }
  reply.hijack()
  reply.raw.writeHead(101, headers).flushHeaders()
  if (early.length > 0) client.unshift(early)
  if (answer.head.length > 0) answer.socket.unshift(answer.head)
  end = joinSockets(client, answer.socket, timeout, () => {
    forgetExpiry()
    free()
    // Fastify waits for this to log the request and to run its `onResponse` hooks.
    reply.raw.emit('finish')
  })
  const forgetExpiry = atTime(goodUntil, () => {
    request.log.info({ reason: 'token_expired' }, 'WebSocket closed')
    end()
  })
}

function refuseOtherRequests (request: IncomingMessage, reply: FastifyReply): void {
  const fault = handshakeFault(request)
  if (fault === null) return
  // RFC 6455 section 4.2.2 and RFC 9110 section 15.5.22: what would do.
  if (fault.reason === 'websocket_version_unsupported') reply.headers({ upgrade: 'websocket', connection: 'upgrade, close', 'sec-websocket-version': '13' })
  throw fault
}

function stopWith (cleanUp: () => void): (error: unknown) => never {
  return (error) => {
    cleanUp()
    throw error
  }
}

/** @throws what broke it off, or the signal's reason */
async function ask (connect: buildConnector.connector, { url, query }: Destination, headers: IncomingHttpHeaders, signal: AbortSignal): Promise<Answer> {
  const socket = await dial(connect, url, signal)
  const abandon = (): void => { socket.destroy(signal.reason) }
  signal.addEventListener('abort', abandon)
  try {
    return await new Promise((resolve, reject) => {
      httpRequest({ method: 'GET', path: url.pathname + query, headers, createConnection: () => socket })
        .on('upgrade', (response, _socket, head) => resolve({ headers: response.headers, socket, head }))
        .on('response', (response) => {
          read(response).then((body) => resolve({ headers: response.headers, socket: null, status: response.statusCode ?? 0, body }), reject).finally(() => socket.destroy())
        })
        .on('error', reject)
        .end()
    })
  } catch (error) {
    socket.destroy()
    throw signal.aborted ? signal.reason : error
  } finally {
    signal.removeEventListener('abort', abandon)
  }
}

function dial (connect: buildConnector.connector, { hostname, host, protocol, port }: URL, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const abandon = (): void => reject(signal.reason)
    signal.addEventListener('abort', abandon, { once: true })
    connect({ hostname: hostname.replace(/^\[|\]$/g, ''), host, protocol, port }, (error, socket) => {
      signal.removeEventListener('abort', abandon)
      if (error !== null) reject(error)
      else if (signal.aborted) socket.destroy()
      else resolve(socket)
    })
  })
}

async function read (response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBodyBytes) throw refuse('upstream_unavailable', 'its answer to the handshake is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** An upstream that opens no WebSocket says why, as it would to any other request. */
function sendBack (reply: FastifyReply, { headers, status, body }: Answer & { socket: null }): void {
  const { 'transfer-encoding': _coding, 'content-length': _length, ...passed } = rewriteResponseHeaders(headers)
  const isSendable = status >= 200 && status <= 599 && Object.values(passed).flat().every((value) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value ?? ''))
  if (!isSendable) throw refuse('upstream_unavailable', 'its answer cannot be sent on')
  reply.code(status).headers(passed).send(body.length === 0 ? undefined : body)
}

/** undici's and Node's errors can hold what was sent or received. */
function refusalOf (error: unknown): Refusal {
  if (isRefusal(error)) return error
  return refuse((error as NodeJS.ErrnoException).code === 'UND_ERR_CONNECT_TIMEOUT' ? 'upstream_timeout' : 'upstream_unavailable')
}
