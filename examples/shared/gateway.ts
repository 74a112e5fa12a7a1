import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { request, type RequestOptions } from '../demo/request.ts'
import { startProgram } from './program.ts'

/** The gateway as a process of its own, started as its users start it. */
export interface Gateway {
  /** Everything that it has written to its log. */
  log (): string
  /** Sends a request, here or to the proxy in front of it. Gives the status, and the reason of a refusal, which only the log has. */
  outcome (options: RequestOptions): Promise<string>
}

const command = fileURLToPath(new URL('../../dist/lib/cli.js', import.meta.url))
/** Milliseconds for a line of the log to arrive after the answer. */
const patience = 10_000

interface Line { readonly msg?: string, readonly decision?: { readonly reason?: string | null } }

/** @param folder - where its gateway.json is */
export async function startGateway (folder: string, environment: Readonly<Record<string, string>>, onEnd: (close: () => Promise<unknown>) => void): Promise<Gateway> {
  const program = startProgram(process.execPath, [command, 'gateway.json'], { directory: folder, environment: { ...process.env, ...environment }, isHeard: true })
  onEnd(program.close)
  const lines: string[] = []
  const refusals: string[] = []
  const reader = createInterface({ input: program.child.stdout as NonNullable<typeof program.child.stdout> })
  reader.on('line', (line) => {
    lines.push(line)
    const { reason } = read(line).decision ?? {}
    if (typeof reason !== 'string') return
    refusals.push(reason)
    reader.emit('refusal')
  })
  await program.until(async () => lines.some(isListening))

  return {
    log: () => lines.join('\n'),
    async outcome (options) {
      refusals.length = 0
      const { status } = await request(options)
      if (status < 400) return String(status)
      if (refusals.length === 0) await once(reader, 'refusal', { signal: AbortSignal.timeout(patience) }).catch(() => {})
      return [status, ...refusals].join(' ')
    }
  }
}

const read = (line: string): Line => JSON.parse(line) as Line
const isListening = (line: string): boolean => read(line).msg?.startsWith('listening at ') === true

/** `--check`: the exit code, and what was said. */
export async function checkFile (path: string, environment: Readonly<Record<string, string>> = {}): Promise<{ readonly code: number | null, readonly complaint: string }> {
  const child = spawn(process.execPath, [command, '--check', path], { env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'pipe'], timeout: 30_000 })
  const [complaint] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { code: child.exitCode, complaint }
}
