import { usualTraffic, type Contender } from '../contender.ts'
import { plain } from '../contenders/fastify.ts'
import { guarded } from '../contenders/guarded.ts'
import type { Measurement } from '../measurement.ts'
import type { Figure } from '../result.ts'

const traffic = { ...usualTraffic, hitPercent: 0 }
const contenders: readonly Contender[] = [plain(traffic), guarded('guarded', {}, { traffic })]
const connections = 256

export const flood: Measurement = {
  name: 'flood',
  about: `nothing but new tokens, ${connections} requests at a time`,
  contenders,

  async measure ({ rounds, requests, start }) {
    const figures: Figure[] = []
    for (const contender of contenders) {
      const running = await start(contender)
      const run = async () => await running.under({ count: 2 * requests, connections, isGreeted: true }, { delay: true })
      await run()
      const delays = []
      for (let n = 0; n < Math.min(rounds, 7); n++) delays.push((await run()).delay)
      const figure = (what: string, values: readonly number[]): Figure => ({ group: 'flood', name: contender.name, what, unit: 'ms', of: 'most', values })
      figures.push(
        figure('delay of the event loop, 99 %', delays.map((delay) => delay?.p99 ?? 0)),
        figure('delay of the event loop, longest', delays.map((delay) => delay?.most ?? 0))
      )
      await running.end()
    }
    return figures
  }
}
