import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { listen } from '../demo/listen.ts'
import type { Act, Example, Place } from './example.ts'
import { startGateway } from './gateway.ts'

export interface Row {
  readonly title: string
  readonly expected: string
  readonly actual: string
}

/** An example whose story has been played; everything is still up. */
export interface Played {
  readonly rows: readonly Row[]
  readonly remarks: readonly string[]
  /** Environment variables of the gateway. */
  readonly environment: Readonly<Record<string, string>>
  readonly toTry: string
  close (): Promise<void>
}

export interface PlayOptions {
  /** Where its files are: an absolute path. */
  readonly folder: string
  /** Those that its files name. */
  readonly ports: Readonly<Record<string, number>>
  /** Whether the proxies are stood in for, also where they are installed. Default: false. */
  readonly withoutPrograms?: boolean
}

/** Starts an example and plays its story. */
export async function playExample (example: Example, { folder, ports, withoutPrograms = false }: PlayOptions): Promise<Played> {
  await refuseTakenPorts(ports)
  const closers: Array<() => Promise<unknown>> = []
  const remarks: string[] = []
  const run = join(folder, 'run')
  makeRunFolder(run)
  const forget = (): void => rmSync(run, { recursive: true, force: true })
  process.once('exit', forget)

  async function close (): Promise<void> {
    // All at once: none has to wait for the connections of another.
    await Promise.allSettled(closers.map((each) => each()))
    process.off('exit', forget)
    forget()
  }

  const place: Place = {
    folder,
    run,
    withoutPrograms,
    port: (name) => {
      const port = ports[name]
      if (port === undefined) throw new Error(`no port is named ${name}`)
      return port
    },
    onEnd: (each) => { closers.push(each) },
    remark: (text) => { remarks.push(text) }
  }

  try {
    const { environment = {}, acts, toTry } = await example.setUp(place)
    const gateway = await startGateway(folder, environment, place.onEnd)
    const rows = await play(await acts(gateway))
    return { rows, remarks, environment, toTry: await toTry(), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Before anything is touched: it may be this very example that is running already. */
async function refuseTakenPorts (ports: Readonly<Record<string, number>>): Promise<void> {
  for (const [name, port] of Object.entries(ports)) {
    const { close } = await listen(createServer(), port).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EADDRINUSE' ? new Error(`port ${port}, for ${name}, is in use: does the example run already?`) : error
    })
    await close()
  }
}

/** What an earlier run that was killed may have left is of no use to this one. */
function makeRunFolder (run: string): void {
  rmSync(run, { recursive: true, force: true })
  mkdirSync(run, { mode: 0o700 })
  // Whatever the umask is.
  chmodSync(run, 0o700)
}

async function play (acts: readonly Act[]): Promise<Row[]> {
  const rows: Row[] = []
  for (const { title, expected, play } of acts) rows.push({ title, expected, actual: await play() })
  return rows
}
