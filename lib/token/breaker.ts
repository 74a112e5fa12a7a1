import { isRefusal, refuse } from '../errors.ts'
import type { TokenResolver } from './resolver.ts'

const failuresBeforeOpen = 5
const firstPause = 1000
const longestPause = 30_000

/**
 * Spares an authorization server that does not answer, and the requests that would only wait for its time limit: after five
 * failures in a row nothing is asked for a second, then one request tries; each further failure doubles the pause, up to
 * thirty seconds. Only an outage counts: any other answer shows that somebody is there, and one odd token that makes the server
 * fail must not shut out the others.
 */
export function breaker (resolver: TokenResolver): TokenResolver {
  let failures = 0
  let pause = firstPause
  let openUntil = 0
  let isProbing = false

  return {
    identity: resolver.identity,
    close: () => resolver.close(),

    async resolve (token) {
      const isOpen = failures >= failuresBeforeOpen
      if (isOpen) {
        const wait = openUntil - Date.now()
        // More than any pause is left when the clock was set back.
        if (isProbing || (wait > 0 && wait <= longestPause)) throw openRefusal(wait)
        isProbing = true
      }
      try {
        const record = await resolver.resolve(token)
        failures = 0
        return record
      } catch (error) {
        if (isRefusal(error) && error.reason === 'issuer_unavailable' && error.isOutage === undefined) throw error // Nobody was asked.
        if (!isRefusal(error) || error.isOutage !== true) failures = 0
        else if (++failures === failuresBeforeOpen) open(firstPause)
        else if (isOpen) open(Math.min(pause * 2, longestPause))
        throw error
      } finally {
        if (isOpen) isProbing = false
      }
    }
  }

  function open (length: number): void {
    pause = length
    openUntil = Date.now() + length
  }
}

function openRefusal (wait: number): Error {
  const refusal = refuse('issuer_unavailable', 'it failed several times in a row and is not asked for a while')
  refusal.retryAfter = Math.ceil(Math.min(Math.max(wait, firstPause), longestPause) / 1000)
  return refusal
}
