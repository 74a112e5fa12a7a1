import { once } from 'node:events'
import type { FastifyBaseLogger } from 'fastify'
import { spawn, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import { gatewayOf, type Gateway } from '../../lib/gateway/gateway.ts'
import type { GatewayOptions } from '../../lib/options.ts'
import { folderOf } from './gateway-file.ts'

const command = new URL('../../lib/cli.ts', import.meta.url).pathname
// With the loader that this test itself was started with.
const loader = process.execArgv.filter((argument, index, all) => /^(--import|--disable-warning)/.test(argument) || all[index - 1] === '--import')

export interface LogLine { level: number, msg: string, [name: string]: unknown }

export interface Command {
  readonly child: ChildProcess
  /** What it has written so far. */
  readonly stdout: string[]
  readonly stderr: string[]
  /** Resolves with the first line, also one of before, of which this holds. */
  line (holds: (line: LogLine) => boolean): Promise<LogLine>
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>
}

/** The command as a process of its own, in the sources. It ends with the test. */
export function startCommand (t: TestContext, args: readonly string[], env: Record<string, string> = {}, more: readonly string[] = []): Command {
  const child = spawn(process.execPath, [...loader, ...more, command, ...args], { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'close').then(([code]) => code as number | null)
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const stdout: string[] = []
  const stderr: string[] = []
  const waiting = new Set<(line: string) => void>()
  createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
    stdout.push(line)
    for (const tell of waiting) tell(line)
  })
  createInterface(child.stderr as NodeJS.ReadableStream).on('line', (line) => stderr.push(line))
  return {
    child,
    stdout,
    stderr,
    exited,
    async line (holds) {
      const found = (line: string): boolean => line.startsWith('{') && holds(JSON.parse(line) as LogLine)
      const before = stdout.find(found)
      if (before !== undefined) return JSON.parse(before) as LogLine
      const line = await Promise.race([
        new Promise<string>((resolve) => waiting.add((each) => { if (found(each)) resolve(each) })),
        exited.then((code) => { throw new Error(`it ended with ${code}: ${[...stdout, ...stderr].join('\n')}`) })
      ])
      return JSON.parse(line) as LogLine
    }
  }
}

export interface GatewayProcess extends Command {
  readonly origin: string
  readonly file: string
  /** Puts other options into the file. */
  write (options: object): void
}

/** A gateway as a process, listening. */
export async function startGateway (t: TestContext, options: object, env: Record<string, string> = {}): Promise<GatewayProcess> {
  const file = join(folderOf(t), 'gateway.json')
  const write = (changed: object): void => writeFileSync(file, JSON.stringify(changed))
  write(options)
  const started = startCommand(t, [file], env)
  const { msg } = await started.line(({ msg }) => msg.startsWith('listening at'))
  return { ...started, origin: msg.replace('listening at ', ''), file, write }
}

export interface GatewayHere {
  readonly gateway: Gateway
  readonly origin: string
  readonly port: number
  readonly logged: string[]
}

/** A gateway in this process, listening. */
export async function gatewayHere (t: TestContext, options: object): Promise<GatewayHere> {
  const logged: string[] = []
  const { log } = Fastify({ logger: { level: 'trace', stream: { write: (line: string) => { logged.push(line) } } } })
  const gateway = await gatewayOf(options as GatewayOptions, log as FastifyBaseLogger)
  t.after(async () => {
    gateway.server.closeAllConnections()
    await gateway.end()
  })
  const origin = await gateway.listen()
  return { gateway, origin, port: Number(new URL(origin).port), logged }
}

/** A server that answers as a test wants; its origin. */
export async function startUpstream (t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
