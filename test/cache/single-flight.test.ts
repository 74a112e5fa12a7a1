// S-32: many who ask for one token at a time make one call.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refuse } from '../../lib/errors.ts'
import { cacheOptions, cachedTokens, heldAnswers, recordOf, scriptedResolver } from './scripted-resolver.ts'

function scene (options = cacheOptions) {
  const held = heldAnswers()
  const resolver = scriptedResolver(held.answer)
  const tokens = cachedTokens(resolver, options)
  const ask = (token: string, fresh = false) => tokens.ask(tokens.keyOf(token), token, fresh ? 0 : Infinity)
  const recall = (token: string) => tokens.recall(tokens.keyOf(token), token, Date.now(), Infinity)
  return { held, resolver, tokens, ask, recall }
}

test('S-32: 100 parallel asks for one token make one call', async () => {
  const { held, resolver, ask, tokens } = scene()
  const asks = Array.from({ length: 100 }, () => ask('abc'))
  assert.equal(tokens.stats().inFlight, 1)
  ;(await held.next()).give(recordOf({ sub: 'alice' }))
  const entries = await Promise.all(asks)
  assert.deepEqual(resolver.asked, ['abc'])
  assert.equal(new Set(entries).size, 1)
  assert.equal(tokens.stats().inFlight, 0)
})

test('S-32: who asks while the answer is on its way joins, who asks later calls again', async () => {
  const { held, resolver, ask } = scene()
  const first = ask('abc')
  const answer = await held.next()
  const second = ask('abc')
  answer.give(recordOf({ exp: 0 }))
  assert.equal(await first, await second)
  const third = ask('abc')
  ;(await held.next()).give(recordOf({ exp: 0 }))
  assert.notEqual(await third, await first)
  assert.equal(resolver.asked.length, 2)
})

test('S-32: a failure reaches all who asked, is not remembered, and the next ask calls again', async () => {
  const { held, resolver, ask, recall, tokens } = scene()
  const asks = Array.from({ length: 100 }, () => ask('abc'))
  const failure = refuse('issuer_unavailable')
  ;(await held.next()).fail(failure)
  for (const outcome of await Promise.allSettled(asks)) {
    assert.ok(outcome.status === 'rejected' && outcome.reason === failure)
  }
  assert.equal(recall('abc'), undefined)
  assert.deepEqual(tokens.stats(), { hits: 0, misses: 100, failures: 1, stale: 0, entries: 0, inactiveEntries: 0, inFlight: 0, evictions: 0, shared: null })
  const again = ask('abc')
  ;(await held.next()).give(recordOf({ sub: 'alice' }))
  assert.equal((await again).record?.claims.sub, 'alice')
  assert.equal(resolver.asked.length, 2)
})

test('S-32: a failure does not take away what was known', async () => {
  const { held, ask, recall } = scene()
  const first = ask('abc')
  ;(await held.next()).give(recordOf())
  await first
  const again = ask('abc', true)
  ;(await held.next()).fail(refuse('issuer_unavailable'))
  await assert.rejects(again)
  assert.equal(recall('abc'), await first)
})

test('S-32: calls for different tokens do not wait for each other', async () => {
  const { held, ask } = scene()
  const slow = ask('slow')
  const answerOfSlow = await held.next()
  const quick = ask('quick')
  ;(await held.next()).give(null)
  assert.equal((await quick).record, null)
  answerOfSlow.give(recordOf())
  assert.notEqual((await slow).record, null)
})

test('S-32: `fresh` neither joins a call nor is joined', async () => {
  const { held, resolver, ask, tokens } = scene()
  const shared = ask('abc')
  const fresh = ask('abc', true)
  const [ofShared, ofFresh] = [await held.next(), await held.next()]
  const late = ask('abc')
  assert.equal(tokens.stats().inFlight, 1)
  ofFresh.give(null)
  assert.equal((await fresh).record, null)
  ofShared.give(recordOf())
  assert.equal(await late, await shared)
  assert.notEqual((await shared).record, null)
  assert.equal(resolver.asked.length, 2)
})

test('S-32: 100 parallel `fresh` asks are 100 calls', async () => {
  const { held, resolver, ask } = scene()
  const asks = Array.from({ length: 100 }, () => ask('abc', true))
  for (let i = 0; i < 100; i++) (await held.next()).give(recordOf())
  await Promise.all(asks)
  assert.equal(resolver.asked.length, 100)
})

for (const [name, options] of Object.entries({ 'that is off': { enabled: false }, 'with maxTtl 0': { maxTtl: 0 } })) {
  test(`S-32: in a cache ${name} every ask is a call of its own`, async () => {
    const { held, resolver, ask, tokens } = scene({ ...cacheOptions, ...options })
    const asks = Array.from({ length: 10 }, () => ask('abc'))
    for (let i = 0; i < 10; i++) (await held.next()).give(recordOf())
    assert.equal(new Set(await Promise.all(asks)).size, 10)
    assert.equal(resolver.asked.length, 10)
    assert.equal(tokens.stats().entries, 0)
  })
}

test('a resolver that throws at once is a failure like any other', async () => {
  const resolver = { identity: [], resolve: () => { throw new TypeError('a bug') }, close: async () => {} }
  const tokens = cachedTokens(resolver, cacheOptions)
  await assert.rejects(tokens.ask('key', 'abc', Infinity), TypeError)
  assert.equal(tokens.stats().inFlight, 0)
})
