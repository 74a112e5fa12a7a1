import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { origin } from '../../lib/cache/cached-token.ts'
import { refuse } from '../../lib/errors.ts'
import type { TokenResolver } from '../../lib/token/resolver.ts'
import { cacheOptions, recordOf, scriptedResolver, type OwnCacheOptions, type ResolverCache } from '../cache/scripted-resolver.ts'

const start = 1_800_000_000_000

/** Holds a memory of tokens to its contract (lib/cache/cached.ts). */
export function cachedTokensContract (name: string, create: (resolver: TokenResolver, options: OwnCacheOptions) => ResolverCache): void {
  const alice = { sub: 'alice', client_id: 'web', jti: '1' }
  const scene = (answer = () => recordOf(alice)) => {
    const resolver = scriptedResolver(answer)
    const tokens = create(resolver, cacheOptions)
    const ask = (token: string, fresh = false) => tokens.ask(tokens.keyOf(token), token, fresh ? 0 : Infinity)
    const recall = (token: string, maxAge = Infinity) => tokens.recall(tokens.keyOf(token), token, Date.now(), maxAge)
    return { resolver, tokens, ask, recall }
  }

  describe(`cached tokens: ${name}`, () => {
    beforeEach(() => mock.timers.enable({ apis: ['Date'], now: start }))
    afterEach(() => mock.timers.reset())

    test('a key is the same each time, another for another token, and does not hold it', () => {
      const { tokens } = scene()
      assert.equal(tokens.keyOf('one-token'), tokens.keyOf('one-token'))
      assert.notEqual(tokens.keyOf('one-token'), tokens.keyOf('another-token'))
      assert.equal(tokens.keyOf('one-token').includes('one-token'), false)
    })

    test('what nobody asked for is not known', () => {
      assert.equal(scene().recall('abc'), undefined)
    })

    test('what was asked for is known until its time is over', async () => {
      const { ask, recall, resolver } = scene()
      const asked = await ask('abc')
      assert.equal(asked.record?.claims.sub, 'alice')
      assert.equal(recall('abc'), asked)
      mock.timers.setTime(origin + asked.expires - 1)
      assert.equal(recall('abc'), asked)
      mock.timers.setTime(origin + asked.expires)
      assert.equal(recall('abc'), undefined)
      assert.deepEqual(resolver.asked, ['abc'])
    })

    test('what is too old for a route is not known to it, and still to others', async () => {
      const { ask, recall } = scene()
      const asked = await ask('abc')
      mock.timers.setTime(start + 1000)
      assert.equal(recall('abc', 1001), asked)
      assert.equal(recall('abc', 1000), undefined)
      assert.equal(recall('abc', 0), undefined)
      assert.equal(recall('abc'), asked)
    })

    test('"not active" is known too', async () => {
      const { ask, recall } = scene(() => null as never)
      assert.equal((await ask('abc')).record, null)
      assert.equal(recall('abc')?.record, null)
    })

    test('all that ask for one token at a time share one call, those of another have theirs', async () => {
      const { ask, resolver } = scene()
      const entries = await Promise.all([ask('abc'), ask('abc'), ask('def'), ask('abc')])
      assert.deepEqual(resolver.asked, ['abc', 'def'])
      assert.equal(entries[0], entries[1])
      assert.equal(entries[0], entries[3])
      assert.notEqual(entries[0], entries[2])
    })

    test('`fresh` shares with nobody', async () => {
      const { ask, resolver } = scene()
      await Promise.all([ask('abc'), ask('abc', true), ask('abc', true)])
      assert.equal(resolver.asked.length, 3)
    })

    test('a failure is not an answer: all who asked get it, nobody later', async () => {
      let isDown = true
      const { ask, recall, tokens } = scene(() => {
        if (isDown) throw refuse('issuer_unavailable')
        return recordOf(alice)
      })
      const outcomes = await Promise.allSettled([ask('abc'), ask('abc')])
      assert.deepEqual(outcomes.map(({ status }) => status), ['rejected', 'rejected'])
      assert.equal(recall('abc'), undefined)
      isDown = false
      assert.equal((await ask('abc')).record?.claims.sub, 'alice')
      assert.equal(tokens.stats().failures, 1)
    })

    for (const selector of [{ token: 'abc' }, { all: true }, { subject: 'alice' }, { clientId: 'web' }, { jwtId: '1' }, { subject: 'alice', clientId: 'web', jwtId: '1' }] as const) {
      test(`evict by ${Object.keys(selector).join(' and ')}: forgotten, counted, asked for again`, async () => {
        const { ask, recall, tokens, resolver } = scene()
        await ask('abc')
        assert.equal(await tokens.evict(selector), 1)
        assert.equal(recall('abc'), undefined)
        assert.equal(await tokens.evict(selector), 0)
        await ask('abc')
        assert.equal(resolver.asked.length, 2)
      })
    }

    for (const selector of [{ token: 'abd' }, { subject: 'bob' }, { clientId: 'alice' }, { jwtId: '2' }, { subject: 'alice', jwtId: '2' }] as const) {
      test(`evict by ${JSON.stringify(selector)} leaves another token alone`, async () => {
        const { ask, recall, tokens } = scene()
        await ask('abc')
        assert.equal(await tokens.evict(selector), 0)
        assert.notEqual(recall('abc'), undefined)
      })
    }

    test('it counts', async () => {
      const { ask, recall, tokens } = scene()
      recall('abc')
      const under = ask('abc')
      assert.equal(tokens.stats().inFlight, 1)
      await under
      recall('abc')
      recall('abc')
      assert.deepEqual(tokens.stats(), { hits: 2, misses: 1, failures: 0, stale: 0, entries: 1, inactiveEntries: 0, inFlight: 0, evictions: 0, shared: null })
    })

    test('close closes the resolver', async () => {
      const { tokens, resolver } = scene()
      await tokens.close()
      assert.equal(resolver.isClosed, true)
    })
  })
}
