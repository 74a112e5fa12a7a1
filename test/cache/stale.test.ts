// cache.staleIfError: what was known counts a little longer while nobody can be asked, and only then.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import fc from 'fast-check'
import { refuse } from '../../lib/errors.ts'
import type { CachedToken } from '../../lib/cache/cached-token.ts'
import { tokenCache } from '../../lib/cache/cached.ts'
import { evictions } from '../../lib/cache/evictions.ts'
import { factsOf } from '../../lib/token/facts.ts'
import type { TokenRecord } from '../../lib/access-token.ts'
import { cacheOptions, cachedTokens, heldAnswers, recordOf, scriptedResolver, type OwnCacheOptions } from './scripted-resolver.ts'
import { refused } from '../token/refused.ts'

const start = 1_800_000_000_000
beforeEach(() => mock.timers.enable({ apis: ['Date'], now: start }))
afterEach(() => mock.timers.reset())

/** A token that was known and is forgotten after 30 seconds; what comes then is up to the test. */
async function scene (options: Partial<OwnCacheOptions> = {}, claims: Record<string, unknown> = { sub: 'alice' }) {
  const script: { answer: () => TokenRecord | null | Promise<TokenRecord | null> } = { answer: () => recordOf(claims) }
  const resolver = scriptedResolver(() => script.answer())
  const tokens = cachedTokens(resolver, { ...cacheOptions, staleIfError: 10_000, ...options })
  const key = tokens.keyOf('abc')
  const fresh = await tokens.ask(key, 'abc', Infinity)
  const down = (): never => { throw refuse('issuer_unavailable', 'down') }
  script.answer = down
  const ask = async (maxAge = Infinity): Promise<CachedToken> => await tokens.ask(key, 'abc', maxAge)
  const isStale = async (maxAge = Infinity): Promise<boolean> => {
    const entry = await ask(maxAge).catch(() => null)
    return entry?.isStale === true && entry.record === fresh.record && entry.asked === fresh.asked
  }
  return { script, resolver, tokens, key, ask, isStale, down, fresh }
}

const later = (milliseconds: number): void => { mock.timers.setTime(start + milliseconds) }

test('it counts for so many milliseconds beyond its life, and not one more', async () => {
  const { isStale, ask, tokens } = await scene()
  later(30_000)
  assert.equal(await isStale(), true)
  later(39_999)
  assert.equal(await isStale(), true)
  later(40_000)
  await refused('issuer_unavailable', ask())
  assert.equal(tokens.stats().stale, 2)
})

test('by default not at all', async () => {
  const { ask } = await scene({ staleIfError: cacheOptions.staleIfError })
  later(30_000)
  await refused('issuer_unavailable', ask())
})

test('it is asked each time, and what it then says counts', async () => {
  const { script, resolver, isStale, ask, tokens, key, down } = await scene()
  later(30_000)
  for (let i = 0; i < 3; i++) assert.equal(await isStale(), true)
  assert.equal(resolver.asked.length, 4)
  assert.equal(tokens.recall(key, 'abc', Date.now(), Infinity), undefined, 'a stale answer is nothing that is known')
  script.answer = () => null
  assert.equal((await ask()).record, null)
  script.answer = down
  later(33_000)
  assert.equal(await isStale(), false, 'what it said was no')
  await refused('issuer_unavailable', ask())
})

for (const reason of ['issuer_refused_us', 'issuer_bad_response', 'token_invalid', 'token_issuer_mismatch'] as const) {
  test(`${reason} is no outage: it stands`, async () => {
    const { script, ask } = await scene()
    script.answer = () => { throw refuse(reason) }
    later(30_000)
    await refused(reason, ask())
  })
}

test('a fault of ours is no outage: it stands', async () => {
  const { script, ask } = await scene()
  script.answer = () => { throw new TypeError('a bug') }
  later(30_000)
  await assert.rejects(ask(), TypeError)
})

test('a token that was not active stays so: nothing is made of it', async () => {
  const { script, ask, down } = await scene()
  later(30_000)
  script.answer = () => null
  await ask()
  script.answer = down
  later(32_000)
  await refused('issuer_unavailable', ask())
})

test('a token that nobody knew does not become one', async () => {
  const { tokens } = await scene()
  await refused('issuer_unavailable', tokens.ask(tokens.keyOf('other'), 'other', Infinity))
})

test('a route without cache gets none, one with a tighter maxTtl only what is young enough for it', async () => {
  const { isStale } = await scene()
  later(30_000)
  assert.equal(await isStale(0), false)
  assert.equal(await isStale(30_000), false)
  assert.equal(await isStale(30_001), true)
})

test('those who share a call each get what their route allows', async () => {
  const { tokens, key } = await scene()
  later(30_000)
  const outcomes = await Promise.allSettled([tokens.ask(key, 'abc', 10_000), tokens.ask(key, 'abc', Infinity), tokens.ask(key, 'abc', 20_000)])
  assert.deepEqual(outcomes.map(({ status }) => status), ['rejected', 'fulfilled', 'rejected'])
  assert.equal(tokens.stats().stale, 1)
})

test('it counts requests, not calls', async () => {
  const { ask, tokens, resolver } = await scene()
  later(30_000)
  await Promise.all(Array.from({ length: 100 }, () => ask()))
  assert.equal(tokens.stats().stale, 100)
  assert.equal(tokens.stats().failures, 1)
  assert.equal(resolver.asked.length, 2)
})

