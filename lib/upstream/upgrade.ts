import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** A request that offers another protocol (RFC 9110 section 7.8) and has left Node's parser: nobody reads its socket any more. */
interface Upgrade {
  readonly socket: Socket
  /** Bytes that came behind the request. */
  readonly head: Buffer
  /** Whether somebody sees to it that the connection ends with the answer. */
  isSettled: boolean
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>()
const listening = new WeakSet<object>()
const claimed = new WeakSet<object>()

/** The socket and first bytes of a request that may become a tunnel; undefined for an ordinary one. */
export function upgradeOf (request: IncomingMessage): Readonly<Upgrade> | undefined {
  return upgrades.get(request)
}

/** Whoever calls this routes the upgrades of a server himself, with `routeUpgrade`: no plugin on it listens for them. */
export function claimUpgrades (server: object): void {
  claimed.add(server)
}

/**
 * Takes the part that Node's HTTP server has for ordinary requests: routes an upgrade through hooks, guard and handlers. The answer
 * is an ordinary one and ends the connection, unless the handler of a route with `upstream.websocket` makes a tunnel of it: the
 * end of both is the end of the socket.
 *
 * @param head - bytes that came behind the request; without a tunnel nobody reads them, least of all as another request
 */
export function routeUpgrade (app: Pick<FastifyInstance, 'routing'>, request: IncomingMessage, socket: Socket, head: Buffer): void {
  remember(request, socket, head)
  const response = new ServerResponse(request)
  // An answer to an earlier request is still on its way: RFC 6455 section 4.1 has clients wait, and two answers would mix.
  if (isAnswering(request, connectionOf(request, socket))) {
    socket.destroy()
    return
  }
  response.assignSocket(socket)
  endAfterAnswer(request, response)
  if (isMisframed(request)) response.writeHead(400, { 'content-length': 0 }).end()
  else app.routing(request, response)
}

/**
 * Routes the upgrades of an application's server, once per server, however many registrations there are. Other listeners come
 * first: who has written, ended, read or paused the socket before they have all returned has taken the request. So does
 * @fastify/websocket, which routes every upgrade itself.
 *
 * @returns what ends it
 */
export function listenForUpgrades (app: FastifyInstance): () => void {
  const { server } = app
  if (listening.has(server) || claimed.has(server)) return () => {}
  const onUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    remember(request, socket, head)
    if (isAnswering(request, connectionOf(request, socket))) {
      socket.destroy()
      return
    }
    const { bytesWritten } = socket
    process.nextTick(() => {
      // Node sets `readableFlowing` to null before it hands a socket over.
      const isTaken = socket.destroyed || socket.writableEnded || socket.bytesWritten !== bytesWritten || socket.readableFlowing !== null
      if (!isTaken && !isAnswering(request, socket)) routeUpgrade(app, request, socket, head)
    })
  }
  listening.add(server)
  // Before the others, so as to know whose request it is also where another listener routes it.
  server.prependListener('upgrade', onUpgrade)
  return () => {
    listening.delete(server)
    server.removeListener('upgrade', onUpgrade)
  }
}

/**
 * Does for the answer to an upgrade what Node's server does for others and not for these: tells the response of `drain` and
 * `timeout`, and ends the connection behind it. Does nothing for ordinary requests.
 */
export function endAfterAnswer (request: IncomingMessage, response: ServerResponse): void {
  const upgrade = upgrades.get(request)
  if (upgrade === undefined || upgrade.isSettled) return
  upgrade.isSettled = true
  const { socket } = upgrade
  response.shouldKeepAlive = false
  socket.on('drain', () => response.emit('drain'))
  socket.on('timeout', () => {
    if (!response.emit('timeout', socket)) socket.destroy()
  })
  response.on('finish', () => {
    // What is left unread would turn the end into a reset, and the answer could be lost.
    socket.resume()
    socket.end(() => socket.destroy())
  })
}

function remember (request: IncomingMessage, socket: Socket, head: Buffer): void {
  if (upgrades.has(request)) return
  upgrades.set(request, { socket, head, isSettled: false })
  // Node took its own listener away; `close` follows.
  socket.on('error', () => {})
}

/** Later versions of Node put a stream of their own before the socket of a request with a body. */
function connectionOf (request: IncomingMessage, socket: Socket): Socket {
  return (request.socket as Socket | undefined) ?? socket
}

/** Whether a response has this socket already. */
function isAnswering (request: IncomingMessage, socket: Socket): boolean {
  const probe = new ServerResponse(request)
  try {
    probe.assignSocket(socket)
  } catch {
    return true
  }
  probe.detachSocket(socket)
  return false
}

/**
 * Node's parser stops behind the headers, so that nobody could read a body; and it does not look for the Host that RFC 9112
 * section 3.2 demands. The lines are read as they came, since hooks may change the others.
 */
function isMisframed ({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  const valuesOf = (wanted: string): string[] => rawHeaders.flatMap((name, index) => index % 2 === 0 && name.toLowerCase() === wanted ? [rawHeaders[index + 1] as string] : [])
  return valuesOf('transfer-encoding').length > 0 || valuesOf('content-length').some((length) => length !== '0') || (httpVersion === '1.1' && valuesOf('host').length !== 1)
}
