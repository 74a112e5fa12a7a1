import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls'

/** Where and how the probe connects. */
export interface Front {
  readonly url: URL
  /** Instead of the host and port of the URL. */
  readonly connectTo: { readonly host: string, readonly port: number } | null
  readonly servername: string | null
  readonly ca: string | null
  /** Milliseconds, for a connection and what is asked on it. */
  readonly timeout: number
}

export interface ClientIdentity {
  readonly certificate: string
  readonly key: string
}

/** A connection that is ready, with a certificate of the client or without. Certificates and names of the server are always verified. */
export async function connect (front: Front, identity: ClientIdentity | null, protocol: 'http/1.1' | 'h2'): Promise<Socket | TLSSocket> {
  const { url, connectTo, servername, ca, timeout } = front
  const isTls = url.protocol === 'https:'
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const to = connectTo ?? { host: hostname, port: Number(url.port) || (isTls ? 443 : 80) }
  const name = servername ?? hostname
  const socket = isTls
    ? connectTls({
      ...to,
      // With h2 alone, a front that does not speak it may break the handshake off.
      ALPNProtocols: protocol === 'h2' ? ['h2', 'http/1.1'] : ['http/1.1'],
      // An address is no server name, but must stand in the certificate all the same.
      servername: isIP(name) === 0 ? name : '',
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
      ...ca !== null && { ca },
      ...identity !== null && { cert: identity.certificate, key: identity.key }
    })
    : connectTcp(to)
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => { socket.destroy(timedOut('no connection', timeout)) }, timeout)
    const end = (): void => clearTimeout(timer)
    socket.once('error', (error) => { end(); reject(error) })
    socket.once('close', () => { end(); reject(new Error('the connection was closed')) })
    socket.once(isTls ? 'secureConnect' : 'connect', () => { end(); resolve(socket) })
  })
}

export function timedOut (what: string, timeout: number): Error {
  return Object.assign(new Error(`${what} within ${timeout} ms`), { code: 'ETIMEDOUT' })
}
