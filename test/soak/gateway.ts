// The process that is watched: Fastify, the plugin with its guard, and routes to one upstream.

import { readdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import boundToken, { forward } from '../../lib/index.ts'
import { optionsFor } from '../guard/protected-app.ts'

export interface Setup {
  readonly authorizationServer: string
  readonly upstream: string
  /** Where nobody listens. */
  readonly nowhere: string
}

/** Milliseconds that the upstream behind `/impatient` may take. */
export const impatience = 300

export interface Usage {
  /** Octets now, and the most since `forget`. */
  readonly rss: number
  readonly mostRss: number
  /** Connections of clients. */
  readonly clients: number
  /** Open files of the process, sockets among them; null where the system does not say. */
  readonly files: number | null
  /** Lines that were logged as an error, or worse, but those that say that the upstream could not be reached; ten at the most. */
  readonly errors: readonly string[]
}

export type Command = Setup | 'usage' | 'forget'

const errors: string[] = []
let mostRss = 0

function note (line: string): void {
  if (!line.includes('"code":"FST_BOUND_TOKEN_UPSTREAM_') && errors.length < 10) errors.push(line)
}

async function start ({ authorizationServer, upstream, nowhere }: Setup): Promise<number> {
  const app = Fastify({ logger: { level: 'error', stream: { write: note } }, bodyLimit: 1024 })
  await app.register(boundToken, optionsFor(authorizationServer))
  const to = (url: string, timeout: number): object => ({ config: { boundToken: { upstream: { url, timeout, headers: { 'x-subject': { claim: 'sub' } } } } } })
  app.all('/nowhere', to(nowhere, 5000), forward)
  app.all('/impatient', to(upstream, impatience), forward)
  app.all('/*', to(upstream, 5000), forward)
  app.addHook('onReady', async () => {
    setInterval(() => { mostRss = Math.max(mostRss, process.memoryUsage.rss()) }, 20).unref()
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  count = () => new Promise((resolve) => app.server.getConnections((_error, clients) => resolve(clients)))
  return (app.server.address() as AddressInfo).port
}

let count: () => Promise<number> = async () => 0

async function usage (): Promise<Usage> {
  return { rss: process.memoryUsage.rss(), mostRss, clients: await count(), files: openFiles(), errors }
}

function openFiles (): number | null {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return null
  }
}

process.on('message', async (command: Command) => {
  if (command === 'forget') {
    globalThis.gc?.()
    mostRss = 0
  }
  process.send?.(typeof command === 'object' ? await start(command) : await usage())
})
process.on('disconnect', () => process.exit())
