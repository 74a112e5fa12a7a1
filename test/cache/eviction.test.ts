import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import type { TokenRecord } from '../../lib/access-token.ts'
import { tokenCache } from '../../lib/cache/cached.ts'
import { evictions } from '../../lib/cache/evictions.ts'
import { refuse } from '../../lib/errors.ts'
import { factsOf } from '../../lib/token/facts.ts'
import { cacheOptions, cachedTokens, heldAnswers, recordOf, scriptedResolver } from './scripted-resolver.ts'

function scene (answer: (token: string) => TokenRecord | null | Promise<TokenRecord | null>) {
  const resolver = scriptedResolver(answer)
  const tokens = cachedTokens(resolver, cacheOptions)
  const ask = (token: string, fresh = false) => tokens.ask(tokens.keyOf(token), token, fresh ? 0 : Infinity)
  const recall = (token: string) => tokens.recall(tokens.keyOf(token), token, Date.now(), Infinity)
  return { resolver, tokens, ask, recall }
}

// Three people with two clients each: token "alice-web-1".
const people = ['alice', 'bob', 'carol'].flatMap((subject) => ['web', 'app'].map((client) => `${subject}-${client}`))
async function crowd () {
  const { tokens, ask, recall } = scene((token) => {
    const [sub, client] = token.split('-')
    return sub === 'nobody' ? null : recordOf({ sub, client_id: client, jti: `id-${token}` })
  })
  for (const token of people) await ask(token)
  await ask('nobody-web')
  return { tokens, left: () => people.filter((token) => recall(token) !== undefined), recall }
}

for (const [selector, gone] of [
  [{ token: 'alice-web' }, ['alice-web']],
  [{ token: 'nobody' }, []],
  [{ subject: 'alice' }, ['alice-web', 'alice-app']],
  [{ clientId: 'web' }, ['alice-web', 'bob-web', 'carol-web']],
  [{ jwtId: 'id-bob-app' }, ['bob-app']],
  [{ subject: 'alice', clientId: 'web' }, ['alice-web']],
  [{ subject: 'alice', clientId: 'web', jwtId: 'id-bob-app' }, []],
  [{ subject: 'web' }, []],
  [{ all: true }, people]
] as const) {
  test(`evict ${JSON.stringify(selector)}: these go and no others`, async () => {
    const { tokens, left, recall } = await crowd()
    const count = await tokens.evict(selector)
    assert.deepEqual(left(), people.filter((token) => !(gone as readonly string[]).includes(token)))
    const isAll = 'all' in selector
    assert.equal(count, gone.length + (isAll ? 1 : 0))
    assert.equal(recall('nobody-web') === undefined, isAll)
    assert.equal(await tokens.evict(selector), 0, 'a second time')
  })
}

test('an eviction that another process tells of is found by the token that it is about, and by no other', async () => {
  const known = evictions(86_400_000)
  const cache = tokenCache({ ...cacheOptions, evictions: known, factsOf })
  const resolver = scriptedResolver((token) => token === 'nobody' ? null : recordOf({ sub: token }))
  const tokens = cache.of(resolver)
  // Of a JWS it is what is signed that counts: two of these differ in their signature alone.
  const names = ['abc', 'abd', 'h.p.s', 'h.p.t', 'h.q.s', 'nobody']
  const recall = (token: string) => tokens.recall(tokens.keyOf(token), token, Date.now(), Infinity)
  for (const [named, gone] of [[['abc'], ['abc']], [['h.p.s'], ['h.p.s', 'h.p.t']], [['nobody'], ['nobody']], [['abd', 'h.q.s'], ['abd', 'h.q.s']]] as Array<[string[], string[]]>) {
    for (const token of names) await tokens.ask(tokens.keyOf(token), token, Infinity)
    const before = new Map(names.map((token) => [token, recall(token)]))
    assert.ok([...before.values()].every((entry) => entry !== undefined))
    for (const token of named) known.add({ evicted: { keys: cache.keysOf(token) }, at: Date.now(), revokedAt: null })
    for (const token of names) assert.equal(recall(token), gone.includes(token) ? undefined : before.get(token), `${token} after ${named.join()}`)
  }
})

test('evict by token takes one that is not active too', async () => {
  const { tokens, recall } = await crowd()
  assert.equal(await tokens.evict({ token: 'nobody-web' }), 1)
  assert.equal(recall('nobody-web'), undefined)
})

test('claims that a token does not have select it by no name', async () => {
  const { tokens, ask, recall } = scene(() => recordOf({}))
  await ask('abc')
  for (const selector of [{ subject: '' }, { subject: 'null' }, { clientId: 'undefined' }, { jwtId: '' }]) assert.equal(await tokens.evict(selector), 0)
  assert.notEqual(recall('abc'), undefined)
})

