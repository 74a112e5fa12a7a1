import { isRefusal } from '../errors.ts'

export interface RetryOptions {
  /** How often it is asked again, at the most. */
  readonly retries: number
  /** Milliseconds for all attempts together, and the pauses between them. */
  readonly timeout: number
}

/** Milliseconds: the pause before the second attempt is shorter than this, before each further one than twice as much. */
const firstPause = 100
const longestPause = 1000
/** Milliseconds that an attempt must have left. */
const leastTime = 10

/**
 * Asks again where that is harmless and may help (`isPassing`): a connection that was refused or torn down before an answer, a
 * gateway that could not reach the server. Introspection only reads, so that a call whose fate is unknown may be made again. The
 * pause is chosen at random up to its limit ("full jitter"), so that those who failed together do not come back together.
 *
 * @param attempt - gets the milliseconds that are left, which count from when it first asks for them
 * @throws what the last attempt threw
 */
export async function retrying<Answer> ({ retries, timeout }: RetryOptions, attempt: (timeLeft: () => number) => Promise<Answer>): Promise<Answer> {
  let startedAt: number | null = null
  const timeLeft = (): number => {
    startedAt ??= performance.now()
    return startedAt + timeout - performance.now()
  }
  for (let number = 1; ; number++) {
    try {
      return await attempt(timeLeft)
    } catch (error) {
      if (!isRefusal(error) || error.isPassing !== true) throw error
      const pause = Math.random() * Math.min(firstPause * 2 ** (number - 1), longestPause)
      // With next to no time left an attempt would only end as one that took too long, which says less.
      if (number > retries || timeLeft() - pause < leastTime) {
        error.isPassing = false // Who asked for this has no reason to ask once more.
        throw error
      }
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
}
