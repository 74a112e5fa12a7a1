import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'

/** One thing that must hold, whatever the implementation. */
export interface Case<Kind> {
  readonly name: string
  /** @throws AssertionError */
  run (open: () => Promise<Kind>): Promise<void>
}

/** Milliseconds for anything that must happen, also on a slow machine. */
const patience = 5000

/** A key as the cache has them, of nobody else. */
export function someKey (): string {
  return randomBytes(32).toString('base64url')
}

/** Fails where it is still under way after a few seconds. */
export async function ends<Result> (what: string, promise: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `${what} did not end within ${patience} ms` })), patience)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits until something holds; fails where it never does. */
export async function comesTrue (what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patience
  while (!await holds()) {
    assert.ok(Date.now() < deadline, `it never came true that ${what}`)
    await wait(5)
  }
}
