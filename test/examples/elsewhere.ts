import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { listen } from '../../examples/demo/listen.ts'
import type { Example } from '../../examples/shared/example.ts'

// The files of the examples name fixed ports, all of this form. A test uses others, so that two may run at a time.
const fixedPort = /\b18\d{3}\b/g

/** Copies the files of an example to another folder: as they are, but for the ports. Gives the ports that are there now. */
export async function copyFiles ({ files, ports }: Example, from: string, to: string): Promise<Record<string, number>> {
  const free = await freePorts(ports)
  const named = new Set<number>()
  const nameOf = new Map(Object.entries(ports).map(([name, port]) => [port, name]))
  for (const file of files) {
    const text = readFileSync(join(from, file), 'utf8')
    writeFileSync(join(to, file), text.replace(fixedPort, (digits) => {
      const name = nameOf.get(Number(digits))
      assert.ok(name !== undefined, `${file} names the port ${digits}, which the example does not`)
      named.add(Number(digits))
      return String(free[name])
    }))
  }
  assert.deepEqual([...named].sort(), Object.values(ports).sort(), 'the files name every port')
  return free
}

/**
 * Below those that the system gives away by itself. Each example has a range of its own, since their tests run at a time, and
 * begins somewhere in it, since two checkouts may be tested at a time.
 */
async function freePorts (fixed: Readonly<Record<string, number>>): Promise<Record<string, number>> {
  const ports: Record<string, number> = {}
  let port = 20_000 + (Math.min(...Object.values(fixed)) - 18_100) * 20 + Math.floor(Math.random() * 1900)
  for (const name of Object.keys(fixed)) {
    while (!await isFree(++port));
    ports[name] = port
  }
  return ports
}

async function isFree (port: number): Promise<boolean> {
  const server = createServer()
  try {
    const { close } = await listen(server, port)
    await close()
    return true
  } catch {
    return false
  }
}
