import type { Server } from 'node:http'
import { Server as TlsServer } from 'node:tls'

/**
 * Reads the address of each peer before Node's HTTP code handles the socket. Node remembers it on the socket, and a property that
 * comes later gives the socket another shape: all that Node does with it afterwards is slower, by 4 % of a request as measured.
 * Once for a server, however many scopes it has and applications it serves one after the other.
 */
export function readPeerAddresses (server: Pick<Server, 'listeners' | 'prependListener'>): void {
  const event = server instanceof TlsServer ? 'secureConnection' : 'connection'
  if (!server.listeners(event).includes(addressOf)) server.prependListener(event, addressOf)
}

/** The getter remembers it. */
function addressOf (socket: { readonly remoteAddress?: string | undefined }): string | undefined {
  return socket.remoteAddress
}
