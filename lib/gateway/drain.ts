import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Traffic } from './traffic.ts'

/** Milliseconds between two looks. */
const lookEvery = 20

/**
 * Waits for the answers that are under way, on a server that takes no more connections. A client that keeps a connection may be sending
 * its next request at this moment: it gets its answer, with `connection: close`. Only after a moment without requests idle ones are closed.
 *
 * @param moment - milliseconds
 * @param timeout - milliseconds after which what is left is given up
 * @returns whether everybody got an answer
 */
export async function drain (server: Server, answers: Traffic, moment: number, timeout: number): Promise<boolean> {
  const deadline = performance.now() + timeout
  answers.closeWithAnswers()
  while (!answers.isQuietFor(moment) && await connectionsOf(server) > 0) {
    if (performance.now() >= deadline) return answers.size === 0
    await sleep(lookEvery)
  }
  return true
}

async function connectionsOf (server: Server): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.getConnections((error, count) => error === null ? resolve(count) : reject(error))
  })
}
