import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Act, Example, Place, Setting } from './example.ts'
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
  readonly toTry: string
  close (): Promise<void>
}

/**
 * Starts an example and plays its story.
 *
 * @param folder - where its files are: an absolute path
 * @param ports - those that its files name
 */
export async function playExample (example: Example, folder: string, ports: Readonly<Record<string, number>>): Promise<Played> {
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
    port: (name) => {
      const port = ports[name]
      if (port === undefined) throw new Error(`no port is named ${name}`)
      return port
    },
    onEnd: (each) => { closers.push(each) },
    remark: (text) => { remarks.push(text) }
  }

  try {
    const setting = await example.setUp(place)
    const rows = await play(await actsOf(setting, place))
    return { rows, remarks, toTry: await setting.toTry(), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What an earlier run that was killed may have left is of no use to this one. */
function makeRunFolder (run: string): void {
  rmSync(run, { recursive: true, force: true })
  mkdirSync(run, { mode: 0o700 })
  // Whatever the umask is.
  chmodSync(run, 0o700)
}

async function actsOf ({ environment = {}, acts }: Setting, { folder, onEnd }: Place): Promise<readonly Act[]> {
  return await acts(await startGateway(folder, environment, onEnd))
}

async function play (acts: readonly Act[]): Promise<Row[]> {
  const rows: Row[] = []
  for (const { title, expected, play } of acts) rows.push({ title, expected, actual: await play() })
  return rows
}
