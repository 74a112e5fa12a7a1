// Everything that can go wrong between a client, the gateway and an upstream, all at once and again and again: each client is told
// what is so, and afterwards nothing is left.

import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { dial, head, trickle, type Client } from './clients.ts'
import { startScene, type Scene } from './scene.ts'
import { fail, large } from './upstream.ts'

export interface FaultsReport {
  /** How often each fault happened. */
  readonly counts: ReadonlyMap<string, number>
  /** At idle, before and after: connections of clients, to the upstream, open files of the gateway, its octets. */
  readonly before: Idle
  readonly after: Idle
}

export interface Idle {
  readonly clients: number
  readonly upstream: number
  readonly files: number | null
  readonly rss: number
}

type Fault = (client: (options?: { allowHalfOpen?: boolean }) => Client) => Promise<void>

/** The client gets this status and, of a refusal, this code; a whole answer, and the connection stays good. */
function answered (line: string, status: number, code = ''): Fault {
  return async (client) => {
    const { socket, until, received } = client()
    socket.write(head(line))
    await until(status === 200 ? /^HTTP\/1\.1 200 [^]*\r\n\r\n/ : /"code":"[A-Z_]+"[^]*\}$/)
    assert.match(received(), new RegExp(`^HTTP/1\\.1 ${status} [^]*${code}`))
    socket.write(head('GET /whole'))
    await until(/\r\n\r\nwhole$/)
    socket.end()
  }
}

/** The client gets the beginning of a body, and then the connection breaks: the body does not look whole. */
function cut (line: string): Fault {
  return async (client) => {
    const { socket, received, closed } = client()
    socket.write(head(line))
    await closed()
    assert.match(received(), /^HTTP\/1\.1 200 [^]*\r\n\r\nhalf$/)
  }
}

const unavailable = 'FST_BOUND_TOKEN_UPSTREAM_UNAVAILABLE'

