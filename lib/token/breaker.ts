import type { BreakerState } from '../../types/bound-token.ts'
import { isRefusal, refuse, type Refusal } from '../errors.ts'

export interface BreakerOptions {
  /** Outages in a row before nothing is asked for a while. */
  readonly failures: number
  /** Milliseconds of the first pause, and of the longest: each failure of the one call that tries doubles it. */
  readonly pause: number
  readonly maxPause: number
  /** Told of each change. */
  onState (state: BreakerState): void
}

export interface Breaker {
  /** Calls, or refuses at once with `issuer_unavailable`; then nobody was asked. */
  run<Answer> (call: () => Promise<Answer>): Promise<Answer>
  state (): BreakerState
}

/** Calls at a time from which on nothing is held back any more. */
const fullRoom = 64

/**
 * Spares an authorization server that does not answer, and the requests that would only wait for its time limit. After so many
 * outages in a row nothing is asked for a pause; the pause that the server itself asks for (`Retry-After`) begins at once. Then one
 * call tries. When it is answered, two go at a time, then four: each answer doubles it, so that a server that has just come back is
 * not run over by all that waited. Only an outage counts: any other answer shows that somebody is there, and one odd token that
 * makes the server fail must not shut out the others.
 */
export function breaker ({ failures: mostFailures, pause: firstPause, maxPause, onState }: BreakerOptions): Breaker {
  let failures = 0
  let nextPause = firstPause
  let openUntil = 0
  let longest = maxPause
  /** Whether the server itself asked for the pause. */
  let isAskedFor = false
  /** Calls at a time. */
  let room = Infinity
  /** Grows each time that it opens: what was asked before says little of how things are since. */
  let round = 0
  /** Calls of this round that are under way. */
  let trying = 0
  let told: BreakerState = 'closed'

  return {
    async run (call) {
      refuseWhileShut()
      const begunIn = round
      const isTrial = room !== Infinity
      if (isTrial) trying++
      tell()
      try {
        const answer = await call()
        answered(begunIn)
        return answer
      } catch (error) {
        if (!isRefusal(error) || error.reason !== 'issuer_unavailable' || error.isOutage === false) answered(begunIn)
        else if (error.isOutage === true) failed(error, begunIn)
        throw error // Else nobody was asked.
      } finally {
        if (isTrial && begunIn === round) trying--
        tell()
      }
    },

    state
  }

  function refuseWhileShut (): void {
    if (room === Infinity) return
    const wait = timeLeft()
    if (wait === 0 && trying < room) return
    const paused = isAskedFor ? 'it asked to be left alone for a while' : 'it failed several times in a row and is not asked for a while'
    const refusal = refuse('issuer_unavailable', wait > 0 ? paused : 'it comes back, and is asked little by little')
    refusal.retryAfter = Math.ceil(Math.max(wait, 1000) / 1000)
    refusal.isUnasked = true
    throw refusal
  }

  /** Milliseconds that the pause still takes; none where more is left than any pause has: the clock was set back. */
  function timeLeft (): number {
    const wait = openUntil - Date.now()
    return wait > 0 && wait <= longest ? wait : 0
  }

  function answered (begunIn: number): void {
    // Who asks to be left alone still answers what it has got.
    if (isAskedFor && begunIn !== round) return
    failures = 0
    nextPause = firstPause
    openUntil = 0
    isAskedFor = false
    room = room * 2 > fullRoom ? Infinity : room * 2
  }

  function failed ({ askedPause = 0 }: Refusal, begunIn: number): void {
    failures++
    if (room === Infinity) {
      if (failures >= mostFailures) open(firstPause, askedPause)
      else if (askedPause > 0) open(0, askedPause)
    } else if (begunIn === round) {
      if (room === 1) nextPause = Math.min(nextPause * 2, maxPause)
      open(nextPause, askedPause)
    } else if (askedPause > timeLeft()) {
      open(0, askedPause)
    }
  }

  function open (ours: number, theirs: number): void {
    const pause = Math.max(ours, theirs)
    openUntil = Date.now() + pause
    longest = Math.max(maxPause, pause)
    isAskedFor = theirs > 0
    room = 1
    trying = 0
    round++
  }

  function state (): BreakerState {
    if (room === Infinity) return 'closed'
    if (timeLeft() > 0) return 'open'
    return room === 1 ? 'half-open' : 'recovering'
  }

  function tell (): void {
    const now = state()
    if (now === told) return
    told = now
    onState(now)
  }
}
