import { executionAsyncResource } from 'node:async_hooks'

let kept: object | null = null

/**
 * Keeps one of the objects that `process.nextTick` makes, of which Node makes about ten for a request. When garbage is collected
 * while there is none, V8 forgets what they look like, and from then on makes each one by calls of its runtime, in this process for
 * good: 215 to 295 nanoseconds instead of 40 on Node 20 to 26 (test/measure/ticks.ts), a third more instructions for a plain
 * answer. Loading this plugin can bring that collection forward: then it would not be as fast as not being there. Too late where
 * it has happened before; nothing but time depends on it.
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
