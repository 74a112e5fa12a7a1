// I20: what one token says never shows at another, however alike they are.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { readClaims } from '../../lib/access-token.ts'
import { sharedLists } from '../../lib/shared-lists.ts'
import { json, startDouble, type Double } from '../doubles/authorization-server.ts'
import { issuer, resolverAt, type RecordResolver } from './resolver-at.ts'

let server: Double
let resolver: RecordResolver
before(async () => {
  server = await startDouble(json({}))
  resolver = resolverAt(server.origin)
})
after(async () => {
  await resolver.close()
  await server.close()
})

// Few signs, among them separators, so that lists are alike without being equal.
const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', ',', '"', '[', '\\', '\0'), maxLength: 4 })
const claims = fc.record({
  scope: text, aud: fc.oneof(text, fc.array(text, { maxLength: 3 })), sub: text, iss: fc.oneof(text, fc.constant(issuer.name)), client_id: text, exp: fc.integer({ min: 0, max: 9 })
}, { requiredKeys: [] })

test('I20: each record is what its own claims say, as if there were no other', async () => {
  await fc.assert(fc.asyncProperty(fc.array(claims, { minLength: 2, maxLength: 6 }), async (tokens) => {
    for (const said of tokens) {
      server.behave(json({ active: true, ...said }))
      const record = await resolver.record('abc')
      assert.deepEqual(record, readClaims({ active: true, ...structuredClone(said) }, issuer, sharedLists()))
    }
  }), { numRuns: 100 })
})

for (const [name, one, other] of [
  ['a list of two and one with a comma', { aud: ['a', 'b'] }, { aud: ['a,b'] }],
  ['quotes', { aud: ['a', 'b'] }, { aud: ['a","b'] }],
  ['a string and a list', { aud: 'a' }, { aud: ['a', 'a'] }],
  ['an empty string and nothing', { aud: [''] }, { aud: [] }],
  ['spaces', { scope: 'a b' }, { scope: 'ab' }],
  ['order', { aud: ['a', 'b'] }, { aud: ['b', 'a'] }]
] as const) {
  test(`I20: alike and not equal: ${name}`, async () => {
    for (const said of [one, other, one]) {
      server.behave(json({ active: true, ...said }))
      const record = await resolver.record('abc')
      if ('aud' in said) assert.deepEqual(record?.audience, [said.aud].flat())
      else assert.deepEqual(record?.scopes.list, said.scope.split(' '))
    }
  })
}
