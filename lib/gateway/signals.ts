/** Milliseconds. On Ctrl-C, npx passes on what the terminal has sent to all: that is still the first. */
const sameSignal = 200

/** What the process is told from outside. */
export interface Signals {
  /** Resolves with the first SIGTERM or SIGINT; the second ends the process at once. */
  readonly end: Promise<void>
  isToldToEnd (): boolean
  /** What to do on SIGHUP: one after the other. Several that come in the meantime are one, and so is one that came before. */
  onReload (reload: () => Promise<void>): void
}

export function signals (): Signals {
  const told = { toEnd: false, toReload: false }
  let toldAt = 0
  let isReloading = false
  let reload: (() => Promise<void>) | null = null
  let resolve = (): void => {}
  const end = new Promise<void>((_resolve) => { resolve = _resolve })

  const reloadWhileTold = async (): Promise<void> => {
    if (isReloading || reload === null) return
    isReloading = true
    while (told.toReload && !told.toEnd) {
      told.toReload = false
      await reload()
    }
    isReloading = false
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (told.toEnd && performance.now() - toldAt >= sameSignal) process.exit(1)
      if (told.toEnd) return
      told.toEnd = true
      toldAt = performance.now()
      resolve()
    })
  }
  process.on('SIGHUP', () => {
    told.toReload = true
    reloadWhileTold()
  })

  return {
    end,
    isToldToEnd: () => told.toEnd,
    onReload (task) {
      reload = task
      reloadWhileTold()
    }
  }
}
