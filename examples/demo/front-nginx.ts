import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { findProgram } from '../shared/program.ts'
import type { Front, FrontOptions } from './front.ts'
import { listen } from './listen.ts'
import { nginxConfiguration } from './nginx-configuration.ts'

export interface NginxFrontOptions extends FrontOptions {
  /** An existing directory; everything that nginx writes stays in it. */
  readonly directory: string
  /** Further lines of the `server` block. */
  readonly extraServerDirectives?: string
}

export const findNginx = (): string | null => findProgram('nginx')

export async function startNginxFront (options: NginxFrontOptions): Promise<Front> {
  const binary = findNginx()
  if (binary === null) throw new Error('nginx is not installed')
  await writeFiles(options)

  // nginx cannot pick a port itself, and between our choice and its start another process may take the port.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    try {
      return await start(binary, port, options)
    } catch (error) {
      if (attempt === 5 || !String(error).includes('Address already in use')) throw error
    }
  }
}

async function writeFiles ({ directory, pki }: NginxFrontOptions): Promise<void> {
  await mkdir(join(directory, 'temp'), { recursive: true })
  await writeFile(join(directory, 'ca.pem'), pki.ca)
  await writeFile(join(directory, 'server.pem'), pki.server.certificate)
  await writeFile(join(directory, 'server.key'), pki.server.key, { mode: 0o600 })
}

async function freePort (): Promise<number> {
  const { port, close } = await listen(createServer())
  await close()
  return port
}

async function start (binary: string, port: number, options: NginxFrontOptions): Promise<Front> {
  const { directory, pki } = options
  await writeFile(join(directory, 'nginx.conf'), nginxConfiguration(port, options))
  await rm(join(directory, 'nginx.pid'), { force: true })

  const args = ['-p', `${directory}/`, '-c', 'nginx.conf', '-e', 'error.log']
  const nginx = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const complaints = text(nginx.stderr).catch(() => '')
  const ended = new Promise<void>((resolve) => nginx.once('error', () => resolve()).once('exit', () => resolve()))
  // Also when this process ends without a close(): by process.exit() or an uncaught error.
  const endWithUs = () => { nginx.kill('SIGKILL') }
  process.once('exit', endWithUs)

  async function close (): Promise<void> {
    nginx.kill('SIGTERM')
    const timer = setTimeout(endWithUs, 5000)
    await ended
    clearTimeout(timer)
    process.off('exit', endWithUs)
  }

  try {
    await ready(nginx, directory, port, pki.ca)
  } catch (cause) {
    await close()
    throw new Error(`nginx did not start: ${await complaints || await errorLog(directory)}`, { cause })
  }
  return { kind: 'nginx', url: `https://localhost:${port}`, port, close }
}

// The pid file says that the port is nginx's own and not that of a process which was faster.
async function ready (nginx: ChildProcess, directory: string, port: number, ca: string): Promise<void> {
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline) {
    const isGone = nginx.pid === undefined || nginx.exitCode !== null || nginx.signalCode !== null
    if (isGone) throw new Error('nginx ended early')
    if (await readPid(directory) === nginx.pid && await shakesHands(port, ca)) return
    await sleep(10)
  }
  throw new Error('nginx took too long')
}

async function readPid (directory: string): Promise<number> {
  return Number(await readFile(join(directory, 'nginx.pid'), 'utf8').catch(() => NaN))
}

/** Whether a server with a certificate of this authority answers at the port. */
export async function shakesHands (port: number, ca: string): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' })
  try {
    await once(socket, 'secureConnect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function errorLog (directory: string): Promise<string> {
  return await readFile(join(directory, 'error.log'), 'utf8').catch(() => 'it left no error log')
}
