import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { accessTokenOf, readClaims, type TokenRecord } from '../lib/access-token.ts'
import { sharedLists } from '../lib/shared-lists.ts'
import { parseStrictJsonObject } from '../lib/strict-json.ts'

const issuer = 'https://login.example.com'
const thumbprint = 'A'.repeat(43)

function read (claims: Record<string, unknown>): TokenRecord {
  const record = readClaims(claims, { name: issuer, audience: null }, sharedLists())
  assert.ok(typeof record === 'object', `a bad claim: ${String(record)}`)
  return record
}

function fromText (text: string): TokenRecord {
  const claims = parseStrictJsonObject(Buffer.from(text))
  assert.ok(claims !== null, 'not JSON')
  return read(claims)
}

/** Paths of everything that could still be changed. */
function thawed (value: unknown, path = '', seen = new Set<unknown>()): string[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  return [...(Object.isFrozen(value) ? [] : [path]), ...Reflect.ownKeys(value).flatMap((key) => thawed(Reflect.get(value, key), `${path}.${String(key)}`, seen))]
}

test('what the application sees of a full answer', () => {
  const claims = {
    active: true,
    scope: 'a b',
    client_id: 'web',
    username: 'al',
    token_type: 'Bearer',
    exp: 1_900_000_000,
    iat: 1,
    nbf: 2,
    sub: 'alice',
    aud: ['rs'],
    iss: issuer,
    jti: '1',
    cnf: { 'x5t#S256': thumbprint },
    'urn:x': { y: [1] }
  }
  const record = read(structuredClone(claims))
  const bound = accessTokenOf(record, true)
  assert.deepEqual(bound, {
    claims, scopes: ['a', 'b'], issuer, subject: 'alice', clientId: 'web', audience: ['rs'], expiresAt: 1_900_000_000, confirmation: { 'x5t#S256': thumbprint }, binding: 'x5t#S256'
  })
  assert.deepEqual(accessTokenOf(record, false), { ...bound, binding: null })
  assert.deepEqual(record.claims, claims)
  assert.deepEqual([record.fault, record.goodFrom, record.goodUntil, record.jwt], [null, -3, 1_900_000_000, undefined])
})

test('what the application sees of an answer that says nothing', () => {
  const record = read({ active: true })
  assert.deepEqual(accessTokenOf(record, false), {
    claims: { active: true }, scopes: [], issuer, subject: null, clientId: null, audience: [], expiresAt: null, confirmation: null, binding: null
  })
  assert.deepEqual([record.fault, record.goodFrom, record.goodUntil], [null, undefined, null])
})

for (const [claims, fault] of [
  [{}, null],
  [{ token_type: 'Bearer' }, null],
  [{ token_type: 'bEARER', iss: issuer }, null],
  [{ token_type: 'DPoP' }, 'token_type_unsupported'],
  [{ token_type: '' }, 'token_type_unsupported'],
  [{ token_type: 'Bearer ' }, 'token_type_unsupported'],
  [{ iss: `${issuer}/` }, 'token_issuer_mismatch'],
  [{ iss: '' }, 'token_issuer_mismatch'],
  [{ token_type: 'DPoP', iss: 'https://evil.example' }, 'token_type_unsupported'],
  [{ iss: 'https://evil.example', token_type: 'Bearer' }, 'token_issuer_mismatch']
] as const) {
  test(`a token that says ${JSON.stringify(claims)}: ${fault ?? 'no fault'}`, () => {
    assert.equal(read({ ...claims }).fault, fault)
  })
}

test('the issuer is the configured one, whatever the answer says', () => {
  assert.equal(accessTokenOf(read({ iss: 'https://evil.example' }), true).issuer, issuer)
})

test('one audience is a list of one', () => {
  const bound = accessTokenOf(read({ aud: 'rs' }), true)
  assert.deepEqual(bound.audience, ['rs'])
  assert.equal(bound.claims.aud, 'rs')
})

test('S-42: everything is frozen, down to the last claim', () => {
  const record = read({
    scope: 'a b', aud: ['rs'], cnf: { 'x5t#S256': thumbprint, other: { a: [{}] } }, deep: { a: [{ b: [[{ c: {} }]] }] }
  })
  const [bound, unbound] = [accessTokenOf(record, true), accessTokenOf(record, false)]
  assert.deepEqual(thawed({ bound, unbound }), [''], 'only the object of this test')
  assert.throws(() => { (bound.claims as { sub?: string }).sub = 'root' }, TypeError)
  assert.throws(() => { (bound.scopes as string[]).push('admin') }, TypeError)
  assert.throws(() => { (bound.audience as string[]).push('x') }, TypeError)
})

