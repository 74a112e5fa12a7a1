// I26: made-up tokens fill nothing and push out nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cacheOptions, cachedTokens, recordOf } from './scripted-resolver.ts'

/** Tokens that begin with "good" are active. */
function scene (maxEntries: number) {
  const resolver = {
    identity: [],
    resolve: async (token: string) => ({ record: token.startsWith('good') ? recordOf({ sub: token }) : null, maxAge: Infinity, key: null, canBeMultiplied: false, isAsked: true }),
    close: async () => {}
  }
  const tokens = cachedTokens(resolver, { ...cacheOptions, maxEntries })
  const ask = (token: string) => tokens.ask(tokens.keyOf(token), token, Infinity)
  const isKnown = (token: string) => tokens.recall(tokens.keyOf(token), token, Date.now(), Infinity) !== undefined
  return { tokens, ask, isKnown }
}

test('I26: no more than maxEntries tokens are kept', async () => {
  const { tokens, ask } = scene(100)
  for (let i = 0; i < 1000; i++) await ask(`good-${i}`)
  assert.equal(tokens.stats().entries, 100)
})

test('62, I26: tokens that are not active get a tenth of the room, and leave that of the active ones alone', async () => {
  const { tokens, ask, isKnown } = scene(100)
  for (let i = 0; i < 100; i++) await ask(`good-${i}`)
  for (let i = 0; i < 20_000; i++) await ask(`bad-${i}`)
  assert.deepEqual([tokens.stats().entries, tokens.stats().inactiveEntries], [100, 10])
  for (let i = 0; i < 100; i++) assert.ok(isKnown(`good-${i}`), `good-${i} was pushed out`)
})

test('what is used stays, what is not used goes first', async () => {
  const { ask, isKnown } = scene(10)
  for (let i = 0; i < 10; i++) await ask(`good-${i}`)
  assert.ok(isKnown('good-0'))
  for (let i = 10; i < 19; i++) await ask(`good-${i}`)
  assert.ok(isKnown('good-0'))
  assert.ok(!isKnown('good-1'))
})

test('a cache of one entry works', async () => {
  const { tokens, ask, isKnown } = scene(1)
  await ask('good-1')
  await ask('bad-1')
  assert.ok(isKnown('good-1') && isKnown('bad-1'))
  await ask('good-2')
  assert.ok(!isKnown('good-1') && isKnown('good-2'))
  assert.deepEqual([tokens.stats().entries, tokens.stats().inactiveEntries], [1, 1])
})

test('I26: calls that failed leave nothing behind', async () => {
  const resolver = { identity: [], resolve: async () => { throw new Error('down') }, close: async () => {} }
  const tokens = cachedTokens(resolver, cacheOptions)
  for (let i = 0; i < 1000; i++) await assert.rejects(tokens.ask(tokens.keyOf(`${i}`), `${i}`, Infinity))
  assert.deepEqual(tokens.stats(), { hits: 0, misses: 1000, failures: 1000, stale: 0, entries: 0, inactiveEntries: 0, inFlight: 0, evictions: 0, shared: null })
})
