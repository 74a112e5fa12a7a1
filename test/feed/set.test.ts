import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import fc from 'fast-check'
import { readSet, type SetRules } from '../../lib/feed/set.ts'
import { isSetFault } from '../../lib/feed/set-fault.ts'
import { caep, oauth, receiver, risc } from './set-sender.ts'

const now = 1_800_000_000_000
const issuer = 'https://login.example.com'
const rules: SetRules = { issuer, audience: ['https://other-name.example.com', receiver], maxAge: 86_400_000, tokenIssuer: issuer, opaque: null, session: 'sid', email: null }
const sessionRevoked = `${caep}session-revoked`
const alice = { format: 'iss_sub', iss: issuer, sub: 'alice' }
const good = { iss: issuer, aud: receiver, iat: now / 1000, jti: 'e1', sub_id: alice, events: { [sessionRevoked]: {} } }

mock.timers.enable({ apis: ['Date'], now })

const read = (claims: unknown) => readSet(Buffer.from(typeof claims === 'string' ? claims : JSON.stringify(claims)), rules)

for (const type of [
  sessionRevoked, `${caep}token-claims-change`, `${risc}account-disabled`, `${risc}account-purged`, `${risc}credential-compromise`,
  `${risc}account-credential-change-required`, `${risc}sessions-revoked`, `${oauth}tokens-revoked`, `${oauth}token-revoked`
]) {
  test(`${type.slice(35)} revokes the tokens of its subject`, () => {
    assert.deepEqual(read({ ...good, events: { [type]: {} } }), { id: 'e1', revocations: [{ selector: { subject: 'alice', issuer }, revokedAt: now }], ignored: 0 })
  })
}

test('an opaque subject is a session where the event is about one', () => {
  const selectorOf = (type: string) => read({ ...good, sub_id: { format: 'opaque', id: 'x1' }, events: { [type]: {} } }).revocations[0]?.selector
  assert.deepEqual([selectorOf(sessionRevoked), selectorOf(`${risc}account-disabled`)], [{ sessionId: 'x1', issuer }, { subject: 'x1', issuer }])
})

for (const type of ['https://schemas.openid.net/secevent/ssf/event-type/verification', `${risc}account-enabled`, `${caep}session-established`, 'urn:example:event', `${sessionRevoked}/`]) {
  test(`RFC 8417 section 2: an event that means nothing here is taken, and ignored: ${type}`, () => {
    assert.deepEqual(read({ ...good, sub_id: undefined, events: { [type]: {} } }), { id: 'e1', revocations: [], ignored: 1 })
  })
}

test('of several events each counts by itself', () => {
  const { revocations, ignored } = read({ ...good, events: { [sessionRevoked]: {}, [`${risc}account-disabled`]: { event_timestamp: now / 1000 - 60 }, 'urn:example:event': {} } })
  assert.deepEqual([revocations.map(({ revokedAt }) => revokedAt - now), ignored], [[0, -60_000], 1])
})

test('an event of an older transmitter has its subject inside; SSF 1.0 section 3.1: the one outside goes before', () => {
  const event = { subject: { ...alice, sub: 'bob' } }
  const subjectOf = (claims: object) => read(claims).revocations[0]?.selector
  assert.deepEqual(subjectOf({ ...good, sub_id: undefined, events: { [sessionRevoked]: event } }), { subject: 'bob', issuer })
  assert.deepEqual(subjectOf({ ...good, events: { [sessionRevoked]: event } }), { subject: 'alice', issuer })
})

// What the event says of its time, what the token says (`toe`), when the token was issued; expected, in seconds before now.
for (const [name, event, claims, expected] of [
  ['event_timestamp', { event_timestamp: now / 1000 - 30 }, { toe: now / 1000 - 20, iat: now / 1000 - 10 }, 30],
  ['RFC 8417 section 2.2: toe', {}, { toe: now / 1000 - 20, iat: now / 1000 - 10 }, 20],
  ['iat', {}, { iat: now / 1000 - 10 }, 10],
  ['never later than iat: milliseconds for seconds', { event_timestamp: now - 30_000 }, { iat: now / 1000 - 10 }, 10],
  ['never later than iat: toe', {}, { toe: 1e300, iat: now / 1000 - 10 }, 10]
] as const) {
  test(`the time of a revocation: ${name}`, () => {
    assert.equal((now - (read({ ...good, ...claims, events: { [sessionRevoked]: event } }).revocations[0]?.revokedAt ?? 0)) / 1000, expected)
  })
}

