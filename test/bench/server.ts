// One contender in a process of its own, so that it is measured alone: V8 sees the shapes of this one only.

import { setImmediate as turn } from 'node:timers/promises'
import { answering } from './answering.ts'
import type { Material, Started } from './contender.ts'
import { observe, type Observed, type Watched } from './observation.ts'
import { contenderOf } from './sections.ts'

export type Question =
  | { start: { group: string, name: string }, material: Material }
  | { observe: Watched }
  | { observed: true }
  | { memory: true }
  | { evictNobody: true }

let started: Started | null = null
let end: (() => Observed) | null = null

answering<Question>(async (question) => {
  if ('start' in question) {
    started = await contenderOf(question.start).start(question.material)
    return { url: started.url }
  }
  if ('observe' in question) {
    end = observe(question.observe)
    return {}
  }
  if ('observed' in question) {
    // What happened in this turn is in the histogram after it only.
    await turn()
    return end?.()
  }
  if ('memory' in question) return { bytes: await memoryInUse() }
  end = observe({ delay: true })
  await started?.evictNobody?.()
  await turn()
  return end()
})

/** Once is not enough: what finalizers release is collected by the next one. */
async function memoryInUse (): Promise<number> {
  for (let time = 0; time < 4; time++) {
    globalThis.gc?.()
    await turn()
  }
  const { heapUsed, external } = process.memoryUsage()
  // `external` has the array buffers in it.
  return heapUsed + external
}
