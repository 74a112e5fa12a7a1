// What a process sees of itself while it is under load.

import { createHook } from 'node:async_hooks'
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'

/** What is watched beside CPU; each has a cost of its own, so that not all is watched at a time. */
export interface Watched {
  readonly delay?: boolean
  readonly garbage?: boolean
  readonly timers?: boolean
}

export interface Observed {
  /** Microseconds, of user and system. */
  readonly cpu: number
  /** Bytes by which the heap has grown. */
  readonly grown: number
  /** Milliseconds for which the event loop did nothing else; null where it was not watched, like those below. */
  readonly delay: { readonly p99: number, readonly most: number } | null
  readonly garbage: { readonly count: number, readonly milliseconds: number } | null
  /** How many were made. */
  readonly timers: number | null
}

/** Begins to look. @returns what ends it, and tells what was seen */
export function observe ({ delay = false, garbage = false, timers = false }: Watched): () => Observed {
  // The histogram counts whole intervals of its timer: one of them is no delay.
  const resolution = 1
  const histogram = delay ? monitorEventLoopDelay({ resolution }) : null
  let [made, collections, collecting] = [0, 0, 0]
  const hook = timers ? createHook({ init (_id, type) { if (type === 'Timeout') made++ } }) : null
  const observer = garbage ? new PerformanceObserver((list) => { count(list.getEntries()) }) : null
  const count = (entries: ReadonlyArray<{ readonly duration: number }>): void => {
    for (const { duration } of entries) {
      collections++
      collecting += duration
    }
  }
  observer?.observe({ entryTypes: ['gc'] })
  hook?.enable()
  histogram?.enable()
  const { heapUsed } = process.memoryUsage()
  const before = process.cpuUsage()

  return () => {
    const { user, system } = process.cpuUsage(before)
    const grown = process.memoryUsage().heapUsed - heapUsed
    hook?.disable()
    histogram?.disable()
    if (observer !== null) count(observer.takeRecords())
    observer?.disconnect()
    const inMilliseconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution)
    return {
      cpu: user + system,
      grown,
      delay: histogram === null ? null : { p99: inMilliseconds(histogram.percentile(99)), most: inMilliseconds(histogram.max) },
      garbage: observer === null ? null : { count: collections, milliseconds: collecting },
      timers: hook === null ? null : made
    }
  }
}