for (const [name, aud, isTaken] of [
  ['ours', receiver, true],
  ['another of ours', 'https://other-name.example.com', true],
  ['a list with ours', ['https://x.example', receiver], true],
  ['somebody else', 'https://x.example', false],
  ['a list without ours', ['https://x.example'], false],
  ['an empty list', [], false],
  ['none', undefined, false],
  ['a list with something else', [receiver, 5], false],
  ['an object', { 0: receiver }, false]
] as const) {
  test(`RFC 8417 section 2.2: aud is ${name}`, () => {
    if (isTaken) assert.equal(read({ ...good, aud }).revocations.length, 1)
    else assert.throws(() => read({ ...good, aud }), { err: 'invalid_audience' })
  })
}

test('RFC 8417 section 2.2: iss is the one of the keys', () => {
  for (const iss of [undefined, 'https://login.example.com/', 'https://other.example.com', [issuer], null]) assert.throws(() => read({ ...good, iss }), { err: 'invalid_issuer' })
})

for (const [name, claims] of [
  ['no iat', { iat: undefined }],
  ['an iat that is text', { iat: String(now / 1000) }],
  ['an iat in the future', { iat: now / 1000 + 61 }],
  ['an iat in milliseconds', { iat: now }],
  ['an iat too long ago', { iat: now / 1000 - 86_401 }],
  ['a negative iat', { iat: -1 }],
  ['no jti', { jti: undefined }],
  ['an empty jti', { jti: '' }],
  ['a jti that is a number', { jti: 1 }],
  ['an endless jti', { jti: 'j'.repeat(1025) }],
  ['no events', { events: undefined }],
  ['events: null', { events: null }],
  ['events: a list', { events: [sessionRevoked] }],
  ['events: empty', { events: {} }],
  ['events: too many', { events: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`urn:example:${i}`, {}])) }],
  ['events: a name that is no URI', { events: { 'session-revoked': {} } }],
  ['events: a payload that is none', { events: { [sessionRevoked]: null } }],
  ['events: a payload that is a list', { events: { [sessionRevoked]: [] } }],
  ['events: one good, one with a payload that is none', { events: { [sessionRevoked]: {}, 'urn:example:event': 'x' } }],
  ['no subject', { sub_id: undefined }],
  ['a subject that is none', { sub_id: 'alice' }],
  ['an event_timestamp that is text', { events: { [sessionRevoked]: { event_timestamp: '1800000000' } } }],
  ['a toe that is text', { toe: '1800000000' }],
  ['SSF 1.0 section 4.1.2: sub', { sub: 'alice' }],
  ['SSF 1.0 section 4.1.7: exp', { exp: now / 1000 + 60 }]
] as Array<[string, object]>) {
  test(`invalid_request: ${name}`, () => {
    assert.throws(() => read({ ...good, ...claims }), { err: 'invalid_request' })
  })
}

test('a minute for clocks that are ahead, and the whole of maxAge', () => {
  for (const iat of [now / 1000 + 60, now / 1000 - 86_400]) assert.equal(read({ ...good, iat }).revocations.length, 1)
})

for (const [name, text] of [
  ['a member twice', `{"iss":"${issuer}",${JSON.stringify({ ...good, iss: undefined }).slice(1, -1)},"sub_id":${JSON.stringify({ ...alice, sub: 'bob' })}}`],
  ['an event twice', JSON.stringify(good).replace(`"${sessionRevoked}":{}`, `"${sessionRevoked}":{},"${sessionRevoked}":{"event_timestamp":1}`)],
  ['a list', '[]'],
  ['text', '"x"'],
  ['no JSON', '{'],
  ['nothing', ''],
  ['nested too deep', `{"events":${'{"a":'.repeat(40)}1${'}'.repeat(41)}`]
] as const) {
  test(`invalid_request: ${name}`, () => {
    assert.throws(() => read(text), { err: 'invalid_request' })
  })
}

test('for anything: revocations of tokens of this issuer and not of the future, or a fault', () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(issuer, receiver, now / 1000, now, 'alice'))
  const types = fc.constantFrom(sessionRevoked, `${risc}account-disabled`, 'urn:x', 'x', '__proto__', 'constructor')
  const events = fc.dictionary(types, fc.oneof(fc.jsonValue(), fc.record({ event_timestamp: value, subject: value }, { requiredKeys: [] })))
  const change = fc.oneof(fc.tuple(fc.constant('events'), events), fc.tuple(fc.constantFrom(...Object.keys(good), 'toe', 'exp', 'sub'), value))
  const changes = fc.array(change, { maxLength: 3 }).map((all) => Object.fromEntries(all) as Record<string, unknown>)
  let taken = 0
  fc.assert(fc.property(changes, (changed) => {
    try {
      for (const { selector, revokedAt } of read({ ...good, ...changed }).revocations) {
        taken++
        assert.equal((selector as { issuer: string }).issuer, issuer)
        assert.ok(Number.isFinite(revokedAt) && revokedAt <= now + 60_000)
      }
    } catch (error) {
      if (!isSetFault(error)) throw error
    }
  }), { numRuns: 5000 })
  assert.ok(taken > 20, `only ${taken}`)
})
