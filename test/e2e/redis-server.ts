import { spawn, type ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { listen } from '../../examples/demo/listen.ts'
import { findProgram } from '../../examples/shared/program.ts'

export const redisServer = findProgram('redis-server') ?? findProgram('valkey-server')

export interface RedisServer {
  readonly port: number
  readonly url: string
  /** As if the machine had been switched off. */
  kill (): Promise<void>
  /** On the same port again, with nothing kept. */
  start (): Promise<void>
  /** Connections stay, and nobody answers. */
  pause (): void
  resume (): void
  close (): Promise<void>
}

// No server outlives this process.
const running = new Map<ChildProcess, string>()
process.on('exit', () => {
  for (const [child, folder] of running) {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})

/** Runs redis-server on a loopback port, in a temporary folder, with nothing on disk. */
export async function startRedis (args: readonly string[] = []): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'bound-token-redis-'))
  let port = 0
  let child = await startAnywhere()

  return {
    get port () { return port },
    get url () { return `redis://127.0.0.1:${port}` },
    async kill () { await end('SIGKILL') },
    async start () { child = await spawnOn(port) },
    pause () { child.kill('SIGSTOP') },
    resume () { child.kill('SIGCONT') },
    async close () {
      await end('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    }
  }

  async function end (signal: NodeJS.Signals): Promise<void> {
    running.delete(child)
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }

  /** The server cannot pick a port itself, and between our choice and its start another process may take the port. */
  async function startAnywhere (): Promise<ChildProcess> {
    for (let attempt = 1; ; attempt++) {
      const { port: free, close } = await listen(createServer())
      await close()
      port = free
      try {
        return await spawnOn(port)
      } catch (error) {
        if (attempt === 5) throw error
      }
    }
  }

  async function spawnOn (port: number): Promise<ChildProcess> {
    const common = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no', '--dir', folder]
    const isTls = args.includes('--tls-port')
    const started = spawn(redisServer as string, [...isTls ? ['--port', '0'] : ['--port', String(port)], ...common, ...args.map((arg) => arg === '{port}' ? String(port) : arg)], { stdio: ['ignore', 'pipe', 'ignore'] })
    running.set(started, folder)
    const said = text(started.stdout).catch(() => '')
    const deadline = Date.now() + 10_000
    while (!await isListening(port)) {
      if (started.exitCode !== null || started.signalCode !== null || Date.now() > deadline) {
        started.kill('SIGKILL')
        running.delete(started)
        throw new Error(`redis-server did not start: ${await said}`)
      }
      await wait(10)
    }
    return started
  }
}

function isListening (port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false)).once('connect', () => socket.destroy())
  })
}
