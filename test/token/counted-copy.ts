import type { Refusal } from '../../lib/errors.ts'
import { keptCopy } from '../../lib/token/kept-copy.ts'

/** A copy of numbers that count up, from a source that fails as told. */
export function copyOf ({ refreshEvery = 300_000 } = {}) {
  const source = { calls: 0, fault: null as unknown, held: null as null | Promise<void>, previous: [] as Array<number | null> }
  const troubles: Refusal[] = []
  const copy = keptCopy<number>({
    async fetch (previous) {
      source.calls++
      source.previous.push(previous)
      const value = source.calls
      if (source.held !== null) await source.held
      if (source.fault !== null) throw source.fault
      return value
    },
    refreshEvery,
    onTrouble: (refusal) => { troubles.push(refusal) }
  })
  return { copy, source, troubles }
}

/** A promise that ends when told to. */
export function gate (): { held: Promise<void>, open: () => void } {
  let open = (): void => {}
  const held = new Promise<void>((resolve) => { open = resolve })
  return { held, open }
}

/** Until what is under way has ended, where nothing of it is a network's. */
export async function settled (): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
