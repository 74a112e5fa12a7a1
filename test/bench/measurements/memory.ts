import { usualTraffic, type Contender } from '../contender.ts'
import { guarded } from '../contenders/guarded.ts'
import type { Measurement } from '../measurement.ts'
import type { Figure } from '../result.ts'

const ways = [['opaque tokens', 'opaque', 'introspection'], ['JWTs', 'hs256', 'hs256']] as const
const flags = ['--expose-gc']
const most = 100_000

/** The same with room for one: what else such a process needs is no cost of its tokens. */
function pair ([what, tokens, issuer]: typeof ways[number]): [Contender, Contender] {
  const traffic = { ...usualTraffic, tokens, known: most }
  return [
    guarded(what, { issuer, cache: { maxEntries: most } }, { traffic, flags }),
    guarded(`${what}, room for one`, { issuer, cache: { maxEntries: 1 } }, { traffic, flags })
  ]
}

const pairs = ways.map(pair)

export const memory: Measurement = {
  name: 'memory',
  about: 'bytes in use for each token that is known: heapUsed and external after collecting garbage, beyond those of a process that remembers one',
  contenders: pairs.flat(),

  async measure ({ mostTokens, requests, start }) {
    const figures: Figure[] = []
    const count = Math.min(most, mostTokens)
    for (const [contender, empty] of pairs) {
      const [running, other] = [await start(contender), await start(empty)]
      const bytes = async (what: string, path: string): Promise<void> => {
        await running.under({ count, order: 'each', path })
        await other.under({ count: Math.min(count, requests), order: 'each', path })
        figures.push({ group: 'memory', name: contender.name, what, unit: 'bytes', of: 'median', values: [(await running.memory() - await other.memory()) / count] })
      }
      await bytes('asked for once', '/accounts')
      await bytes('used again', '/accounts')
      await bytes('all claims read', '/claims')
      await Promise.all([running.end(), other.end()])
    }
    return figures
  }
}
