import { usualTraffic, type Contender } from '../contender.ts'
import { plain } from '../contenders/fastify.ts'
import { guarded } from '../contenders/guarded.ts'
import type { Measurement } from '../measurement.ts'
import type { Figure } from '../result.ts'

// A young generation with room for all that a round allocates: without a collection, what the heap has grown by is what was allocated.
const flags = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256']
const signed = { ...usualTraffic, tokens: 'signed' } as const

const contenders: readonly Contender[] = [
  { ...plain(usualTraffic), flags },
  guarded('guarded, opaque token known', {}, { flags }),
  guarded('guarded, JWT known', { issuer: 'signed' }, { traffic: signed, flags })
]

export const allocation: Measurement = {
  name: 'allocation',
  about: 'bytes of the heap that a request allocates, Node\'s and Fastify\'s own with them',
  contenders,

  async measure ({ rounds, requests, start }) {
    const figures: Figure[] = []
    for (const contender of contenders) {
      const running = await start(contender)
      await running.under({ count: contender.traffic.known, order: 'each' })
      for (let warmUp = 0; warmUp < 4; warmUp++) await running.under({ count: requests })
      const values: number[] = []
      for (let round = 0; round < Math.min(rounds, 7); round++) {
        await running.memory()
        const { grown, garbage } = await running.under({ count: requests }, { garbage: true })
        if (garbage?.count !== 0) throw new Error(`"${contender.name}": garbage was collected, so that nobody knows what was allocated; fewer REQUESTS would do`)
        values.push(grown / requests)
      }
      figures.push({ group: 'allocation', name: contender.name, what: 'a request', unit: 'bytes', of: 'median', values })
      await running.end()
    }
    return figures
  }
}
