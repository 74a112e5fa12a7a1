// Claims of the wrong type: the authorization server's fault, never an active token.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { accessTokenOf } from '../../lib/access-token.ts'
import { json, jsonText, startDouble, type Double } from '../doubles/authorization-server.ts'
import { refused } from './refused.ts'
import { resolverAt } from './resolver-at.ts'

let server: Double
before(async () => { server = await startDouble(json({})) })
after(() => server.close())

async function resolve (members: string) {
  server.behave(jsonText(`{"active":true,${members}}`))
  const resolver = resolverAt(server.origin)
  return resolver.record('abc').finally(() => resolver.close())
}

const notText = ['null', '1', 'true', '{}', '[]', '["a"]']
const notTime = ['null', '"1900000000"', 'true', '{}', '[]', '[1900000000]', '-1', '1e400', '1e300', '1900000000000', '253402300800']
const wrong: Array<[id: string, claim: string, values: string[]]> = [
  ['I10', 'exp', notTime],
  ['I11', 'nbf', notTime],
  ['S-30', 'iat', notTime],
  ['I12', 'aud', ['null', '1', 'true', '{}', '{"0":"rs"}', '[1]', '["rs",null]', '[["rs"]]']],
  ['I13', 'iss', notText],
  ['I14', 'scope', notText],
  ['I16', 'token_type', notText],
  ['I17', 'client_id', notText],
  ['I17', 'sub', notText],
  ['I17', 'username', notText],
  ['I17', 'jti', notText]
]

for (const [id, claim, values] of wrong) {
  for (const value of values) {
    test(`${id}: ${claim} is ${value}`, async () => {
      const refusal = await refused('issuer_bad_response', resolve(`"${claim}":${value}`))
      assert.match(refusal.detail ?? '', new RegExp(`^\`${claim}\``))
    })
  }
}

test('I14: a scope of 100 KB is read', async () => {
  const scope = Array.from({ length: 10_000 }, (_, index) => `scope${index}`).join(' ')
  assert.equal((await resolve(`"scope":"${scope}"`))?.scopes.set.size, 10_000)
})

test('48, I14: scopes are separated by spaces, and by nothing else', async () => {
  const record = await resolve('"scope":"a  b\\tc \\u00a0d,e "')
  assert.deepEqual([...record?.scopes.set ?? []], ['a', 'b\tc', '\u00a0d,e'])
})

test('no scope is no scopes', async () => {
  assert.deepEqual((await resolve('"sub":"alice"'))?.scopes.list, [])
})

test('49: a token that says nothing of itself is a record of nothing', async () => {
  const record = await resolve('"x":1')
  assert.ok(record)
  const { scopes, requirement, issuer, ...facts } = record
  assert.deepEqual(facts, { claims: { active: true, x: 1 }, audience: [], fault: null, goodUntil: null })
  assert.deepEqual(scopes, { list: [], set: new Set() })
  assert.equal(requirement.kind, 'none')
})

test('times may have a fraction, and may be the last second of the year 9999', async () => {
  assert.equal((await resolve('"exp":1900000000.5'))?.claims.exp, 1_900_000_000.5)
  assert.equal((await resolve('"exp":253402300799'))?.claims.exp, 253_402_300_799)
  assert.equal((await resolve('"exp":0'))?.claims.exp, 0)
})

test('I12: an audience is one string or a list', async () => {
  assert.deepEqual((await resolve('"aud":"rs"'))?.audience, ['rs'])
  assert.deepEqual((await resolve('"aud":["a","rs"]'))?.audience, ['a', 'rs'])
  assert.deepEqual((await resolve('"aud":[]'))?.audience, [])
})

for (const cnf of ['null', '"x"', '[]', '{}', '1', '{"x5t#S256":null}', '{"x5t#S256":""}', '{"x5t#S256":1}', '{"x5t#S256":["a"]}', '{"jwk":{}}', '{"x5t":"a"}']) {
  test(`77, I15: cnf ${cnf} asks for a binding that nothing fulfils; it is not "unbound"`, async () => {
    assert.equal((await resolve(`"cnf":${cnf}`))?.requirement.kind, 'unfulfillable')
  })
}

test('S-42: a `__proto__` member gives the token nothing', async () => {
  const record = await resolve('"__proto__":{"scope":"admin","sub":"root","exp":1}')
  assert.ok(record)
  assert.deepEqual([record.scopes.list, record.claims.sub, record.claims.exp, record.goodUntil], [[], undefined, undefined, null])
  const { subject, expiresAt } = accessTokenOf(record, false)
  assert.deepEqual([subject, expiresAt], [null, null])
  assert.equal(({} as Record<string, unknown>)['scope'], undefined)
})
