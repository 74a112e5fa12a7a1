import { lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Server } from 'node:net'

/**
 * Takes a socket file away that a process has left which was killed. One on which somebody listens stays, and so does whatever
 * is no socket: to listen there then fails.
 */
export async function removeStaleSocket (path: string): Promise<void> {
  const found = await lstat(path).catch(() => null)
  if (found !== null && found.isSocket() && await isRefused(path)) await unlink(path)
}

async function isRefused (path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => { socket.destroy(); resolve(false) })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'))
  })
}

/** Listens on a socket file that only its user and group may use: from the start, since the file is made within this call. */
export function listenOnSocket (server: Server, path: string): void {
  const mask = process.umask(0o117)
  try {
    server.listen(path)
  } finally {
    process.umask(mask)
  }
}