for (const selector of [{ token: 'abc' }, { subject: 'alice' }, { all: true }] as const) {
  test(`S-26: after an eviction by ${Object.keys(selector).join()} nothing is left of it`, async () => {
    const { tokens, ask } = await scene()
    later(30_000)
    await tokens.evict(selector)
    await refused('issuer_unavailable', ask())
  })

  test(`S-26: an eviction by ${Object.keys(selector).join()} while it is being asked counts as well`, async () => {
    const { script, tokens, ask } = await scene()
    const { answer, next } = heldAnswers()
    script.answer = answer
    later(30_000)
    const asking = refused('issuer_unavailable', ask())
    const call = await next()
    await tokens.evict(selector)
    call.fail(refuse('issuer_unavailable'))
    await asking
    assert.equal(tokens.stats().stale, 0)
  })
}

/** A token that was known, in a cache that a feed speaks to; nobody can be asked. */
async function fedScene (token = 'abc') {
  const known = evictions(86_400_000)
  const cache = tokenCache({ ...cacheOptions, staleIfError: 10_000, evictions: known, factsOf })
  const tokens = cache.of(scriptedResolver(() => {
    if (Date.now() > start) throw refuse('issuer_unavailable')
    return recordOf({})
  }))
  const key = tokens.keyOf(token)
  await tokens.ask(key, token, Infinity)
  later(30_000)
  return { known, cache, key, tokens, ask: () => tokens.ask(key, token, Infinity) }
}

test('S-26: an eviction counts for what still lies in the memory', async () => {
  const { known, cache, ask } = await fedScene()
  assert.equal((await ask()).isStale, true)
  known.add({ evicted: { all: true }, at: Date.now(), revokedAt: null })
  assert.equal(cache.stats().entries, 1)
  await refused('issuer_unavailable', ask())
})

test('S-26: an eviction of this token by itself ends it; one of another does not', async () => {
  // Of a JWS it is what is signed that counts, whatever the signature.
  for (const [token, another, same] of [['abc', 'abd', 'abc'], ['h.p.s', 'h.q.s', 'h.p.t']] as const) {
    const { known, cache, ask } = await fedScene(token)
    known.add({ evicted: { keys: cache.keysOf(another) }, at: Date.now(), revokedAt: null })
    assert.equal((await ask()).isStale, true)
    known.add({ evicted: { keys: cache.keysOf(same) }, at: Date.now(), revokedAt: null })
    assert.equal(cache.stats().entries, 1)
    await refused('issuer_unavailable', ask())
    mock.timers.setTime(start)
  }
})

test('S-26: while revocations may be missed and the operator wants nothing remembered to count, nothing does', async () => {
  const { cache, ask, tokens, key } = await fedScene()
  cache.bypass(true)
  await refused('issuer_unavailable', ask())
  later(1)
  assert.equal(tokens.recall(key, 'abc', Date.now(), Infinity), undefined)
  cache.bypass(false)
  assert.notEqual(tokens.recall(key, 'abc', Date.now(), Infinity), undefined)
  later(30_000)
  assert.equal((await ask()).isStale, true)
})

test('an eviction of another token leaves it alone', async () => {
  const { tokens, isStale } = await scene()
  later(30_000)
  await tokens.evict({ token: 'abd' })
  await tokens.evict({ subject: 'bob' })
  assert.equal(await isStale(), true)
})

test('a key that was withdrawn ends it', async () => {
  const key = { kid: null, algorithm: null, key: null as never, isRetired: false }
  const { tokens, ask } = await scene()
  const proven = cachedTokens({
    ...scriptedResolver(() => null),
    resolve: async () => {
      if (Date.now() > start) throw refuse('issuer_unavailable')
      return { record: recordOf({}), maxAge: Infinity, key, canBeMultiplied: false, isAsked: true }
    }
  }, { ...cacheOptions, staleIfError: 10_000 })
  const at = proven.keyOf('abc')
  await proven.ask(at, 'abc', Infinity)
  later(30_000)
  assert.equal((await proven.ask(at, 'abc', Infinity)).isStale, true)
  key.isRetired = true
  await refused('issuer_unavailable', proven.ask(at, 'abc', Infinity))
  await refused('issuer_unavailable', ask(0))
  assert.equal(tokens.stats().stale, 0)
})

test('an answer that forbade to be remembered was not, and so cannot count', async () => {
  const tokens = cachedTokens({
    ...scriptedResolver(() => null),
    resolve: async () => {
      if (Date.now() > start) throw refuse('issuer_unavailable')
      return { record: recordOf({}), maxAge: 0, key: null, canBeMultiplied: false, isAsked: true }
    }
  }, { ...cacheOptions, staleIfError: 10_000 })
  await tokens.ask(tokens.keyOf('abc'), 'abc', Infinity)
  later(1)
  await refused('issuer_unavailable', tokens.ask(tokens.keyOf('abc'), 'abc', Infinity))
})

test('L3: a clock that is set back lengthens no life', async () => {
  const { ask } = await scene()
  later(-1)
  await refused('issuer_unavailable', ask())
})

test('whatever the claims and the settings: never an entry that is older than its life and staleIfError, and never without an outage', async () => {
  const milliseconds = fc.integer({ min: 0, max: 120_000 })
  await fc.assert(fc.asyncProperty(milliseconds, milliseconds, milliseconds, milliseconds, fc.integer({ min: -1000, max: 300_000 }), async (defaultTtl, maxTtl, staleIfError, maxAge, passed) => {
    mock.timers.setTime(start)
    const { isStale } = await scene({ defaultTtl, maxTtl, staleIfError })
    later(passed)
    if (!await isStale(maxAge)) return
    const life = Math.min(defaultTtl, maxTtl)
    assert.ok(life > 0 && passed >= 0 && passed < life + staleIfError && passed < maxAge)
  }), { numRuns: 500 })
})
