/** Pauses between attempts to connect: each is longer than the one before, and none is the same in two processes. */
export interface BackOff {
  /**
   * Milliseconds until the next attempt.
   *
   * @param wasUpFor - milliseconds for which the last connection held
   */
  next (wasUpFor: number): number
}

const firstPause = 1000
export const longestPause = 60_000

/** @param random - from 0 to 1 */
export function backOff (random: () => number = Math.random): BackOff {
  let failures = 0
  return {
    next (wasUpFor) {
      // One that breaks as soon as it is there is no success.
      if (wasUpFor >= longestPause) failures = 0
      const pause = Math.min(firstPause * 2 ** failures, longestPause)
      failures++
      return pause / 2 + random() * pause / 2
    }
  }
}
