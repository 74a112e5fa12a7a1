import { spawn, type ChildProcess } from 'node:child_process'
import { chownSync, rmSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { shakesHands } from '../../examples/demo/front-nginx.ts'
import { listen } from '../../examples/demo/listen.ts'
import type { Pki } from '../../examples/demo/pki.ts'

export interface ProxyProgram {
  readonly path: string
  /** They stay in the foreground and in one process, so that one id is all there is to end. */
  readonly args: readonly string[]
  /** The configuration, by the name of its file. Paths in it are relative to its folder, where ca.pem and server.pem (with its key) lie. */
  configuration (port: number): Readonly<Record<string, string>>
}

export interface ProxyProcess {
  readonly port: number
  close (): Promise<void>
}

/** Any numeric id will do, and this one has no rights anywhere. */
const nobody = 65534
const isRoot = process.getuid?.() === 0

// No proxy outlives this process, also when that ends without a close(), or by a test runner that lost its patience.
const running = new Map<ChildProcess, string>()
process.on('exit', () => {
  for (const [child, folder] of running) {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})
process.on('SIGTERM', () => process.exit(143))

/** Runs a proxy on a loopback port, in a temporary folder, without rights. */
export async function startProxy (pki: Pki, program: ProxyProgram): Promise<ProxyProcess> {
  // The proxy cannot pick a port itself, and between our choice and its start another process may take the port.
  for (let attempt = 1; ; attempt++) {
    const { port, close } = await listen(createServer())
    await close()
    try {
      return await start(pki, program, port)
    } catch (error) {
      if (attempt === 5 || !/address already in use/i.test(String(error))) throw error
    }
  }
}

async function start (pki: Pki, { path, args, configuration }: ProxyProgram, port: number): Promise<ProxyProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'bound-token-proxy-'))
  const files = { 'ca.pem': pki.ca, 'server.pem': `${pki.server.certificate}${pki.server.key}`, ...configuration(port) }
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), content, { mode: 0o600 })
    if (isRoot) chownSync(join(folder, name), nobody, nobody)
  }
  if (isRoot) chownSync(folder, nobody, nobody)

  const child = spawn(path, args, {
    cwd: folder,
    // Caddy keeps files in the home folder.
    env: { PATH: process.env.PATH, HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...isRoot && { uid: nobody, gid: nobody }
  })
  const complaints = text(child.stderr).catch(() => '')
  const ended = new Promise<void>((resolve) => child.once('error', () => resolve()).once('exit', () => resolve()))
  running.set(child, folder)

  async function close (): Promise<void> {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 1000)
    await ended
    clearTimeout(timer)
    running.delete(child)
    await rm(folder, { recursive: true })
  }

  // The certificate tells that the port is this proxy's, since every test makes an authority of its own.
  const deadline = Date.now() + 10_000
  while (!await shakesHands(port, pki.ca)) {
    const isGone = child.pid === undefined || child.exitCode !== null || child.signalCode !== null
    if (isGone || Date.now() > deadline) {
      await close()
      throw new Error(`${path} did not start: ${await complaints}`)
    }
    await wait(10)
  }
  return { port, close }
}
