import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { secretField } from './wire.ts'

const longest = 300_000
const mostRequests = 1000

/**
 * The one run that a secret is good for: from its first use until the probe says that it is done, but for five minutes and 1000
 * requests at the most. Then the secret is worth nothing until the process starts again.
 */
export interface ProbeRun {
  /** Whether a request shows the secret, in exactly one line, and the run is not over. Counts it. */
  admits (rawHeaders: readonly string[]): boolean
  close (why: string): void
}

export function probeRun (secret: string, log: FastifyBaseLogger): ProbeRun {
  const expected = hash('sha256', secret, 'buffer')
  let state: 'unused' | 'open' | 'over' = 'unused'
  let requests = 0
  let timer: NodeJS.Timeout | undefined

  return {
    admits (rawHeaders) {
      const shown = shownSecret(rawHeaders)
      // Digests are of one length, whatever was shown.
      if (shown === null || !timingSafeEqual(hash('sha256', shown, 'buffer'), expected) || state === 'over') return false
      if (state === 'unused') open()
      if (++requests >= mostRequests) close(`${mostRequests} requests`)
      return true
    },

    close
  }

  function open (): void {
    state = 'open'
    timer = setTimeout(() => { close(`${longest / 60_000} minutes`) }, longest)
    timer.unref()
    log.info('the probe was opened')
  }

  function close (why: string): void {
    if (state === 'open') log.info({ why, requests }, 'the probe is closed; its secret is worth nothing until the next start')
    state = 'over'
    clearTimeout(timer)
  }
}

function shownSecret (rawHeaders: readonly string[]): string | null {
  let shown: string | null = null
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if ((rawHeaders[i] as string).toLowerCase() !== secretField) continue
    if (shown !== null) return null
    shown = rawHeaders[i + 1] as string
  }
  return shown
}
