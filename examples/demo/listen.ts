import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'

export interface Listener {
  readonly port: number
  /** Ends every connection at once, idle or not, and resolves when the port is free again. */
  close (): Promise<void>
}

/** Listens on the loopback interface; port 0 means any free port. */
export async function listen (server: Server, port = 0): Promise<Listener> {
  // closeAllConnections() of node:http does not know a TLS connection before the end of its handshake.
  const sockets = new Set<Socket>()
  const remember = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }

  server.on('connection', remember)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    async close () {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
      server.off('connection', remember)
    }
  }
}
