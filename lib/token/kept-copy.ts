import { isRefusal, refuse, type Refusal } from '../errors.ts'

/** A thing of the authorization server's that changes rarely: kept, renewed in the background, used on through an outage. */
export interface KeptCopy<Value> {
  /** The copy; fetched where there is none. @throws Refusal */
  get (): Promise<Value>
  /**
   * A newer copy. At most one call is made in a cool-down, however many ask.
   *
   * @returns false when one was fetched a moment ago
   * @throws Refusal when it can't be had, also without a call where the last one failed a moment ago
   */
  renew (): Promise<boolean>
  close (): void
}

export interface KeptCopyOptions<Value> {
  /**
   * @param previous - the last copy, however old
   * @throws Refusal
   */
  fetch (previous: Value | null): Promise<Value>
  /** Milliseconds between two copies, where nobody asks for a newer one. */
  readonly refreshEvery: number
  /** Called when a copy can't be renewed and is too old to be believed. */
  onStale? (value: Value): void
  /** Called once when fetching begins to fail, while a copy is at hand or not. */
  onTrouble (refusal: Refusal): void
}

/** Least milliseconds between two calls; doubled with each failure, up to the second, and not before the server says (`Retry-After`). */
export const coolDown = 10_000
const longestPause = 60_000
/** Milliseconds for which a copy that can't be renewed is believed. */
export const staleFor = 86_400_000

export function keptCopy<Value> ({ fetch, refreshEvery, onStale, onTrouble }: KeptCopyOptions<Value>): KeptCopy<Value> {
  let copy: { readonly value: Value, readonly fetchedAt: number } | null = null
  let attemptedAt = -Infinity
  let failures = 0
  let lastFailure: Refusal | null = null
  let underWay: Promise<void> | null = null
  let isClosed = false
  const timer = setInterval(renewInBackground, refreshEvery).unref()

  return {
    get,
    renew,
    close () {
      isClosed = true
      clearInterval(timer)
    }
  }

  async function get (): Promise<Value> {
    const known = believable()
    if (known === null) {
      await renew()
      const fetched = believable()
      if (fetched === null) throw refuse('issuer_unavailable', 'the clock was set')
      return fetched.value
    }
    if (Date.now() - known.fetchedAt >= refreshEvery) renewInBackground()
    return known.value
  }

  async function renew (): Promise<boolean> {
    if (underWay === null && pauseLeft() > 0) {
      if (lastFailure !== null) throw again(lastFailure)
      return false
    }
    await (underWay ??= load().finally(() => { underWay = null }))
    return true
  }

  async function load (): Promise<void> {
    noticeClock()
    attemptedAt = Date.now()
    try {
      copy = { value: await fetch(copy?.value ?? null), fetchedAt: attemptedAt }
      failures = 0
      lastFailure = null
    } catch (error) {
      const refusal = isRefusal(error) ? error : refuse('issuer_bad_response')
      lastFailure = refusal
      refusal.isPassing = false // It is fetched at its own pace, whoever waits for it.
      if (copy !== null && believable() === null) onStale?.(copy.value)
      if (++failures === 1 && !isClosed) onTrouble(refusal)
      throw refusal
    }
  }

  function renewInBackground (): void {
    renew().catch(() => {}) // It was reported, and who needs the copy sees it again.
  }

  function believable (): typeof copy {
    noticeClock()
    return copy !== null && Date.now() - copy.fetchedAt < staleFor ? copy : null
  }

  /** A clock that was set back must not lengthen the life of the copy by more than it takes to notice. */
  function noticeClock (): void {
    if (copy !== null && Date.now() < copy.fetchedAt) copy = { ...copy, fetchedAt: Date.now() }
  }

  /** Milliseconds; also 0 when the clock was set back. */
  function pauseLeft (): number {
    const pause = Math.max(Math.min(coolDown * 2 ** Math.max(0, failures - 1), longestPause), lastFailure?.askedPause ?? 0)
    const passed = Date.now() - attemptedAt
    return passed < 0 ? 0 : pause - passed
  }

  /** A new object for each request: what reads a refusal may add to it. */
  function again ({ reason, detail }: Refusal): Refusal {
    const refusal = refuse(reason, detail)
    refusal.retryAfter = Math.ceil(pauseLeft() / 1000)
    return refusal
  }
}
