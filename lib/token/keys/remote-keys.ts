import { LRUCache } from 'lru-cache'
import { refuse, type Refusal } from '../../errors.ts'
import { signatureAlgorithms } from '../algorithms.ts'
import { coolDown, keptCopy } from '../kept-copy.ts'
import { isSecretJwk, keyFromJwk } from './jwk.ts'
import { canVerify, isSameKey, type Key } from './key.ts'
import type { KeySet } from './key-set.ts'

export interface RemoteKeysOptions {
  readonly identity: string
  /** The JWK set as it stands at its URL now. @throws Refusal */
  fetch (): Promise<Record<string, unknown>>
  onTrouble (refusal: Refusal): void
}

/** Milliseconds; a key that was withdrawn counts no longer than this. */
const refreshEvery = 300_000
/** RFC 7517 section 5; a set has two or three, and nobody needs a hundred. */
const maxKeys = 100
const mostTried = 8
const rememberedKids = 1000
/** Milliseconds for which a key is not looked for again that was not there several times: whoever names it beforehand must not hold up its coming. */
const longestWait = 30_000

interface Missing {
  readonly times: number
  readonly until: number
}

/**
 * The JWK set of an issuer, kept fresh: renewed every five minutes and when a token names an unknown key, with one call in
 * ten seconds at the most, whatever comes. A key that was looked for in vain waits longer each time. While the set can't be had,
 * known keys go on for a day.
 */
export function remoteKeys ({ identity, fetch, onTrouble }: RemoteKeysOptions): KeySet {
  const copy = keptCopy<readonly Key[]>({
    fetch: async (previous) => {
      const document = await fetch()
      const next = readKeys(document, previous ?? [])
      if ((document['keys'] as unknown[]).some(isSecretJwk)) onTrouble(refuse('issuer_bad_response', 'the JWK set publishes a secret key, which is not used'))
      for (const key of previous ?? []) key.isRetired = true
      for (const key of next) key.isRetired = false
      return next
    },
    refreshEvery,
    // Nobody can say any more that they were not withdrawn.
    onStale: (keys) => { for (const key of keys) key.isRetired = true },
    onTrouble
  })
  const missing = new LRUCache<string, Missing>({ max: rememberedKids })

  return {
    identity,
    mostTried,
    keys: () => copy.get(),
    close: () => copy.close(),

    async renew (kid) {
      const known = kid === undefined ? undefined : missing.get(kid)
      if (known !== undefined && Date.now() < known.until) return false
      const isNew = await copy.renew()
      if (isNew && kid !== undefined) await remember(kid, known?.times ?? 0)
      return isNew
    }
  }

  async function remember (kid: string, times: number): Promise<void> {
    if ((await copy.get()).some((key) => key.kid === kid)) missing.delete(kid)
    else missing.set(kid, { times: times + 1, until: Date.now() + Math.min(coolDown * 2 ** times, longestWait) })
  }
}

/**
 * Keys that can't be used, as those for encryption, are passed over. A set without a usable key is a fault of the server's: it must not
 * push out good ones.
 *
 * @param previous - keys that are still there stay the same objects
 */
function readKeys (document: Record<string, unknown>, previous: readonly Key[]): readonly Key[] {
  const jwks = document['keys']
  if (!Array.isArray(jwks)) throw refuse('issuer_bad_response', 'the JWK set has no `keys`')
  if (jwks.length > maxKeys) throw refuse('issuer_bad_response', `the JWK set has more than ${maxKeys} keys`)
  const usable: Key[] = []
  for (const jwk of jwks) {
    // A private or symmetric key that is published proves nothing any more.
    const key = isSecretJwk(jwk) ? 'a secret' : keyFromJwk(jwk, 'verify')
    if (typeof key !== 'string' && signatureAlgorithms.some((algorithm) => canVerify(key, algorithm))) usable.push(previous.find((other) => isSameKey(other, key)) ?? key)
  }
  if (usable.length === 0) throw refuse('issuer_bad_response', 'the JWK set has no usable key')
  return usable
}
