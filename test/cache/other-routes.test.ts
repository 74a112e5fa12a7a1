// Processes that share a secret may have other routes, and so other resolvers: an eviction by token is for all of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenCache } from '../../lib/cache/cached.ts'
import { evictions } from '../../lib/cache/evictions.ts'
import { factsOf } from '../../lib/token/facts.ts'
import { cacheOptions, recordOf, scriptedResolver } from './scripted-resolver.ts'

test('what a process evicts by token is found by one whose resolver it does not have', async () => {
  const known = evictions(60_000)
  const cache = (evicted: typeof known) => tokenCache({ ...cacheOptions, secret: 'the same', evictions: evicted, factsOf })
  const [one, other] = [cache(evictions(60_000)), cache(known)]
  one.of(scriptedResolver(() => null, ['one']))
  const tokens = other.of(scriptedResolver(() => recordOf({ sub: 'alice' }), ['other']))
  const key = tokens.keyOf('abc')
  await tokens.ask(key, 'abc', Infinity)
  assert.notEqual(tokens.recall(key, 'abc', Date.now(), Infinity), undefined)
  known.add({ evicted: { keys: one.keysOf('another token') }, at: Date.now(), revokedAt: null })
  assert.notEqual(tokens.recall(key, 'abc', Date.now(), Infinity), undefined)
  known.add({ evicted: { keys: one.keysOf('abc') }, at: Date.now(), revokedAt: null })
  assert.equal(tokens.recall(key, 'abc', Date.now(), Infinity), undefined)
})
