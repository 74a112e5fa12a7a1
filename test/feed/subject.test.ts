import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { evictedBy } from '../../lib/cache/eviction.ts'
import { isSetFault } from '../../lib/feed/set-fault.ts'
import { selectorsOf, type SubjectRules } from '../../lib/feed/subject.ts'

const issuer = 'https://login.example.com'
const other = 'https://other.example.com'
const rules: SubjectRules = { tokenIssuer: issuer, opaque: null, session: 'sid', email: null }
const alice = { format: 'iss_sub', iss: issuer, sub: 'alice' }
const opaque = { format: 'opaque', id: 'x1' }
const email = { format: 'email', email: 'alice@example.com' }

for (const [name, subject, expected, more = {}, isOfSession = false] of [
  ['RFC 9493 section 3.2.3: iss_sub', alice, [{ subject: 'alice', issuer }]],
  ['iss_sub of another issuer', { ...alice, iss: other }, []],
  ['SSF 1.0 section 3.5.1: jwt_id', { format: 'jwt_id', iss: issuer, jti: 'j1' }, [{ jwtId: 'j1', issuer }]],
  ['jwt_id of another issuer', { format: 'jwt_id', iss: other, jti: 'j1' }, []],
  ['RFC 9493 section 3.2.4: opaque', opaque, [{ subject: 'x1', issuer }]],
  ['opaque where the event is about a session', opaque, [{ sessionId: 'x1', issuer }], {}, true],
  ['opaque, mapped', opaque, [{ claim: { path: ['act', 'id'], value: 'x1' }, issuer }], { opaque: ['act', 'id'] }, true],
  ['RFC 9493 section 3.2.2: email, which nothing maps', email, []],
  ['email, mapped', email, [{ claim: { path: 'mail', value: 'alice@example.com' }, issuer }], { email: 'mail' }],
  ['a format that is not known', { format: 'did', url: 'did:example:123456' }, []],
  ['a session with a claim of its own', { format: 'complex', session: opaque }, [{ claim: { path: 'session', value: 'x1' }, issuer }], { session: 'session' }],
  ['SSF 1.0 section 3.3: user and session, both', { format: 'complex', user: alice, session: opaque }, [{ subject: 'alice', sessionId: 'x1', issuer }]],
  ['only a user, and what we do not know of makes it no narrower', { format: 'complex', user: alice, device: opaque, tenant: { format: 'opaque', id: 't' } }, [{ subject: 'alice', issuer }]],
  ['a tenant alone', { format: 'complex', tenant: opaque }, []],
  ['a user that nothing maps beside a session', { format: 'complex', user: email, session: opaque }, [{ sessionId: 'x1', issuer }]],
  ['a user of another issuer beside a session', { format: 'complex', user: { ...alice, iss: other }, session: opaque }, []],
  ['two claims without a name of their own', { format: 'complex', user: email, session: opaque }, [{ claim: { path: 'session', value: 'x1' }, issuer }], { email: 'mail', session: 'session' }],
  ['RFC 9493 section 3.2.7: aliases', { format: 'aliases', identifiers: [alice, email, { ...alice, iss: other }] }, [{ subject: 'alice', issuer }]]
] as Array<[string, unknown, unknown[], Partial<SubjectRules>?, boolean?]>) {
  test(name, () => {
    const selectors = selectorsOf(subject, { ...rules, ...more }, isOfSession)
    assert.deepEqual(selectors, expected)
    // Each is one that evictions take.
    for (const selector of selectors) assert.ok(evictedBy(selector, () => [], 'grant_id'))
  })
}

for (const [name, subject] of [
  ['no object', 'alice'],
  ['null', null],
  ['a list', [alice]],
  ['no format', { iss: issuer, sub: 'alice' }],
  ['a format that is no string', { ...alice, format: 1 }],
  ['no sub', { format: 'iss_sub', iss: issuer }],
  ['an empty sub', { ...alice, sub: '' }],
  ['a number', { ...alice, sub: 7 }],
  ['an endless sub', { ...alice, sub: 'a'.repeat(1025) }],
  ['no iss', { format: 'iss_sub', sub: 'alice' }],
  ['no id', { format: 'opaque' }],
  ['a session that is no object', { format: 'complex', session: 'x1' }],
  ['aliases of aliases', { format: 'aliases', identifiers: [{ format: 'aliases', identifiers: [alice] }] }],
  ['no aliases', { format: 'aliases', identifiers: [] }],
  ['too many aliases', { format: 'aliases', identifiers: Array(9).fill(alice) }]
] as const) {
  test(`not what its format says: ${name}`, () => {
    assert.throws(() => selectorsOf(subject, rules, false), { err: 'invalid_request' })
  })
}

test('for anything: selectors of tokens of this issuer, or a fault', () => {
  const text = fc.oneof(fc.constantFrom('iss_sub', 'opaque', 'complex', 'aliases', 'email', 'jwt_id', issuer, other, 'alice', ''), fc.string())
  const value = fc.oneof({ arbitrary: text, weight: 9 }, { arbitrary: fc.jsonValue(), weight: 1 })
  const simple = fc.record({ format: value, iss: fc.constantFrom(issuer, issuer, other, 5), sub: value, id: value, email: value, jti: value }, { requiredKeys: ['format', 'iss'] })
  const subject = fc.oneof(
    simple,
    fc.record({ format: fc.constant('complex'), user: simple, session: simple }, { requiredKeys: ['format'] }),
    fc.record({ format: fc.constant('aliases'), identifiers: fc.array(simple) }),
    fc.jsonValue()
  )
  let taken = 0
  fc.assert(fc.property(subject, fc.boolean(), (subject, isOfSession) => {
    try {
      for (const selector of selectorsOf(subject, { ...rules, email: 'mail' }, isOfSession)) {
        taken++
        assert.equal((selector as { issuer: string }).issuer, issuer)
        assert.ok(Object.keys(selector).length > 1)
        evictedBy(selector, () => [], 'grant_id')
      }
    } catch (error) {
      if (!isSetFault(error)) throw error
    }
  }), { numRuns: 5000 })
  assert.ok(taken > 100, `only ${taken}`)
})
