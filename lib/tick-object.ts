import { executionAsyncResource } from 'node:async_hooks'

let kept: object | null = null

/**
 * Keeps one of the objects that `process.nextTick` makes, of which Node makes about ten for a request. When garbage is collected
 * while there is none, V8 forgets what they look like, and from then on makes each one property by property, in this process for
 * good: measured as 35,000 to 40,000 instructions a request, 30 to 45 % of all that a plain answer takes, on Node 20 to 26. Loading
 * this plugin brings that collection forward, so that it would not be as fast as not being there. Too late where it has happened
 * before; nothing but the time a request takes depends on it.
 */
export function keepTickObject (): void {
  process.nextTick(keepCurrent)
}

function keepCurrent (): void {
  const current = executionAsyncResource() as Record<string | symbol, unknown>
  // Of another kind where something else runs the callback, as fake timers do: that may be somebody's request.
  if (current['callback'] !== keepCurrent) return
  // What AsyncLocalStorage holds where the plugin is loaded, which may be a request as well, must not stay in memory with it.
  for (const name of Object.getOwnPropertySymbols(current)) {
    if (typeof current[name] !== 'number') current[name] = undefined
  }
  kept = current
}

/** For the test: what is kept. */
export function keptTickObject (): object | null {
  return kept
}
