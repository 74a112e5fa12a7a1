import { usualTraffic, type Contender } from '../contender.ts'
import { plain } from '../contenders/fastify.ts'
import { guarded } from '../contenders/guarded.ts'
import type { Measurement } from '../measurement.ts'
import type { Watched } from '../observation.ts'
import type { Figure } from '../result.ts'

const contenders: readonly Contender[] = [plain(usualTraffic), guarded('guarded')]
const requests = 1000
const late = { ...usualTraffic, tokens: 'late' } as const

/** All at once, each on a connection of its own that was used before; the answer about the token takes longer than all need to ask. */
export const stampede: Measurement = {
  name: 'stampede',
  about: `${requests} requests at a time with one new token`,
  contenders,

  async measure ({ scene, rounds, start }) {
    const figures: Figure[] = []
    const runs = Math.min(rounds, 7)
    for (const contender of contenders) {
      const running = await start(contender)
      const rush = async (watched: Watched) => await running.under({ count: requests, order: 'same', traffic: late, connections: requests, isGreeted: true }, watched)
      const callsOf = async (): Promise<number> => (await scene.authorizationServer.ask<{ calls: number }>({ calls: true }, 10_000)).calls
      await rush({})
      await rush({})
      const [cpu, calls, timers, p99, most]: [number[], number[], number[], number[], number[]] = [[], [], [], [], []]
      for (let run = 0; run < runs; run++) {
        const before = await callsOf()
        cpu.push((await rush({})).cpu / requests)
        // The greeting has a token that is known by now.
        calls.push(await callsOf() - before)
        const { delay } = await rush({ delay: true })
        p99.push(delay?.p99 ?? 0)
        most.push(delay?.most ?? 0)
        // Watching for timers costs more than they do.
        if (run < 3) timers.push((await rush({ timers: true })).timers ?? 0)
      }
      const figure = (what: string, unit: Figure['unit'], of: Figure['of'], values: readonly number[]): Figure => ({ group: 'stampede', name: contender.name, what, unit, of, values })
      figures.push(
        figure('CPU a request', 'µs', 'median', cpu),
        ...contender.isOurs ? [figure('calls of the authorization server', '', 'most', calls)] : [],
        figure('timers', '', 'most', timers),
        figure('delay of the event loop, 99 %', 'ms', 'most', p99),
        figure('delay of the event loop, longest', 'ms', 'most', most)
      )
      await running.end()
    }
    return figures
  }
}
