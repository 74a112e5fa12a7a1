import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { accessTokenOf, readClaims, type TokenRecord } from '../lib/access-token.ts'
import { sharedLists, type SharedLists } from '../lib/shared-lists.ts'

const issuer = { name: 'https://login.example.com', audience: null }
const thumbprint = 'A'.repeat(43)
const another = `${'B'.repeat(42)}A`
const maxKept = 1000
const longestText = 256

function read (claims: Record<string, unknown>, shared: SharedLists): TokenRecord {
  const record = readClaims(claims, issuer, shared)
  assert.ok(typeof record === 'object', `a bad claim: ${String(record)}`)
  return record
}

/** A text that shares its memory with no other, as one that was parsed from an answer. */
function textOf (text: string): string {
  return Buffer.from(text).toString()
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes by which the heap is larger for what was made; what that returns counts. */
function bytesOf (make: () => unknown): number {
  collect()
  const before = process.memoryUsage().heapUsed
  const made = make()
  collect()
  const bytes = process.memoryUsage().heapUsed - before
  assert.ok(made !== undefined, 'it is held until it was measured')
  return bytes
}

test('two tokens that say the same have one list of scopes, one audience, and one confirmation', () => {
  const shared = sharedLists()
  const claims = (sub: string) => ({ active: true, sub, scope: 'a b', aud: ['rs', 'x'], cnf: { 'x5t#S256': textOf(thumbprint) } })
  const [one, other] = [read(claims('alice'), shared), read(claims('bob'), shared)]
  assert.equal(one.scopes, other.scopes)
  assert.equal(one.audience, other.audience)
  assert.equal(one.requirement, other.requirement)
  assert.equal(one.claims.aud, other.claims.aud)
  assert.equal(one.claims.aud, one.audience)
  assert.equal(one.claims.cnf, other.claims.cnf)
  assert.equal(accessTokenOf(one, true).confirmation, accessTokenOf(other, false).confirmation)
  assert.deepEqual([one.claims.sub, other.claims.sub], ['alice', 'bob'])
})

test('what differs is not shared', () => {
  const shared = sharedLists()
  const one = read({ scope: 'a b', aud: ['a', 'b'], cnf: { 'x5t#S256': thumbprint } }, shared)
  const other = read({ scope: 'b a', aud: ['a,b'], cnf: { 'x5t#S256': another } }, shared)
  assert.deepEqual([other.scopes.list, other.audience, other.claims.cnf], [['b', 'a'], ['a,b'], { 'x5t#S256': another }])
  assert.notEqual(one.requirement, other.requirement)
  for (const [{ requirement }, byte, holds] of [[one, 'A', true], [one, 'B', false], [other, 'B', true], [other, 'A', false]] as const) {
    assert.ok(requirement.kind === 'proof')
    const digest = Buffer.from(byte === 'A' ? thumbprint : another, 'base64url')
    assert.equal(requirement.holds({ digest }), holds)
  }
})

for (const [name, more] of [
  ['another known method', { jkt: thumbprint }],
  ['an unknown one', { kid: '1' }],
  ['an empty name', { '': null }],
  ['a `__proto__`', JSON.parse('{"__proto__":{}}') as object]
] as const) {
  test(`a cnf that holds ${name} beside the thumbprint is not shared, neither way`, () => {
    const shared = sharedLists()
    const plain = read({ cnf: { 'x5t#S256': thumbprint } }, shared)
    for (const cnf of [{ 'x5t#S256': thumbprint, ...more }, { ...more, 'x5t#S256': thumbprint }]) {
      const expected = structuredClone(cnf)
      const [one, other] = [read({ cnf: structuredClone(cnf) }, shared), read({ cnf: structuredClone(cnf) }, shared)]
      assert.deepEqual(one.claims.cnf, expected)
      assert.notEqual(one.claims.cnf, other.claims.cnf)
      assert.notEqual(one.claims.cnf, plain.claims.cnf)
      assert.equal(one.requirement.kind, 'jkt' in more ? 'unfulfillable' : 'proof')
    }
    assert.equal(read({ cnf: { 'x5t#S256': thumbprint } }, shared).claims.cnf, plain.claims.cnf)
    assert.deepEqual(plain.claims.cnf, { 'x5t#S256': thumbprint })
  })
}

test('a cnf that is not an object with a thumbprint as text is not shared, and is never taken for one', () => {
  const shared = sharedLists()
  const plain = read({ cnf: { 'x5t#S256': thumbprint } }, shared)
  for (const cnf of [
    null, thumbprint, [thumbprint], ['x5t#S256', thumbprint], [['x5t#S256', thumbprint]], Object.assign([], { 'x5t#S256': thumbprint }),
    { 'x5t#S256': [thumbprint] }, { 'x5t#s256': thumbprint }, { jkt: thumbprint }, {}
  ]) {
    const record = read({ cnf }, shared)
    assert.deepEqual(record.claims.cnf, cnf)
    assert.equal(record.requirement.kind, 'unfulfillable', JSON.stringify(cnf))
  }
  assert.equal(read({}, shared).requirement.kind, 'none')
  assert.equal(read({ cnf: { 'x5t#S256': thumbprint } }, shared).requirement, plain.requirement)
})

test('a thumbprint that is too long to be one is not kept', () => {
  const shared = sharedLists()
  const of = (length: number) => shared.confirmation({ cnf: { 'x5t#S256': 'x'.repeat(length) } })
  assert.equal(of(longestText), of(longestText))
  assert.notEqual(of(longestText + 1), of(longestText + 1))
})

test('texts that many tokens say alike are shared, and not those that each has for itself', () => {
  const shared: SharedLists = { ...sharedLists(), text: (text) => `one ${text}` }
  const claims = { iss: 'i', aud: 'a', client_id: 'c', scope: 's', token_type: 't', sub: 'alice', jti: 'j', username: 'al', x: 'y' }
  assert.deepEqual(read({ ...claims }, shared).claims, { ...claims, iss: 'one i', aud: 'one a', client_id: 'one c', scope: 'one s', token_type: 'one t' })
})

test('equal texts take the room of one', () => {
  const shared = sharedLists()
  const text = 'x'.repeat(longestText)
  const made = (each: (text: string) => string): number => bytesOf(() => Array.from({ length: 10_000 }, () => each(textOf(text))))
  assert.ok(made((text) => text) > 2_000_000, 'otherwise they take that of each')
  assert.ok(made(shared.text) < 500_000)
})

test('texts longer than 256 characters are given back as they are, and are not kept', () => {
  const shared = sharedLists()
  const text = (i: number, length: number): string => textOf(`${i}`.padEnd(length, 'x'))
  assert.equal(shared.text(text(1, longestText + 1)), text(1, longestText + 1))
  const longerThanKept = bytesOf(() => {
    for (let i = 0; i < maxKept; i++) shared.text(text(i, 20_000))
    return shared
  })
  assert.ok(longerThanKept < 2_000_000, `${longerThanKept} bytes`)
  const justLonger = bytesOf(() => Array.from({ length: 10_000 }, () => shared.text(text(1, longestText + 1))))
  assert.ok(justLonger > 2_000_000, `${justLonger} bytes`)
})

test('of texts, 1000 are kept at most', () => {
  const shared = sharedLists()
  const bytes = bytesOf(() => {
    for (let i = 0; i < 50_000; i++) shared.text(textOf(`${i}`.padEnd(longestText, 'x')))
    return shared
  })
  assert.ok(bytes < 2_000_000, `${bytes} bytes`)
})

for (const [kind, of] of [
  ['scopes', (shared: SharedLists, i: number) => shared.scopes(`s${i}`)],
  ['audiences', (shared: SharedLists, i: number) => shared.audience([`a${i}`])],
  ['confirmations', (shared: SharedLists, i: number) => shared.confirmation({ cnf: { 'x5t#S256': `t${i}` } })]
] as Array<[string, (shared: SharedLists, i: number) => unknown]>) {
  test(`of ${kind}, 1000 are kept, and the one that was not used for longest goes first`, () => {
    const shared = sharedLists()
    const first = of(shared, 0)
    const second = of(shared, 1)
    for (let i = 2; i < maxKept; i++) of(shared, i)
    assert.equal(of(shared, 0), first, 'a thousand find room')
    of(shared, maxKept)
    assert.equal(of(shared, 0), first, 'it was used since')
    assert.notEqual(of(shared, 1), second)
  })
}

/** Paths of everything that could still be changed, and of what freezing does not keep from it. */
function changeable (value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
  return [...(Object.isFrozen(value) && isPlain ? [] : [path]), ...Reflect.ownKeys(value).flatMap((key) => changeable(Reflect.get(value, key), `${path}.${String(key)}`))]
}

test('S-42: what two tokens share, nobody can change through one of them', () => {
  const shared = sharedLists()
  const claims = (sub: string) => ({ active: true, sub, scope: 'a b', aud: ['rs'], cnf: { 'x5t#S256': thumbprint } })
  const [one, other] = [accessTokenOf(read(claims('alice'), shared), true), accessTokenOf(read(claims('bob'), shared), true)]
  const before = structuredClone(other)
  for (const change of [
    () => { (one.scopes as string[]).push('admin') },
    () => { (one.scopes as string[])[0] = 'admin' },
    () => { (one.audience as string[]).push('x') },
    () => { (one.audience as string[]).length = 0 },
    () => { (one.claims.aud as string[]).push('x') },
    () => { (one.claims as { scope?: string }).scope = 'admin' },
    () => { (one.claims.cnf as Record<string, unknown>)['x5t#S256'] = another },
    () => { (one.confirmation as Record<string, unknown>)['jkt'] = another },
    () => { delete (one.confirmation as Record<string, unknown>)['x5t#S256'] }
  ]) assert.throws(change, TypeError)
  assert.deepEqual(other, before)
  assert.deepEqual([...changeable(one), ...changeable(other)], [])
})

test('S-42: what is shared is frozen also before a token has it', () => {
  const shared = sharedLists()
  assert.deepEqual([...changeable(shared.scopes('a b').list), ...changeable(shared.audience(['rs']))], [])
  const own = ['of one']
  assert.notEqual(shared.audience(own), own)
  own.push('x')
  assert.deepEqual(shared.audience(['of one']), ['of one'], 'who asked keeps a list of their own')
  assert.ok(Object.isFrozen(shared.scopes('a b')))
  assert.ok(Object.isFrozen(shared.confirmation({ cnf: { 'x5t#S256': thumbprint } })))
})

const digests = [thumbprint, another].map((text) => Buffer.from(text, 'base64url'))

/** A record as far as it can be compared: a check is what it says of proofs. */
function comparable (record: TokenRecord | string): unknown {
  if (typeof record === 'string') return record
  const { requirement } = record
  const holds = requirement.kind === 'proof' ? digests.map((digest) => requirement.holds({ digest })) : null
  return { ...record, requirement: [requirement.kind, holds], text: JSON.stringify(record.claims), seen: [accessTokenOf(record, true), accessTokenOf(record, false)] }
}

// Few values, so that tokens meet; JSON text, since only there `__proto__` is a member like others.
const word = fc.constantFrom('', 'a', 'b', 'a b', 'b a', 'a,b', issuer.name, 'Bearer', thumbprint, another, 'x'.repeat(longestText), 'x'.repeat(longestText + 1), '__proto__')
const any = fc.oneof(word, fc.array(word, { maxLength: 3 }), fc.constantFrom(null, 0, 1, 1e300, true, {}), fc.jsonValue({ maxDepth: 3 }))
function objectOf (names: readonly string[], value: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 5 })
    .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`)
}
const cnf = fc.oneof(
  fc.constantFrom({ 'x5t#S256': thumbprint }, { 'x5t#S256': another }),
  objectOf(['x5t#S256', 'x5t#s256', 'jkt', 'kid', '__proto__', 'constructor', ''], any).map((text) => JSON.parse(text) as unknown),
  any
)
const claimNames = ['iss', 'aud', 'client_id', 'scope', 'token_type', 'sub', 'jti', 'exp', 'nbf', 'cnf', '__proto__', 'constructor', 'x']
const claimsText = fc.oneof(
  fc.tuple(objectOf(claimNames, any), cnf).map(([claims, cnf]) => JSON.stringify(Object.assign(JSON.parse('{"cnf":null}'), { cnf })).slice(0, -1) + (claims === '{}' ? '}' : `,${claims.slice(1)}`)),
  objectOf(claimNames, any),
  fc.record({ scope: word, aud: fc.oneof(word, fc.array(word)), client_id: word, iss: word, token_type: word, cnf }, { requiredKeys: [] }).map((claims) => JSON.stringify(claims))
)

test('whatever the claims: a token is the same with what others left as with nothing', () => {
  const shared = sharedLists()
  let read = 0
  fc.assert(fc.property(claimsText, (text) => {
    const parsed = (): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>
    const [among, alone] = [readClaims(parsed(), issuer, shared), readClaims(parsed(), issuer, sharedLists())]
    assert.deepEqual(comparable(among), comparable(alone))
    if (typeof among === 'object') {
      read++
      assert.equal(JSON.stringify(among.claims), JSON.stringify(parsed()), 'the claims are those that were stated')
      assert.deepEqual(changeable(accessTokenOf(among, true)), [])
    }
  }), { numRuns: 3000 })
  assert.ok(read > 500, `${read} records`)
})

test('S-42: what an object inherits is no confirmation, and is remembered of no thumbprint', (t) => {
  const shared = sharedLists()
  const thumbprint = 'A'.repeat(43)
  // eslint-disable-next-line no-extend-native
  Object.defineProperty(Object.prototype, 'cnf', { value: { 'x5t#S256': thumbprint }, configurable: true })
  t.after(() => { delete (Object.prototype as { cnf?: unknown }).cnf })
  assert.deepEqual(shared.confirmation({}), { cnf: undefined, requirement: { kind: 'none' } })
  delete (Object.prototype as { cnf?: unknown }).cnf
  assert.equal(shared.confirmation({ cnf: { 'x5t#S256': thumbprint } }).requirement.kind, 'proof')
})
