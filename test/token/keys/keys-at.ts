import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { isRefusal, type Refusal } from '../../../lib/errors.ts'
import { readDocument } from '../../../lib/token/document.ts'
import { exchange } from '../../../lib/token/exchange.ts'
import type { KeySet } from '../../../lib/token/keys/key-set.ts'
import { remoteKeys } from '../../../lib/token/keys/remote-keys.ts'
import { verifySignature, type VerifiedSignature } from '../../../lib/token/signature.ts'
import type { Double } from '../../doubles/authorization-server.ts'
import type { SigningKey } from '../signing-key.ts'

export interface KeysAt {
  readonly set: KeySet
  /** What the operator was told. */
  readonly troubles: Refusal[]
  verify (token: string): Promise<VerifiedSignature>
  /** 'verified', or the reason of the refusal. */
  outcome (token: string): Promise<string>
  /** Waits for what is fetched in the background. */
  settled (): Promise<void>
}

/** The key set at a double's `/jwks`, as issuers use it. */
export function keysAt (t: TestContext, { origin }: Pick<Double, 'origin'>, { timeout = 2000, algorithms = ['ES256', 'RS256', 'PS256', 'EdDSA'] } = {}): KeysAt {
  const documents = exchange({ tls: { current: () => ({}) }, timeout, maxBytes: 524_288 })
  const troubles: Refusal[] = []
  let last: Promise<unknown> = Promise.resolve()
  const set = remoteKeys({
    identity: 'keys',
    async fetch () {
      const document = readDocument(documents, new URL('/jwks', origin), 'the JWK set')
      last = document.catch(() => {})
      return await document
    },
    onTrouble: (refusal) => { troubles.push(refusal) }
  })
  t.after(async () => {
    set.close()
    await documents.close()
  })
  const rules = { keys: set, algorithms: new Set(algorithms), isType: () => true }
  const verify = async (token: string): Promise<VerifiedSignature> => await verifySignature(token, rules)
  return {
    set,
    troubles,
    verify,
    outcome: async (token) => await verify(token).then(() => 'verified', (error: unknown) => isRefusal(error) ? error.reason : String(error)),
    async settled () {
      await last
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** Tokens of somebody who has no key of the issuer, each with a key ID of its own. */
export async function forged (count: number, by: SigningKey): Promise<string[]> {
  return await Promise.all(Array.from({ length: count }, async () => await by.sign({ sub: 'mallory' }, { kid: randomUUID() })))
}
