import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { connect } from 'node:net'
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
const patience = 2000

interface Line { readonly decision?: { readonly reason?: string | null } }

/**
 * @param listening - the port or the path of the unix socket that its file names
 */
export async function startGateway (folder: string, listening: number | string, environment: Readonly<Record<string, string>>, onEnd: (close: () => Promise<unknown>) => void): Promise<Gateway> {
  const program = startProgram(process.execPath, [command, 'gateway.json'], { directory: folder, environment: { ...process.env, ...environment }, isHeard: true })
  onEnd(program.close)
  const lines: string[] = []
  const refusals: string[] = []
  const reader = createInterface({ input: program.child.stdout as NonNullable<typeof program.child.stdout> })
  reader.on('line', (line) => {
    lines.push(line)
    const reason = reasonIn(line)
    if (reason === null) return
    refusals.push(reason)
    reader.emit('refusal')
  })
  await program.until(async () => await accepts(listening))

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

function reasonIn (line: string): string | null {
  try {
    return (JSON.parse(line) as Line).decision?.reason ?? null
  } catch {
    return null
  }
}

async function accepts (listening: number | string): Promise<boolean> {
  const socket = typeof listening === 'number' ? connect(listening, '127.0.0.1') : connect(listening)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
