import { EventEmitter, once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { Server as NetServer, type AddressInfo } from 'node:net'
import { OptionsError } from '../errors.ts'
import { defaultOf, ServerSchema, type ServerOptions } from '../options.ts'
import { readPeerAddresses } from '../peer-address.ts'
import { listenerTls, type ListenerTls } from './listener-tls.ts'
import { listenOnSocket, removeStaleSocket } from './unix-socket.ts'

/** Milliseconds that a client has to send its headers, as in Node. */
const longestHeaders = 60_000

/** The one server of the process. Configurations come and go behind it. */
export interface Listener {
  readonly server: Server | TlsServer
  /** A server for one configuration: the same listener and TLS, but events of its own, which end with it. */
  view (): Server
  /** @returns where it listens, for the log */
  listen (): Promise<string>
  /**
   * Reads what a new configuration wants of a server that goes on. Applied when it is called.
   *
   * @throws OptionsError for what needs a restart, where to go on without it would be less than was asked for
   */
  prepare (options: ServerOptions): Promise<() => void>
  /** Takes no more connections. Those that there are stay, also idle ones: a request may be on its way. */
  stopListening (): void
}

const path = 'options.server'
const defaults = ServerSchema.properties

/** @throws OptionsError */
export async function listenerOf (options: ServerOptions): Promise<Listener> {
  refuseTwoPlaces(options)
  const maxHeaderSize = options.maxHeaderSize ?? defaultOf<number>(defaults.maxHeaderSize)
  let tls = options.tls === undefined ? null : await listenerTls(options.tls, `${path}.tls`)
  const server: Server | TlsServer = tls === null ? createServer({ maxHeaderSize }) : createTlsServer({ maxHeaderSize, ...tls })
  setTimeouts(server, options)
  readPeerAddresses(server)

  return {
    server,

    view () {
      const view = Object.create(server) as Server
      // As for an object that inherits from an emitter: without it, listeners would be added to those of the server itself.
      ;(EventEmitter as unknown as { call (object: object): void }).call(view)
      return view
    },

    async listen () {
      const { unix, host = defaultOf<string>(defaults.host), port = defaultOf<number>(defaults.port) } = options
      if (unix !== undefined) await removeStaleSocket(unix)
      const listening = once(server, 'listening')
      if (unix !== undefined) listenOnSocket(server, unix)
      else server.listen({ host, port })
      await listening
      return addressOf(server.address(), tls === null ? 'http' : 'https')
    },

    async prepare (next) {
      refuseTwoPlaces(next)
      const nextTls = next.tls === undefined ? null : await listenerTls(next.tls, `${path}.tls`)
      refuseOtherKind(tls, nextTls)
      return () => {
        setTimeouts(server, next)
        if (nextTls === null || JSON.stringify(nextTls) === JSON.stringify(tls)) return
        tls = nextTls
        // Makes a new context with ticket keys of its own: no session is resumed that other authorities have judged.
        ;(server as TlsServer).setSecureContext(nextTls)
      }
    },

    stopListening () {
      // That of an HTTP server would close idle connections, too.
      NetServer.prototype.close.call(server)
    }
  }
}

function setTimeouts (server: Server | TlsServer, options: ServerOptions): void {
  const { keepAliveTimeout = defaultOf<number>(defaults.keepAliveTimeout), requestTimeout = defaultOf<number>(defaults.requestTimeout) } = options
  server.keepAliveTimeout = keepAliveTimeout
  server.requestTimeout = requestTimeout
  server.headersTimeout = requestTimeout > 0 ? Math.min(requestTimeout, longestHeaders) : longestHeaders
}

function refuseTwoPlaces ({ unix, host, port }: ServerOptions): void {
  if (unix !== undefined && (host !== undefined || port !== undefined)) throw new OptionsError(`${path}.unix: found beside host or port; allowed: one of the two`)
}

/** To go on without what the file asks of TLS would be less than it says. */
function refuseOtherKind (now: ListenerTls | null, next: ListenerTls | null): void {
  if ((now === null) !== (next === null)) throw new OptionsError(`${path}.tls: ${next === null ? 'missing' : 'found'} where it was ${next === null ? 'there' : 'absent'}; allowed: as it was, or a restart`)
  if (now?.requestCert !== next?.requestCert || now?.rejectUnauthorized !== next?.rejectUnauthorized) {
    throw new OptionsError(`${path}.tls.clientCertificate: found another than before; allowed: as it was, or a restart`)
  }
}

/** Options of which a server that goes on keeps those that it has. */
const fixed = ['host', 'port', 'unix', 'maxHeaderSize'] as const

/** @returns names of the options that only a restart brings in */
export function waitingForRestart (now: ServerOptions = {}, next: ServerOptions = {}): string[] {
  return [
    ...fixed.filter((name) => (now[name] ?? defaults[name].default) !== (next[name] ?? defaults[name].default)).map((name) => `server.${name}`),
    ...(['host', 'port'] as const).filter((name) => now.health?.[name] !== next.health?.[name]).map((name) => `server.health.${name}`)
  ]
}

export function addressOf (address: AddressInfo | string | null, scheme: string): string {
  if (address === null || typeof address === 'string') return `unix:${address}`
  return `${scheme}://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}
