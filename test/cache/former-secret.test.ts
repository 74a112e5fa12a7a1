// While a secret is being replaced, what is no longer true goes from where it was kept by the one before, too.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenCache } from '../../lib/cache/cached.ts'
import { evictions } from '../../lib/cache/evictions.ts'
import { keyOf, keyPrefix } from '../../lib/cache/keys.ts'
import type { SharedTokens } from '../../lib/cache/shared-tokens.ts'
import { factsOf } from '../../lib/token/facts.ts'
import { cacheOptions, scriptedResolver } from './scripted-resolver.ts'

test('a token that is not active any more is taken from where either secret has kept it', async () => {
  const deleted: string[] = []
  const shared: SharedTokens = {
    get: async () => null,
    set () {},
    delete: async (keys) => { deleted.push(...keys) },
    stats: () => ({ hits: 0, misses: 0, failures: 0, skipped: 0 }),
    close: async () => {}
  }
  const resolver = scriptedResolver(() => null)
  const tokens = tokenCache({ ...cacheOptions, shared, secret: 'new', formerSecrets: ['old'], evictions: evictions(60_000), factsOf }).of(resolver)
  assert.equal((await tokens.ask(tokens.keyOf('abc'), 'abc', Infinity)).record, null)
  assert.deepEqual(deleted, ['new', 'old'].map((secret) => keyOf(keyPrefix(secret, resolver.identity), 'abc')))
})
