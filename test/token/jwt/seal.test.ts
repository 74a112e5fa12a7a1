import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seal, unseal } from '../../../lib/seal.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 200 })

test('what was sealed with a token is read with it, and with no other', () => {
  fc.assert(fc.property(text, text, text, (jwt, token, other) => {
    const sealed = seal(jwt, token)
    assert.equal(unseal(sealed, token), jwt)
    if (other !== token) assert.throws(() => unseal(sealed, other))
    assert.throws(() => unseal(sealed, `${token}x`))
  }))
})

test('what was sealed and changed, or cut, is not read', () => {
  fc.assert(fc.property(text.filter((jwt) => jwt !== ''), text, fc.nat(), fc.integer({ min: 1, max: 255 }), (jwt, token, at, bits) => {
    const sealed = seal(jwt, token)
    const index = at % sealed.length
    const other = Buffer.from(sealed)
    other[index] = (other[index] as number) ^ bits
    assert.throws(() => unseal(other, token))
    assert.throws(() => unseal(sealed.subarray(0, index), token))
  }))
})

test('neither the text nor the token stands in what is kept, and it differs each time', () => {
  const [jwt, token] = ['a JWT that somebody may use', 'a token that somebody may use']
  const sealed = seal(jwt, token)
  assert.equal(sealed.includes(jwt) || sealed.includes(token), false)
  assert.equal(sealed.equals(seal(jwt, token)), false)
})