export const faults: Readonly<Record<string, Fault>> = {
  'nothing goes wrong': answered('GET /whole', 200),
  'nobody listens upstream': answered('GET /nowhere', 502, unavailable),
  'the upstream resets before headers': answered('GET /reset', 502, unavailable),
  'the upstream resets after headers': answered('GET /reset-after-headers', 502, unavailable),
  'the upstream hangs': answered('GET /impatient', 504, 'FST_BOUND_TOKEN_UPSTREAM_TIMEOUT'),
  'the upstream resets mid-body': cut('GET /reset-mid-body'),
  'the upstream closes its half mid-body': cut('GET /half-closed-mid-body'),

  async 'a slow client' (client) {
    const { socket, until } = client()
    await trickle(socket, head('POST /count', { 'content-length': '400' }) + 'y'.repeat(400), 97)
    await until('got 400')
    socket.end()
  },

  async 'a slow reader' (client) {
    const { socket, received, until } = client()
    socket.write(head('GET /large', { connection: 'close' }))
    for (let i = 0; i < 5; i++) {
      await wait(20)
      socket.pause()
      await wait(20)
      socket.resume()
    }
    await until(/x$/)
    while (received().length < large && !socket.closed) await wait(20)
    assert.ok(received().length > large, 'the body was cut')
  },

  async 'a client that leaves mid-upload' (client) {
    const { socket } = client()
    socket.write(head('POST /echo', { 'content-length': '1000000' }) + 'y'.repeat(100_000))
    await wait(20)
    socket.resetAndDestroy()
  },

  async 'a client that leaves mid-download' (client) {
    const { socket, until } = client()
    socket.write(head('GET /large'))
    await until('xxxx')
    socket.destroy()
  },

  async 'a client that leaves before the answer' (client) {
    const { socket } = client()
    socket.write(head('GET /impatient'))
    await wait(20)
    socket.destroy()
  },

  async 'a client that leaves while an answer drips' (client) {
    const { socket, until } = client()
    socket.write(head('GET /drip'))
    await until(/\.\r\n/)
    socket.resetAndDestroy()
  },

  // Node takes it for one that has left, unless it is told otherwise.
  async 'a client that closes its half before the answer' (client) {
    const { socket, received, closed } = client({ allowHalfOpen: true })
    socket.on('end', () => socket.end())
    socket.end(head('GET /drip'))
    await closed()
    assert.doesNotMatch(received(), /last/)
  },

  async 'a client that closes its half mid-upload' (client) {
    const { socket, closed, received } = client({ allowHalfOpen: true })
    socket.on('end', () => socket.end())
    socket.end(head('POST /echo', { 'content-length': '1000' }) + 'half')
    await closed()
    assert.doesNotMatch(received(), /^HTTP\/1\.1 200 [^]*0\r\n\r\n$/, 'half a body was taken for one')
  },

  async 'pipelined requests are answered in order' (client) {
    const { socket, until } = client()
    socket.write(head('GET /drip') + head('GET /whole') + head('GET /nowhere') + head('GET /whole', { connection: 'close' }))
    await until(/^HTTP\/1\.1 200 [^]*last[^]*HTTP\/1\.1 200 [^]*whole[^]*HTTP\/1\.1 502 [^]*HTTP\/1\.1 200 [^]*whole$/)
  },

  async 'garbage behind a request' (client) {
    const { socket, until, closed } = client()
    socket.write(`${head('GET /whole')}\0\x01 garbage ${'z'.repeat(1000)}\r\n\r\n`)
    await until(/HTTP\/1\.1 400 /)
    await closed()
  },

  async 'a client that asks before it sends its body' (client) {
    const { socket, until } = client()
    socket.write(head('POST /echo', { 'content-length': '5', expect: '100-continue' }))
    await until('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write('asked')
    await until(/HTTP\/1\.1 200 [^]*asked/)
    socket.end()
  },

  async 'a client without a token' (client) {
    const { socket, until } = client()
    socket.write('POST /echo HTTP/1.1\r\nhost: gateway\r\ncontent-length: 100000\r\n\r\n' + 'y'.repeat(1000))
    await until(/^HTTP\/1\.1 401 /)
    socket.destroy()
  }
}

/**
 * @param isOver - asked before each fault
 * @param width - how many at a time
 */
export async function runFaults (isOver: () => boolean, width: number): Promise<FaultsReport> {
  const scene = await startScene(fail)
  const counts = new Map<string, number>()
  const names = Object.keys(faults)
  let next = 0
  try {
    for (let i = 0; i < 3; i++) await make('nothing goes wrong')
    const before = await idle(scene, null)
    await Promise.all(Array.from({ length: width }, async () => {
      while (!isOver()) await make(names[next++ % names.length] as string)
    }))
    const after = await idle(scene, before.files)
    await make('nothing goes wrong')
    const { errors } = await scene.usage()
    assert.deepEqual(errors, [])
    assert.ok(scene.isAlive())
    return { counts, before, after }
  } finally {
    await scene.close()
  }

  async function make (name: string): Promise<void> {
    const clients: Client[] = []
    try {
      await (faults[name] as Fault)((options) => {
        const client = dial(scene.port, options)
        clients.push(client)
        return client
      })
      counts.set(name, (counts.get(name) ?? 0) + 1)
    } catch (cause) {
      throw new Error(`${name}: ${(cause as Error).message}`, { cause })
    } finally {
      for (const { socket } of clients) socket.destroy()
    }
  }
}

/** Waits until no connection is left, and no more files are open than before; kept connections to the upstream are closed for that. */
async function idle (scene: Scene, filesBefore: number | null): Promise<Idle> {
  let now = await look(scene)
  for (let i = 0; i < 200 && !isIdle(now); i++) {
    await wait(50)
    now = await look(scene)
  }
  assert.ok(isIdle(now), `something was left: ${JSON.stringify({ filesBefore, now })}`)
  return now

  function isIdle ({ clients, upstream, files }: Idle): boolean {
    return clients === 0 && upstream === 0 && (filesBefore === null || (files ?? 0) <= filesBefore)
  }
}

async function look (scene: Scene): Promise<Idle> {
  scene.upstream.closeIdleConnections()
  const [{ clients, files, rss }, upstream] = [await scene.forget(), await scene.upstreamConnections()]
  return { clients, upstream, files, rss }
}
