import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import type { TokenRecord } from '../../lib/access-token.ts'
import { evictions, matches, type Eviction, type Evictions } from '../../lib/cache/evictions.ts'
import { recordOf } from './scripted-resolver.ts'

const now = 1_800_000_000_000
const issuer = 'https://login.example.com'
const alice = recordOf({ sub: 'alice', sid: 's1', act: { sub: 'bob' }, n: 7, iat: now / 1000 })
const by = (claims: Record<string, string>, more: Partial<Eviction> = {}, from: string | null = null): Eviction => ({ evicted: { issuer: from, claims }, at: now, revokedAt: null, ...more })
const subject = { '["sub"]': '"alice"' }

test('covers what was asked in an earlier generation, and nothing that was asked later', () => {
  const known = evictions(60_000)
  const before = known.generation()
  known.add(by(subject))
  assert.equal(known.covers(() => 'k', alice, before), true)
  assert.equal(known.covers(() => 'k', alice, known.generation()), false)
  assert.equal(known.covers(() => 'k', recordOf({ sub: 'bob' }), before), false)
  assert.equal(known.covers(() => 'k', recordOf({}), before), false)
  assert.equal(known.covers(() => 'k', null, before), false)
})

for (const [name, eviction, isCovered] of [
  ['a nested claim', by({ '["act","sub"]': '"bob"' }), true],
  ['a number', by({ '["n"]': '7' }), true],
  ['a number as text', by({ '["n"]': '"7"' }), false],
  ['two claims that hold', by({ ...subject, '["sid"]': '"s1"' }), true],
  ['one of two that does not', by({ ...subject, '["sid"]': '"s2"' }), false],
  ['the issuer', by(subject, {}, issuer), true],
  ['another issuer', by(subject, {}, 'https://other.example.com'), false],
  ['what every object has', by({ '["constructor","name"]': '"Object"' }), false],
  ['its key', { evicted: { keys: ['k'] }, at: now, revokedAt: null }, true],
  ['another key', { evicted: { keys: ['l'] }, at: now, revokedAt: null }, false],
  ['all', { evicted: { all: true }, at: now, revokedAt: null }, true]
] as Array<[string, Eviction, boolean]>) {
  test(`an eviction by ${name} ${isCovered ? 'covers' : 'does not cover'}`, () => {
    const known = evictions(60_000)
    known.add(eviction)
    assert.equal(known.covers(() => 'k', alice, 0), isCovered)
    assert.equal(known.coversAnothers(() => 'k', alice, now - 1), isCovered)
    if ('claims' in eviction.evicted) assert.equal(matches(eviction.evicted, alice), isCovered)
  })
}

/** All that can be asked of what was evicted, each with a key that is looked for only where it must be. */
function lookedFor (known: Evictions, record: TokenRecord, key = 'k'): { calls: number, found: boolean[] } {
  const keyOf = mock.fn(() => key)
  const found = [known.covers(keyOf, record, 0), known.coversAnothers(keyOf, record, now), known.revokes(keyOf, record)]
  return { calls: keyOf.mock.callCount(), found }
}

test('where no token was evicted by itself, nobody finds out where its evictions would be', () => {
  const known = evictions(60_000)
  assert.deepEqual(lookedFor(known, alice), { calls: 0, found: [false, false, false] })
  known.add(by({ '["sub"]': '"bob"' }, { revokedAt: now }))
  assert.deepEqual(lookedFor(known, alice), { calls: 0, found: [false, false, false] })
  known.add(by(subject, { revokedAt: now }))
  assert.deepEqual(lookedFor(known, alice), { calls: 0, found: [true, true, true] })
  const all = evictions(60_000)
  all.add({ evicted: { all: true }, at: now, revokedAt: now })
  assert.deepEqual(lookedFor(all, alice), { calls: 0, found: [true, true, true] })
})

test('where some token was, each is looked for at its own place, and found among those by claims', () => {
  const known = evictions(60_000)
  known.add({ evicted: { keys: ['k', 'l'] }, at: now, revokedAt: now })
  for (const key of ['k', 'l']) assert.deepEqual(lookedFor(known, alice, key), { calls: 3, found: [true, true, true] })
  for (const key of ['', 'm', 'K', 'kl', '__proto__']) assert.deepEqual(lookedFor(known, alice, key), { calls: 3, found: [false, false, false] })
  assert.equal(known.covers(() => 'k', null, 0), true, 'also of one that is not active')
  known.add(by(subject, { revokedAt: now }))
  assert.deepEqual(lookedFor(known, alice, 'm').found, [true, true, true])
  const bob = recordOf({ sub: 'bob', iat: now / 1000 })
  assert.deepEqual([lookedFor(known, bob, 'm').found, lookedFor(known, bob, 'l').found], [[false, false, false], [true, true, true]])
})

test('what was evicted by itself is looked for until it is forgotten', (t) => {
  mock.timers.enable({ apis: ['Date'], now })
  t.after(() => mock.timers.reset())
  const known = evictions(60_000)
  known.add({ evicted: { keys: ['k'] }, at: now, revokedAt: now })
  assert.deepEqual(lookedFor(known, alice), { calls: 3, found: [true, true, true] })
  mock.timers.setTime(now + 60_001)
  known.add(by({ '["sub"]': '"bob"' }, { at: now + 60_001 }))
  assert.deepEqual(lookedFor(known, alice), { calls: 0, found: [false, false, false] })
})

test('what another process asked counts by the clock, of which two may differ by two seconds', () => {
  const known = evictions(60_000)
  known.add(by(subject))
  assert.equal(known.coversAnothers(() => 'k', alice, now + 2000), true)
  assert.equal(known.coversAnothers(() => 'k', alice, now + 2001), false)
})

