import { isRefusal, type Refusal } from '../errors.ts'
import { appliedOnce } from './applied.ts'
import type { FeedCounts } from './counters.ts'
import { readSet, type Revocation, type SetRules } from './set.ts'
import { setFault } from './set-fault.ts'

/** Somebody who sends security event tokens: its `iss`, and what is to be done with them. */
export interface Transmitter {
  readonly issuer: string
  /** Whether who sends them has shown that it may; what it showed is null where it showed nothing. */
  isAuthorized (shown: string | null): boolean
  /**
   * Resolves when all of it counts, here and in the other processes.
   *
   * @throws SetFault for one that must not be sent again, anything else for one that may
   */
  take (set: string): Promise<void>
}

export interface TransmitterOptions {
  readonly rules: SetRules
  isAuthorized (shown: string | null): boolean
  /** @throws Refusal */
  verify (jws: string): Promise<Uint8Array>
  /** Whether a refusal means that the key is wrong. */
  isWrongKey (refusal: Refusal): boolean
  /** Makes a revocation count; resolves when all have been told. */
  revoke (selector: Revocation['selector'], revokedAt: number): Promise<void>
  readonly counts: FeedCounts
}

export function transmitter ({ rules, isAuthorized, verify, isWrongKey, revoke, counts }: TransmitterOptions): Transmitter {
  const applied = appliedOnce(rules.maxAge + 120_000)

  return {
    issuer: rules.issuer,
    isAuthorized,

    async take (set) {
      const { id, revocations, ignored } = readSet(await verified(set), rules)
      const isNew = await applied.once(id, async () => {
        // All of them count before anything is waited for.
        await Promise.all(revocations.map(async ({ selector, revokedAt }) => { await revoke(selector, revokedAt) }))
      })
      if (!isNew) counts.repeated++
      else {
        counts.applied += revocations.length
        counts.ignored += ignored
      }
    }
  }

  async function verified (set: string): Promise<Uint8Array> {
    try {
      return await verify(set)
    } catch (error) {
      if (!isRefusal(error) || error.reason !== 'token_invalid') throw error
      throw isWrongKey(error) ? setFault('invalid_key', 'the signature was not made by a key of `iss`') : setFault('invalid_request', error.detail ?? '')
    }
  }
}
