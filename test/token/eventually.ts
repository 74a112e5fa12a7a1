import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'

/** Waits until something holds; fails when it does not in time. */
export async function eventually (what: string, holds: () => boolean | Promise<boolean>, seconds = 3): Promise<void> {
  for (let i = 0; i < seconds * 200 && !await holds(); i++) await wait(5)
  assert.ok(await holds(), `it never came true that ${what}`)
}