test('a revocation is for tokens that were issued until then, or do not say when', () => {
  const known = evictions(60_000)
  known.add(by(subject, { revokedAt: now }))
  assert.equal(known.revokes(() => 'k', alice), true)
  assert.equal(known.revokes(() => 'k', recordOf({ sub: 'alice', iat: now / 1000 + 1 })), false)
  assert.equal(known.revokes(() => 'k', recordOf({ sub: 'alice' })), true)
  assert.equal(known.revokes(() => 'k', recordOf({ sub: 'bob', iat: 1 })), false)
})

test('an eviction that is no revocation revokes nothing, also after one of somebody else', () => {
  const known = evictions(60_000)
  known.add(by({ '["sub"]': '"bob"' }, { revokedAt: now }))
  known.add(by(subject))
  known.add({ evicted: { all: true }, at: now, revokedAt: null })
  assert.equal(known.revokes(() => 'k', alice), false)
})

test('a later eviction does not make an earlier revocation undone', () => {
  const known = evictions(60_000)
  known.add(by(subject, { revokedAt: now }))
  known.add(by(subject))
  assert.equal(known.revokes(() => 'k', alice), true)
})

test('bounded: of more than it remembers, the oldest takes all that is older than it', () => {
  const known = evictions(60_000, 100)
  const before = known.generation()
  for (let i = 0; i < 101; i++) known.add(by({ '["sub"]': `"s${i}"` }))
  assert.equal(known.covers(() => 'k', recordOf({ sub: 's0' }), before), true)
  assert.equal(known.covers(() => 'k', recordOf({ sub: 'somebody' }), before), true)
  assert.equal(known.covers(() => 'k', recordOf({ sub: 'somebody' }), before + 1), false)
})

test('bounded: of more than it remembers, the oldest revokes all JWTs that are older than it, rather than none', (t) => {
  mock.timers.enable({ apis: ['Date'], now })
  t.after(() => mock.timers.reset())
  const known = evictions(60_000, 100)
  for (let i = 0; i < 101; i++) known.add(by({ '["sub"]': `"s${i}"` }, { revokedAt: now - 5000 + i * 1000 }))
  const issued = (seconds: number) => recordOf({ sub: 'somebody', iat: now / 1000 + seconds })
  assert.deepEqual([known.revokes(() => 'k', issued(-5)), known.revokes(() => 'k', issued(-4))], [true, false])
  mock.timers.setTime(now + 60_001)
  known.add(by(subject, { at: Date.now() }))
  assert.equal(known.revokes(() => 'k', issued(-5)), false, 'past the horizon')
})

test('an eviction that is no revocation revokes no JWT, also one that does not say when it was issued', () => {
  const known = evictions(60_000)
  known.add(by(subject))
  known.add({ evicted: { all: true }, at: now, revokedAt: null })
  assert.equal(known.revokes(() => 'k', recordOf({ sub: 'alice' })), false)
})

test('what happened longer ago than the horizon is forgotten', (t) => {
  mock.timers.enable({ apis: ['Date'], now })
  t.after(() => mock.timers.reset())
  const known = evictions(60_000)
  known.add(by(subject, { revokedAt: now }))
  mock.timers.setTime(now + 60_001)
  known.add(by({ '["sub"]': '"bob"' }, { at: now + 60_001 }))
  assert.equal(known.covers(() => 'k', alice, 0), false)
  assert.equal(known.revokes(() => 'k', alice), false)
})

test('for any claims and evictions: covered exactly where one of them matches', () => {
  const value = fc.constantFrom('a', 'b', '', '"', '\\', 'ü')
  const claims = fc.record({ sub: value, sid: value, jti: value }, { requiredKeys: [] })
  fc.assert(fc.property(fc.array(fc.tuple(claims, fc.option(fc.constant(issuer)))), claims, (all, of) => {
    const known = evictions(60_000)
    const record = recordOf(of)
    const meant = all.filter(([claims]) => Object.keys(claims).length > 0)
      .map(([claims, from]) => ({ issuer: from, claims: Object.fromEntries(Object.entries(claims).map(([name, value]) => [JSON.stringify([name]), JSON.stringify(value)])) }))
    for (const evicted of meant) known.add({ evicted, at: now, revokedAt: now })
    const expected = meant.some(({ claims }) => Object.entries(claims).every(([path, value]) => JSON.stringify((of as Record<string, string>)[JSON.parse(path)[0]]) === value))
    assert.equal(known.covers(() => 'k', record, 0), expected)
    assert.equal(known.revokes(() => 'k', record), expected)
  }))
})

test('where more come than are kept, the oldest go a hundredth at a time: the way to each alone would be long', () => {
  const known = evictions(60_000, 1000)
  for (let i = 1; i <= 1001; i++) known.add(by({ '["sub"]': `"user${i}"` }))
  assert.equal(known.covers(() => 'k', alice, 9), true)
  assert.equal(known.covers(() => 'k', alice, 10), false)
  assert.equal(known.covers(() => 'k', recordOf({ sub: 'user11' }), 10), true)
})

test('a long value takes no more room than a short one, and is found as well', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const long = (i: number): string => `${i}${'x'.repeat(16_000)}`
  const known = evictions(60_000)
  collect()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 2000; i++) known.add(by({ '["sub"]': JSON.stringify(long(i)) }))
  collect()
  assert.ok(process.memoryUsage().heapUsed - before < 8_000_000, 'less than a quarter of the values')
  assert.equal(known.covers(() => 'k', recordOf({ sub: long(7) }), 0), true)
  assert.equal(known.covers(() => 'k', recordOf({ sub: `${long(7)}y` }), 0), false)
})
