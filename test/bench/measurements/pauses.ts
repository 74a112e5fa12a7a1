import { startChild } from '../child.ts'
import type { Measurement } from '../measurement.ts'
import type { Figure } from '../result.ts'

/** What the process of `pauses-store.ts` tells. */
export interface Pauses {
  readonly insert: number
  readonly eviction: number
}

const million = 1_000_000

/** Calls of the store itself, in a process of its own: collections of garbage that they cause are in it. */
export const pauses: Measurement = {
  name: 'pauses',
  about: 'the longest single call of the store in process',
  contenders: [],

  async measure ({ rounds, mostTokens }) {
    const count = Math.min(million, mostTokens)
    const all: Pauses[] = []
    for (let run = 0; run < Math.min(rounds, 3); run++) {
      const child = startChild({ name: 'store', file: new URL('pauses-store.ts', import.meta.url) })
      all.push(await child.ask<Pauses>({ count }, 120_000))
      await child.end()
    }
    const figure = (what: string, values: number[]): Figure => ({ group: 'pauses', name: `${count.toLocaleString('en-GB')} tokens`, what, unit: 'ms', of: 'most', values })
    return [
      figure('to insert one, until it is full', all.map(({ insert }) => insert)),
      figure('to insert one where another must go', all.map(({ eviction }) => eviction))
    ]
  }
}
