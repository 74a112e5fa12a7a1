/** What the process is told from outside. */
export interface Signals {
  /** Resolves with the first SIGTERM or SIGINT; the second ends the process at once. */
  readonly end: Promise<void>
  isToldToEnd (): boolean
  /** What to do on SIGHUP: one after the other. Several that come in the meantime are one, and so is one that came before. */
  onReload (reload: () => Promise<void>): void
}

export function signals (): Signals {
  let isToldToEnd = false
  let isToldToReload = false
  let isReloading = false
  let reload: (() => Promise<void>) | null = null
  let resolve = (): void => {}
  const end = new Promise<void>((_resolve) => { resolve = _resolve })

  const reloadWhileTold = async (): Promise<void> => {
    if (isReloading || reload === null) return
    isReloading = true
    while (isToldToReload && !isToldToEnd) {
      isToldToReload = false
      await reload()
    }
    isReloading = false
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isToldToEnd) process.exit(1)
      isToldToEnd = true
      resolve()
    })
  }
  process.on('SIGHUP', () => {
    isToldToReload = true
    reloadWhileTold()
  })

  return {
    end,
    isToldToEnd: () => isToldToEnd,
    onReload (task) {
      reload = task
      reloadWhileTold()
    }
  }
}