for (const selector of [{ token: 'abc' }, { all: true }, { subject: 'alice' }] as const) {
  test(`evict ${Object.keys(selector)[0]} while the answer is on its way: it is not kept, and later asks do not join it`, async () => {
    const held = heldAnswers()
    const { resolver, tokens, ask, recall } = scene(held.answer)
    const before = ask('abc')
    const stale = await held.next()
    assert.equal(await tokens.evict(selector), 0)
    const after = ask('abc')
    const current = await held.next()
    assert.equal(resolver.asked.length, 2, 'the second ask joined the first')
    stale.give(recordOf({ sub: 'alice' }))
    const again = await held.next()
    assert.equal(recall('abc'), undefined, 'the stale answer was kept')
    again.give(null)
    assert.equal((await before).record, null, 'who asked before gets an answer from afterwards')
    current.give(null)
    assert.equal((await after).record, null)
    assert.equal(recall('abc')?.record, null)
  })
}

test('however often something is evicted meanwhile, no answer from before counts, and an ask makes four calls at most', async () => {
  const held = heldAnswers()
  const { resolver, tokens, ask, recall } = scene(held.answer)
  const asked = assert.rejects(ask('abc'), { reason: 'issuer_unavailable' })
  for (let i = 0; i < 4; i++) {
    const answer = await held.next()
    await tokens.evict({ all: true })
    answer.give(recordOf({ sub: 'alice' }))
  }
  await asked
  assert.equal(resolver.asked.length, 4)
  assert.equal(recall('abc'), undefined)
})

test('an answer that was on its way when evicted does not take the place of a later one', async () => {
  const held = heldAnswers()
  const { tokens, ask, recall } = scene(held.answer)
  const before = ask('abc')
  const stale = await held.next()
  await tokens.evict({ token: 'abc' })
  const after = ask('abc')
  ;(await held.next()).give(null)
  await after
  stale.give(recordOf())
  ;(await held.next()).give(null)
  await before
  assert.notEqual(recall('abc')?.record?.claims.active, true)
})

test('without an eviction too: the answer of whoever asked last stands, in whatever order they come', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 })
  t.after(() => mock.timers.reset())
  const held = heldAnswers()
  const { ask, recall } = scene(held.answer)
  const early = ask('abc')
  const answerOfEarly = await held.next()
  mock.timers.setTime(Date.now() + 1)
  const late = ask('abc', true)
  ;(await held.next()).give(null)
  await late
  answerOfEarly.give(recordOf({ sub: 'alice' }))
  assert.equal((await early).record?.claims.sub, 'alice')
  assert.equal(recall('abc')?.record, null)
})

test('a `fresh` answer that was on its way when evicted is not kept either', async () => {
  const held = heldAnswers()
  const { tokens, ask, recall } = scene(held.answer)
  const fresh = ask('abc', true)
  const stale = await held.next()
  await tokens.evict({ token: 'abc' })
  stale.give(recordOf())
  ;(await held.next()).give(null)
  assert.equal((await fresh).record, null)
  assert.equal(recall('abc')?.record, null)
})

test('a call that fails after an eviction leaves the later one its place', async () => {
  const held = heldAnswers()
  const { resolver, tokens, ask } = scene(held.answer)
  const before = assert.rejects(ask('abc'))
  const stale = await held.next()
  await tokens.evict({ all: true })
  const after = ask('abc')
  stale.fail(refuse('issuer_unavailable'))
  await before
  const joining = ask('abc')
  ;(await held.next()).give(null)
  assert.equal(await after, await joining)
  assert.equal(resolver.asked.length, 2)
})

test('a token that is no longer active takes the place of the active one', async () => {
  let record: TokenRecord | null = recordOf({ sub: 'alice' })
  const { tokens, ask, recall } = scene(() => record)
  await ask('abc')
  record = null
  await ask('abc', true)
  assert.equal(recall('abc')?.record, null)
  assert.deepEqual([tokens.stats().entries, tokens.stats().inactiveEntries], [0, 1])
  record = recordOf({ sub: 'alice' })
  await ask('abc', true)
  assert.equal(recall('abc')?.record?.claims.sub, 'alice')
  assert.deepEqual([tokens.stats().entries, tokens.stats().inactiveEntries], [1, 0])
  assert.equal(await tokens.evict({ all: true }), 1)
})

test('a token that is no longer active is gone also where "not active" is not remembered', async () => {
  let record: TokenRecord | null = recordOf()
  const tokens = cachedTokens(scriptedResolver(() => record), { ...cacheOptions, negativeTtl: 0 })
  const key = tokens.keyOf('abc')
  await tokens.ask(key, 'abc', Infinity)
  record = null
  await tokens.ask(key, 'abc', 0)
  assert.equal(tokens.recall(key, 'abc', Date.now(), Infinity), undefined)
})
