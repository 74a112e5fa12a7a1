// A contender that runs, and gets its requests from the load generator.

import { startChild } from './child.ts'
import { usualTraffic, type Contender, type Traffic } from './contender.ts'
import { startLimit, type Scene } from './material.ts'
import type { Observed, Watched } from './observation.ts'
import type { Order } from './load.ts'

export interface Running {
  readonly contender: Contender
  /** The revision whose plugin it runs; null for the working tree. */
  readonly revision: string | null
  /** Sends requests. @returns what the process has seen of itself meanwhile @throws Error when one is refused */
  under (requests: Requests, watched?: Watched): Promise<Observed>
  /** Bytes in use, after collecting garbage. */
  memory (): Promise<number>
  evictNobody (): Promise<Observed>
  end (): Promise<void>
}

export interface Requests {
  readonly count: number
  /** By default as the traffic of the contender says. */
  readonly order?: Order
  readonly traffic?: Traffic
  readonly path?: string
  readonly connections?: number
  /** Whether each connection is used once before it counts. */
  readonly isGreeted?: boolean
}

export interface RunningOptions {
  readonly group: string
  readonly revision?: { readonly name: string, readonly entry: string } | null
}

const answerLimit = 60_000
/** One process has one profile; its name tells whose. */
const profiling = (name: string): string[] => process.env['PROFILE'] === undefined
  ? []
  : ['--cpu-prof', `--cpu-prof-dir=${process.env['PROFILE']}`, `--cpu-prof-name=${name.replace(/[^A-Za-z0-9]+/g, '-')}.cpuprofile`]

/** @throws Error when it does not start */
export async function startContender ({ material, load }: Scene, contender: Contender, { group, revision = null }: RunningOptions): Promise<Running> {
  const name = `${group}: ${contender.name}${revision === null ? '' : ` (${revision.name})`}`
  const server = startChild({
    name,
    file: new URL('server.ts', import.meta.url),
    flags: [...contender.flags ?? [], ...profiling(name)],
    env: revision === null ? {} : { BENCH_PACKAGE: revision.entry }
  })
  const { url } = await server.ask<{ url: string }>({ start: { group, name: contender.name }, material }, startLimit).catch(async (error: unknown) => {
    await server.end()
    throw error
  })
  let sent = 0

  return {
    contender,
    revision: revision?.name ?? null,

    async under ({ count, order = 'spread', traffic = contender.traffic, path = '/accounts', connections = 16, isGreeted = false }, watched = {}) {
      const headers = (format: string) => ({ ...material.headers, ...material.certificateHeaders[format] })
      // The numbers go on, so that a new token is new; but each of the known ones is one from the first on.
      const from = order === 'each' ? 0 : sent
      if (order !== 'each') sent += count
      await load.ask({ open: connections, url }, answerLimit)
      if (isGreeted) {
        const greeting = { ...usualTraffic, known: 1, format: traffic.format }
        await load.ask({ send: connections, from: 0, path, headers: headers(traffic.format), traffic: greeting, order: 'spread' }, answerLimit)
      }
      await server.ask({ observe: watched }, answerLimit)
      const { refused } = await load.ask<{ refused: number }>({ send: count, from, path, headers: headers(traffic.format), traffic, order }, answerLimit + count).catch(async (error: unknown) => {
        // A process that has died says so itself.
        await server.ask({ observed: true }, answerLimit)
        throw error
      })
      const observed = await server.ask<Observed>({ observed: true }, answerLimit)
      await load.ask({ close: true }, answerLimit)
      if (refused > 0) throw new Error(`${refused} of ${count} requests to "${name}" were refused`)
      return observed
    },

    memory: async () => (await server.ask<{ bytes: number }>({ memory: true }, answerLimit)).bytes,
    evictNobody: async () => await server.ask<Observed>({ evictNobody: true }, answerLimit),
    end: server.end
  }
}
