import type { Socket } from 'node:net'
import { Agent, buildConnector, ping, WebSocket } from 'undici'

export interface ConnectionOptions {
  readonly url: URL
  readonly protocols: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  /** CA, certificate and key; certificates and names are always verified. */
  readonly tls: { readonly ca?: string[], readonly cert?: string, readonly key?: string }
  /** Milliseconds until it must be ready. */
  readonly timeout: number
  /** Milliseconds between two pings; at least one byte must come meanwhile. */
  readonly pingInterval: number
  readonly maxBytes: number
}

export interface ConnectionListener {
  /** The handshake is over; what is sent now goes. */
  opened (connection: Connection): void
  /** @param text - null for one that is no text */
  message (text: string | null, connection: Connection): void
  /** Called once, whatever happened; nothing comes after it. */
  ended (detail: string): void
}

export interface Connection {
  send (text: string): void
  /** From here on it has no time limit any more, but must answer to pings. */
  ready (): void
  end (detail: string): void
}

/** One WebSocket (RFC 6455), from the first byte to the last. It ends by itself when nobody is at the other end any more. */
export function openConnection ({ url, protocols, headers, tls, timeout, pingInterval, maxBytes }: ConnectionOptions, listener: ConnectionListener): Connection {
  let socket: Socket | null = null
  let isEnded = false
  let isOpen = false
  let failure = ''
  let received = -1
  let pings: NodeJS.Timeout | undefined
  const connect = buildConnector({ timeout, rejectUnauthorized: true, ...tls })
  const agent = new Agent({
    pipelining: 0,
    connect (options, callback) {
      connect(options, (error, connected) => {
        socket = connected
        if (isEnded) connected?.destroy()
        if (error === null) return callback(null, connected as Socket)
        failure = codeOf(error)
        callback(error, null)
      })
    },
    webSocket: { maxPayloadSize: maxBytes }
  })
  const websocket = new WebSocket(url, { protocols: [...protocols], headers: { ...headers }, dispatcher: agent })
  const deadline = setTimeout(() => end('it was not ready in time'), timeout)
  const connection: Connection = { send, ready, end }
  websocket.binaryType = 'arraybuffer'
  websocket.addEventListener('open', () => {
    isOpen = true
    if (!isEnded) listener.opened(connection)
  })
  websocket.addEventListener('message', ({ data }) => { if (!isEnded) listener.message(typeof data === 'string' ? data : null, connection) })
  websocket.addEventListener('close', ({ code }) => {
    if (!isOpen) end(failure === '' ? 'the handshake was refused' : `the connection failed${failure}`)
    else end(code === 1006 ? 'it broke' : `it was closed (${code})`)
  })
  return connection

  function send (text: string): void {
    if (!isEnded) websocket.send(text)
  }

  function ready (): void {
    clearTimeout(deadline)
    if (!isEnded) pings ??= setInterval(askForLife, pingInterval)
  }

  /** RFC 6455 section 5.5.2: whoever is there answers. Of a half-open connection TCP tells nothing for a long time. */
  function askForLife (): void {
    const bytes = socket?.bytesRead ?? 0
    if (bytes === received) return end('nobody answers to pings')
    received = bytes
    ping(websocket)
  }

  function end (detail: string): void {
    if (isEnded) return
    isEnded = true
    clearTimeout(deadline)
    clearInterval(pings)
    try {
      websocket.close()
    } catch {} // It is gone.
    // A closing handshake would wait for somebody who may not be there.
    socket?.destroy()
    agent.destroy().catch(() => {})
    listener.ended(detail)
  }
}

/** What Node or undici calls it, such as ECONNREFUSED: never text from the wire. */
function codeOf (error: Error): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? ` (${code})` : ' (for no known reason)'
}
