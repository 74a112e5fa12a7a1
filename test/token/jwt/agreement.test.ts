import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readClaims, type TokenRecord } from '../../../lib/access-token.ts'
import { sharedLists } from '../../../lib/shared-lists.ts'
import { isRefusal } from '../../../lib/errors.ts'
import { agreedClaims } from '../../../lib/token/agreement.ts'
import { issuer } from './tokens.ts'

type Members = Record<string, unknown>

function recordOf (claims: Members): TokenRecord {
  const record = readClaims(structuredClone(claims), issuer, sharedLists())
  assert.ok(typeof record === 'object', String(record))
  return record
}

/** What both say, as the guard would read it; null where they contradict each other. */
function agreed (ours: Members, theirs: Members): TokenRecord | null {
  try {
    return recordOf(agreedClaims(recordOf(ours), recordOf(theirs)))
  } catch (error) {
    if (!isRefusal(error)) throw error
    assert.equal(error.reason, 'issuer_bad_response')
    return null
  }
}

const names = fc.subarray(['a', 'b', 'c', 'admin'])
const instant = fc.integer({ min: 0, max: 1000 })
const subject = fc.constantFrom('alice', 'bob')
const cnf = fc.constantFrom<unknown>({ 'x5t#S256': 'A'.repeat(43) }, { 'x5t#S256': 'B'.repeat(42) + 'A' }, { 'x5t#S256': 'A'.repeat(43), jkt: 'x' }, { jkt: 'x', 'x5t#S256': 'A'.repeat(43) }, {}, null, { jwk: {} })
const common = { sub: subject, client_id: subject, jti: subject, cnf, scope: names.map((list) => list.join(' ')), nbf: instant, token_type: fc.constantFrom('Bearer', 'DPoP') }
const signed = fc.record({ iss: fc.constant(issuer.name), exp: instant, aud: names, ...common }, { requiredKeys: ['iss', 'exp', 'aud'] })
const answered = fc.record({ active: fc.constant(true), iss: fc.constant(issuer.name), exp: instant, aud: fc.oneof(names, fc.constant('a')), ...common }, { requiredKeys: ['active'] })

test('what was signed and asked for is never wider than either, and never less bound', () => {
  let agreements = 0
  fc.assert(fc.property(signed, answered, (ours: Members, theirs: Members) => {
    const both = agreed(ours, theirs)
    for (const name of ['sub', 'client_id', 'jti']) {
      if (name in ours && name in theirs && ours[name] !== theirs[name]) assert.equal(both, null, name)
    }
    if (both === null) return
    agreements++
    for (const side of [ours, theirs]) {
      const one = recordOf(side)
      if ('scope' in side) assert.deepEqual([...both.scopes.set].filter((scope) => !one.scopes.set.has(scope)), [])
      if ('aud' in side) assert.deepEqual(both.audience.filter((member) => !one.audience.includes(member)), [])
      assert.ok((both.goodUntil ?? Infinity) <= (one.goodUntil ?? Infinity))
      assert.ok((both.goodFrom ?? -Infinity) >= (one.goodFrom ?? -Infinity))
      if ('cnf' in side) assert.deepEqual(both.claims['cnf'], side['cnf'])
      for (const name of ['sub', 'client_id', 'jti', 'iss']) if (name in side) assert.equal(both.claims[name], side[name])
    }
    if (!('cnf' in ours) && !('cnf' in theirs)) assert.equal(both.requirement.kind, 'none')
  }), { numRuns: 5000 })
  assert.ok(agreements > 100, `${agreements} agreements`)
})

test('the order of the members of cnf is no contradiction', () => {
  const thumbprint = 'A'.repeat(43)
  assert.ok(agreed({ iss: issuer.name, exp: 1, cnf: { 'x5t#S256': thumbprint, x: { a: 1, b: [1, 2] } } }, { active: true, cnf: { x: { b: [1, 2], a: 1 }, 'x5t#S256': thumbprint } }))
  assert.equal(agreed({ iss: issuer.name, exp: 1, cnf: { x: [1, 2] } }, { active: true, cnf: { x: [2, 1] } }), null)
})
