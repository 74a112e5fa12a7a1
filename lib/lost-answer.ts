import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const answersOf = new WeakMap<Socket, Set<ServerResponse>>()

/**
 * Sees to it that an answer closes with the connection of its client. Node does so for the one that has the connection; the
 * answer to a pipelined request (RFC 9112 section 9.3.2), which waits for its turn, would hear of nothing, and whoever waits for
 * it to be read or to end would wait for ever.
 */
export function closeWithConnection ({ socket }: IncomingMessage, response: ServerResponse): void {
  const answers = answersOf.get(socket) ?? follow(socket)
  if (answers.has(response)) return
  answers.add(response)
  response.once('close', () => answers.delete(response))
}

function follow (socket: Socket): Set<ServerResponse> {
  const answers = new Set<ServerResponse>()
  answersOf.set(socket, answers)
  socket.once('close', () => {
    for (const answer of answers) {
      if (answer.socket !== null) continue
      answer.destroy()
      answer.emit('close')
    }
  })
  return answers
}
