import { statSync } from 'node:fs'

/** Least milliseconds between two looks at the files. */
const lookEvery = 1000

/**
 * Whether files have changed since they were last looked at: looked at when somebody asks, and once a second at the most. The first
 * look after a second counts as a change, since they may have changed since they were read.
 */
function changesOf (files: readonly string[]): () => boolean {
  let seen = ''
  let lookedAt = Date.now()
  return () => {
    const now = Date.now()
    // A clock may be set back.
    if (now - lookedAt < lookEvery && now >= lookedAt) return false
    lookedAt = now
    const stamps = files.map(stampOf).join(' ')
    const hasChanged = stamps !== seen
    seen = stamps
    return hasChanged
  }
}

/** What changes when a file does; nothing for one that can't be looked at. */
function stampOf (file: string): string {
  try {
    const { mtimeNs, size, ino } = statSync(file, { bigint: true })
    return `${mtimeNs}:${size}:${ino}`
  } catch {
    return ''
  }
}

/**
 * What was made of files, made again when they change. One that can't be used keeps what there was.
 *
 * @param read - makes it again, from what there was; throws where it can't
 * @param onTrouble - told of what was thrown, once for each change
 * @returns what there is now
 */
export function renewed<Value> (files: readonly string[], first: Value, read: (previous: Value) => Value, onTrouble: (error: unknown) => void): () => Value {
  if (files.length === 0) return () => first
  const haveChanged = changesOf(files)
  let current = first
  return () => {
    if (!haveChanged()) return current
    try {
      current = read(current)
    } catch (error) {
      onTrouble(error)
    }
    return current
  }
}

/** The same for what takes a while to make: whoever asks in the meantime waits for it. */
export function renewedLater<Value> (files: readonly string[], first: Value, read: (previous: Value) => Promise<Value>, onTrouble: (error: unknown) => void): () => Value | Promise<Value> {
  if (files.length === 0) return () => first
  const haveChanged = changesOf(files)
  let current = first
  let coming: Promise<Value> | null = null
  return () => {
    if (coming !== null || !haveChanged()) return coming ?? current
    coming = read(current).then((next) => (current = next), (error: unknown) => { onTrouble(error); return current }).finally(() => { coming = null })
    return coming
  }
}
