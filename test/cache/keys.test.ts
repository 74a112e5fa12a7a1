// S-27, S-28: two tokens, or two authorization servers, never share a key.
import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { mock, test } from 'node:test'
import fc from 'fast-check'
import { type CachedTokens } from '../../lib/cache/cached.ts'
import { cacheOptions, cachedTokens, scriptedResolver } from './scripted-resolver.ts'

function cacheOf (identity: readonly string[]): CachedTokens {
  return cachedTokens(scriptedResolver(() => null, identity), cacheOptions)
}

const b64token = fc.stringMatching(/^[A-Za-z0-9\-._~+/]+=*$/)
// Few signs, among them those that a careless join would use: made to collide.
const awkward = fc.string({ unit: fc.constantFrom('a', '1', '2', ':', ',', '|', '"', '\\', '\0', '/'), maxLength: 6 })
const identity = fc.array(awkward, { maxLength: 4 })

test('S-27: one key for one token, another for every other', () => {
  const tokens = cacheOf(['i', 'e', 'c'])
  fc.assert(fc.property(b64token, b64token, (one, other) => {
    assert.equal(tokens.keyOf(one) === tokens.keyOf(other), one === other)
  }), { numRuns: 2000 })
})

test('S-27, I27: tokens with a common beginning, another case, another padding', () => {
  const tokens = cacheOf(['i', 'e', 'c'])
  const long = 'x'.repeat(16_000)
  const alike = ['abc', 'ABC', 'abc=', 'abc==', 'ab', 'abcd', 'abc.', 'abc/', 'abc+', 'abc-', 'abc_', long, `${long}y`, `${long}z`]
  assert.equal(new Set(alike.map(tokens.keyOf)).size, alike.length)
})

test('60, S-27: a key is 256 bits, whatever the token', () => {
  const tokens = cacheOf(['i', 'e', 'c'])
  fc.assert(fc.property(fc.string(), (token) => {
    assert.match(tokens.keyOf(token), /^[A-Za-z0-9_-]{43}$/)
  }))
  const signs = new Set(Array.from({ length: 1000 }, (_, index) => tokens.keyOf(`${index}`)).join(''))
  assert.equal(signs.size, 64, 'six bits a sign')
})

test('S-27, S-28: keys are keyed: two caches never share one, not even of the same authorization server', () => {
  assert.notEqual(cacheOf(['i', 'e', 'c']).keyOf('abc'), cacheOf(['i', 'e', 'c']).keyOf('abc'))
  fc.assert(fc.property(identity, identity, b64token, b64token, (one, other, token, otherToken) => {
    assert.notEqual(cacheOf(one).keyOf(token), cacheOf(other).keyOf(otherToken))
  }), { numRuns: 500 })
})

test('S-27: under one and the same key material, identity and token together tell keys apart: no separator can be forged', (t) => {
  mock.method(crypto, 'randomBytes', (length: number) => Buffer.alloc(length))
  syncBuiltinESMExports()
  t.after(() => {
    mock.restoreAll()
    syncBuiltinESMExports()
  })
  assert.equal(cacheOf(['a']).keyOf('b'), cacheOf(['a']).keyOf('b'), 'the key material is not the same')
  // Pairs that a plain join gives the same text are tried on purpose, others at random.
  const collide: Array<[string[], string, string[], string]> = [
    [['a', 'b'], 'c', ['ab', ''], 'c'], [['a', 'b'], 'c', ['a'], 'bc'], [['a', 'b'], 'c', ['a', 'bc'], ''], [['1:a'], 'b', ['1', 'a'], 'b'],
    [['a,b'], 'c', ['a', 'b'], 'c'], [['', 'a'], 'b', ['a', ''], 'b']
  ]
  for (const [one, token, other, otherToken] of collide) {
    assert.notEqual(cacheOf(one).keyOf(token), cacheOf(other).keyOf(otherToken), JSON.stringify([one, other]))
  }
  const three = fc.tuple(awkward, awkward, awkward)
  fc.assert(fc.property(three, awkward, three, awkward, (one, token, other, otherToken) => {
    const isSame = JSON.stringify([one, token]) === JSON.stringify([other, otherToken])
    assert.equal(cacheOf(one).keyOf(token) === cacheOf(other).keyOf(otherToken), isSame)
  }), { numRuns: 3000 })
})
