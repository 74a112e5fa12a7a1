import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'

/** A program beside this process: a TLS proxy, or the gateway. */
export interface Program {
  readonly child: ChildProcess
  /** Waits until it is there. Rejects with what it complained of when it ends before, or takes too long. */
  until (isReady: () => Promise<boolean>): Promise<void>
  /** Tells it to end, and makes it end when it does not. */
  close (): Promise<void>
}

export interface ProgramOptions {
  readonly directory: string
  readonly environment?: NodeJS.ProcessEnv
  /** Whether its standard output is read by whoever starts it; else nobody sees it. */
  readonly isHeard?: boolean
}

// No program outlives this process, also when that ends without a close().
const running = new Set<ChildProcess>()
process.on('exit', () => { for (const child of running) child.kill('SIGKILL') })

export function findProgram (name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']
  return folders.filter(Boolean).map((folder) => join(folder, name)).find(isExecutable) ?? null
}

function isExecutable (path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export function startProgram (path: string, args: readonly string[], { directory, environment, isHeard = false }: ProgramOptions): Program {
  const child = spawn(path, args, { cwd: directory, env: environment, stdio: ['ignore', isHeard ? 'pipe' : 'ignore', 'pipe'] })
  const complaints = text(child.stderr as NonNullable<typeof child.stderr>).catch(() => '')
  const ended = new Promise<void>((resolve) => child.once('error', () => resolve()).once('exit', () => resolve()))
  running.add(child)
  ended.then(() => running.delete(child), () => {})

  const hasEnded = (): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null

  async function close (): Promise<void> {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
    await ended
    clearTimeout(timer)
  }

  return {
    child,
    async until (isReady) {
      const deadline = Date.now() + 30_000
      while (!await isReady()) {
        if (!hasEnded() && Date.now() < deadline) {
          await wait(10)
          continue
        }
        await close()
        throw new Error(`${path} did not start: ${await complaints}`)
      }
    },
    close
  }
}
