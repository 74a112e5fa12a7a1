import assert from 'node:assert/strict'
import { isRefusal, type Refusal } from '../../lib/errors.ts'
import type { Reason } from '../../types/decision.ts'

/** The refusal that a call ends with; it must have this reason. */
export async function refused (reason: Reason, outcome: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await outcome.then(() => assert.fail(`nothing was refused; expected ${reason}`), (error: unknown) => error)
  assert.ok(isRefusal(error), `not a refusal: ${String(error)}`)
  assert.equal(error.reason, reason, error.detail)
  return error
}