test('S-42: whatever the claims, everything is frozen', () => {
  fc.assert(fc.property(fc.dictionary(fc.string({ minLength: 20 }), fc.jsonValue({ maxDepth: 6 })), (claims) => {
    const record = read({ active: true, ...claims })
    assert.deepEqual(thawed(accessTokenOf(record, true)), [])
    assert.deepEqual(thawed(accessTokenOf(record, false)), [])
    assert.ok(Object.isFrozen(record))
  }))
})

test('S-42: `__proto__`, `constructor` and `prototype` give a token nothing, and change no prototype', () => {
  const before = Reflect.ownKeys(Object.prototype).length
  const record = fromText(`{"active":true,
    "__proto__":{"scope":"admin","sub":"root","aud":"rs","exp":1,"cnf":{"x5t#S256":"${thumbprint}"},"client_id":"x","jti":"1","iss":"x","token_type":"x","nbf":1},
    "constructor":{"prototype":{"scope":"admin"}},"prototype":{"scope":"admin"}}`)
  const { claims, scopes, fault, goodFrom, goodUntil, audience, requirement } = record
  const { sub, client_id: clientId, jti, iss, token_type: tokenType, exp, nbf, cnf } = claims
  assert.deepEqual([sub, clientId, jti, iss, tokenType, exp, nbf, cnf], new Array(8).fill(undefined))
  assert.deepEqual([[...scopes.set], scopes.list, fault, goodFrom, goodUntil, audience], [[], [], null, undefined, null, []])
  const { subject, clientId: client, expiresAt, confirmation } = accessTokenOf(record, false)
  assert.deepEqual([subject, client, expiresAt, confirmation], [null, null, null, null])
  assert.equal(requirement.kind, 'none')
  assert.equal(({} as Record<string, unknown>)['scope'], undefined)
  assert.equal(Reflect.ownKeys(Object.prototype).length, before)
})

test('S-42: a `cnf` that stands only on `__proto__` binds nothing; one that has a `__proto__` is read by its own members', () => {
  assert.equal(fromText('{"active":true,"cnf":{"__proto__":{"x5t#S256":"x"}}}').requirement.kind, 'unfulfillable')
  assert.equal(fromText(`{"active":true,"cnf":{"__proto__":{},"x5t#S256":"${thumbprint}"}}`).requirement.kind, 'proof')
})

test('a token that is bound by something that cannot be checked is not unbound', () => {
  for (const cnf of [null, {}, [], 'x', 1, { kid: '1' }, { jkt: thumbprint }, { 'x5t#S256': thumbprint, jkt: thumbprint }]) {
    const record = read({ cnf })
    assert.equal(record.requirement.kind, 'unfulfillable')
    assert.deepEqual(accessTokenOf(record, false).confirmation, cnf)
  }
})

const wrong: Array<[claim: string, values: unknown[]]> = [
  ...['scope', 'client_id', 'sub', 'iss', 'token_type', 'jti', 'username'].map((name): [string, unknown[]] => [name, [null, 1, true, {}, [], ['a']]]),
  ...['exp', 'nbf', 'iat'].map((name): [string, unknown[]] => [name, [null, '1', true, {}, [1], NaN, Infinity, -Infinity, -1, -Number.MIN_VALUE, 253_402_300_800, 1e300]]),
  ['aud', [null, 1, true, {}, [1], ['a', null], [['a']], [['a'], 'b']]]
]
for (const [claim, values] of wrong) {
  test(`S-30: ${claim} of the wrong type is named`, () => {
    for (const value of values) assert.equal(readClaims({ active: true, [claim]: value }, { name: issuer, audience: null }, sharedLists()), claim, String(value))
  })
}

test('scopes are what stands between spaces', () => {
  for (const [scope, scopes] of [['', []], [' ', []], ['a', ['a']], [' a  b ', ['a', 'b']], ['a\tb', ['a\tb']], ['a\u00a0b', ['a\u00a0b']], ['a,b', ['a,b']], ['a a', ['a']]] as Array<[string, string[]]>) {
    const { list, set } = read({ scope }).scopes
    assert.deepEqual([...set], scopes, JSON.stringify(scope))
    assert.deepEqual([...new Set(list)], scopes, JSON.stringify(scope))
  }
})
