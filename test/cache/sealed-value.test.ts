// S-27, S-28: what leaves the process opens for the same secret, place and token, and for nothing else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sealing, type Sealing } from '../../lib/cache/sealed-value.ts'

const secrets = { old: 'o'.repeat(32), next: 'n'.repeat(32), foreign: 'f'.repeat(32) }
const by = (...names: Array<keyof typeof secrets>): Sealing => sealing(names.map((id) => ({ id, secret: secrets[id] })))
const text = fc.string({ unit: 'grapheme', maxLength: 200 })
// Few signs, so that what differs is often almost the same.
const alike = fc.string({ unit: fc.constantFrom('a', 'b', '\0', ':', '1'), maxLength: 4 })

test('S-27: it opens where it was sealed for, and nowhere else: another place, another token, parts moved from one to the other', () => {
  const seals = by('old')
  fc.assert(fc.property(text, alike, alike, alike, alike, (text, place, token, otherPlace, otherToken) => {
    const sealed = seals.seal(text, place, token)
    assert.equal(seals.open(sealed, place, token), text)
    assert.equal(seals.open(sealed, otherPlace, otherToken), place === otherPlace && token === otherToken ? text : null)
  }), { numRuns: 2000 })
})

test('S-28: it opens by the secret that sealed it, first or not, under whatever name, and by no other', () => {
  const sealed = by('old').seal('text', 'place', 'token')
  for (const [seals, expected] of [[by('old'), 'text'], [by('next', 'old'), 'text'], [by('next'), null], [by('foreign', 'next'), null]] as const) {
    assert.equal(seals.open(sealed, 'place', 'token'), expected)
  }
  assert.equal(sealing([{ id: '', secret: secrets.old }]).open(sealed, 'place', 'token'), 'text')
  assert.equal(sealing([{ id: 'old', secret: secrets.next }]).open(sealed, 'place', 'token'), null)
  assert.equal(by('next').open(by('next', 'old').seal('text', 'place', 'token'), 'place', 'token'), 'text')
})

test('changed in any bit, shortened or lengthened, it does not open', () => {
  const seals = by('old')
  const sealed = seals.seal('some text', 'place', 'token')
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Uint8Array.from(sealed)
    changed[bit >> 3] = changed[bit >> 3] as number ^ 1 << (bit & 7)
    assert.equal(seals.open(changed, 'place', 'token'), null, `bit ${bit}`)
  }
  for (let length = 0; length < sealed.length; length++) assert.equal(seals.open(sealed.subarray(0, length), 'place', 'token'), null)
  assert.equal(seals.open(Buffer.concat([sealed, Buffer.of(0)]), 'place', 'token'), null)
})

test('anything at all is opened or not, and never throws', () => {
  const seals = by('old', 'next')
  const header = seals.seal('', '', '').subarray(0, 9)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (bytes, withHeader) => {
    assert.equal(seals.open(withHeader ? Buffer.concat([header, bytes]) : bytes, 'place', 'token'), null)
  }), { numRuns: 3000 })
})

test('the same text is never sealed to the same bytes, and does not stand in them', () => {
  const seals = by('old')
  const all = Array.from({ length: 1000 }, () => Buffer.from(seals.seal('in the clear', 'place', 'the-token')).toString('latin1'))
  assert.equal(new Set(all.map((bytes) => bytes.slice(9))).size, all.length)
  for (const part of ['in the clear', 'the-token', 'place', secrets.old]) assert.equal(all.some((bytes) => bytes.includes(part)), false)
})
