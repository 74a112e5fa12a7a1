/**
 * At most so many at a time; the others wait in order. Who is aborted while waiting goes without having begun, so that a crowd
 * which gave up costs a server that comes back nothing.
 */
export interface Places {
  /** Rejects with the signal's reason when it comes first. */
  take (signal: AbortSignal): Promise<void>
  /** Takes a place that is free, and says whether there was one. Who was there before is waiting for none then. */
  takeNow (): boolean
  release (): void
}

export function places (count: number): Places {
  let free = count
  const waiting = new Set<() => void>()

  function takeNow (): boolean {
    if (free === 0) return false
    free--
    return true
  }

  return {
    takeNow,

    async take (signal) {
      if (takeNow()) return
      await new Promise<void>((resolve, reject) => {
        const begin = (): void => {
          signal.removeEventListener('abort', leave)
          resolve()
        }
        const leave = (): void => {
          waiting.delete(begin)
          reject(signal.reason)
        }
        waiting.add(begin)
        signal.addEventListener('abort', leave, { once: true })
      })
    },

    release () {
      const [next] = waiting
      if (next === undefined) {
        free++
        return
      }
      waiting.delete(next)
      next()
    }
  }
}
