import type { ServerResponse } from 'node:http'

/** Answers that are not finished. */
export interface Traffic {
  add (response: ServerResponse): void
  /** Each connection is closed with its next answer, those under way included. */
  closeWithAnswers (): void
  readonly size: number
  /** Whether nothing is under way, and nothing was for so many milliseconds. */
  isQuietFor (milliseconds: number): boolean
  /** Resolves when nothing is under way. */
  ended (): Promise<void>
}

export function traffic (): Traffic {
  const underWay = new Set<ServerResponse>()
  let waiting: Array<() => void> = []
  let isClosing = false
  let quietSince = performance.now()

  const remove = (response: ServerResponse): void => {
    underWay.delete(response)
    quietSince = performance.now()
    if (underWay.size > 0) return
    for (const resolve of waiting) resolve()
    waiting = []
  }

  return {
    add (response) {
      underWay.add(response)
      // What Node decides `connection: close` by, when it writes the headers.
      if (isClosing) response.shouldKeepAlive = false
      response.once('close', () => remove(response))
    },
    closeWithAnswers () {
      isClosing = true
      quietSince = performance.now()
      for (const response of underWay) response.shouldKeepAlive = false
    },
    get size () {
      return underWay.size
    },
    isQuietFor: (milliseconds) => underWay.size === 0 && performance.now() - quietSince >= milliseconds,
    async ended () {
      if (underWay.size > 0) await new Promise<void>((resolve) => waiting.push(resolve))
    }
  }
}
