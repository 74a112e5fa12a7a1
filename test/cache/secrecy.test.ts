// Law 3: what is kept does not contain the token.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json, startDouble } from '../doubles/authorization-server.ts'
import { refused } from '../token/refused.ts'
import { credentials, resolverAt } from '../token/resolver-at.ts'
import { cacheOptions, cachedTokens } from './scripted-resolver.ts'

/** Every string that can be reached from a value: members, symbols, hidden ones, maps, sets, prototypes of its own, bytes. */
function stringsOf (value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value === 'string') return [value]
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return []
  seen.add(value)
  const found: string[] = []
  if (ArrayBuffer.isView(value)) found.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1'))
  if (value instanceof Map) for (const pair of value) found.push(...stringsOf(pair, seen))
  if (value instanceof Set) for (const member of value) found.push(...stringsOf(member, seen))
  for (const key of Reflect.ownKeys(value)) {
    found.push(String(key), ...stringsOf(Reflect.get(value, key), seen))
  }
  return found
}

const token = 'Zk3-token-that-must-not-leak-7Yw'

test('the walk finds a token wherever it is hidden', () => {
  const kHidden = Symbol('hidden')
  const hiding: unknown[] = [
    { a: [{ b: token }] }, { [kHidden]: token }, new Map([[token, 1]]), new Set([token]), Buffer.from(token), Object.defineProperty({}, 'x', { value: token }), { [token]: 1 }
  ]
  for (const value of hiding) assert.ok(stringsOf(value).some((text) => text.includes(token)))
})

test('neither the token nor our secret stands in an entry, its key, the counters or the identity', async (t) => {
  const server = await startDouble(json({ active: true, sub: 'alice', scope: 'a b', aud: ['x'], cnf: { 'x5t#S256': 'A'.repeat(43) } }))
  const resolver = resolverAt(server.origin)
  t.after(async () => {
    await resolver.close()
    await server.close()
  })
  const tokens = cachedTokens(resolver, cacheOptions)
  const key = tokens.keyOf(token)
  const entry = await tokens.ask(key, token, Infinity)
  const strings = stringsOf([entry, key, tokens.stats(), resolver.identity])
  assert.ok(strings.includes('alice'), 'the entry was not walked')
  for (const secret of [token, credentials.clientSecret]) {
    assert.deepEqual(strings.filter((text) => text.includes(secret)), [])
  }
})

test('S-38: a failure that many share does not hold the token', async (t) => {
  const server = await startDouble(json({ token }, 500))
  const tokens = cachedTokens(resolverAt(server.origin), cacheOptions)
  t.after(async () => {
    await tokens.close()
    await server.close()
  })
  const refusal = await refused('issuer_unavailable', tokens.ask(tokens.keyOf(token), token, Infinity))
  assert.deepEqual(stringsOf(refusal).filter((text) => text.includes(token)), [])
})
