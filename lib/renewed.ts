import { statSync } from 'node:fs'

/** Least milliseconds between two looks at the files. */
const lookEvery = 1000

interface Watch {
  /**
   * Whether files have changed since they were last read: looked at when somebody asks, and once a second at the most. The first look
   * after a second counts as a change, since they may have changed since they were read.
   */
  haveChanged (): boolean
  /**
   * They could not be read: looked at again, changed or not, since what hinders may pass without a trace in the file.
   *
   * @returns whether this is news: another trouble, or files that have changed since
   */
  failed (error: unknown): boolean
}

function watchOf (files: readonly string[]): Watch {
  let seen: string | null = null
  let told = ''
  let lookedAt = Date.now()
  return {
    haveChanged () {
      const now = Date.now()
      // A clock may be set back.
      if (now - lookedAt < lookEvery && now >= lookedAt) return false
      lookedAt = now
      const stamps = files.map(stampOf).join(' ')
      const isNew = stamps !== seen
      seen = stamps
      return isNew
    },
    failed (error) {
      const trouble = `${seen} ${String(error)}`
      const isNews = trouble !== told
      told = trouble
      seen = null
      return isNews
    }
  }
}

/** What changes when a file does, or who may read it; nothing for one that can't be looked at. */
function stampOf (file: string): string {
  try {
    const { mtimeNs, ctimeNs, size, ino } = statSync(file, { bigint: true })
    return `${mtimeNs}:${ctimeNs}:${size}:${ino}`
  } catch {
    return ''
  }
}

/**
 * What was made of files, made again when they change. One that can't be used keeps what there was, and is tried again.
 *
 * @param read - makes it again, from what there was; throws where it can't
 * @param onTrouble - told of what was thrown, once for each change
 * @returns what there is now
 */
export function renewed<Value> (files: readonly string[], first: Value, read: (previous: Value) => Value, onTrouble: (error: unknown) => void): () => Value {
  if (files.length === 0) return () => first
  const watch = watchOf(files)
  let current = first
  return () => {
    if (!watch.haveChanged()) return current
    try {
      current = read(current)
    } catch (error) {
      if (watch.failed(error)) onTrouble(error)
    }
    return current
  }
}

/** The same for what takes a while to make: whoever asks in the meantime waits for it. */
export function renewedLater<Value> (files: readonly string[], first: Value, read: (previous: Value) => Promise<Value>, onTrouble: (error: unknown) => void): () => Value | Promise<Value> {
  if (files.length === 0) return () => first
  const watch = watchOf(files)
  let current = first
  let coming: Promise<Value> | null = null
  return () => {
    if (coming !== null || !watch.haveChanged()) return coming ?? current
    coming = read(current).then((next) => (current = next), (error: unknown) => {
      if (watch.failed(error)) onTrouble(error)
      return current
    }).finally(() => { coming = null })
    return coming
  }
}
