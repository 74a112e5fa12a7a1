import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evictedBy } from '../../lib/cache/eviction.ts'
import type { EvictionSelector } from '../../types/bound-token.ts'
import { by, owner, protectedApp } from '../guard/protected-app.ts'

const evicted = (selector: unknown) => evictedBy(selector, (token) => [`key of ${token}`], ['grant', 'id'])

const good: Array<[EvictionSelector, object]> = [
  [{ token: 'abc' }, { keys: ['key of abc'] }],
  [{ all: true }, { all: true }],
  [{ subject: 'alice' }, { issuer: null, claims: { '["sub"]': '"alice"' } }],
  [{ clientId: 'web' }, { issuer: null, claims: { '["client_id"]': '"web"' } }],
  [{ jwtId: '1' }, { issuer: null, claims: { '["jti"]': '"1"' } }],
  [{ sessionId: 's' }, { issuer: null, claims: { '["sid"]': '"s"' } }],
  [{ grantId: 'g' }, { issuer: null, claims: { '["grant","id"]': '"g"' } }],
  [{ claim: { path: 'tenant', value: 7 } }, { issuer: null, claims: { '["tenant"]': '7' } }],
  [{ claim: { path: ['act', 'sub'], value: 'x' }, issuer: 'https://a.example' }, { issuer: 'https://a.example', claims: { '["act","sub"]': '"x"' } }],
  [{ subject: 'alice', clientId: 'web', jwtId: '1' }, { issuer: null, claims: { '["sub"]': '"alice"', '["client_id"]': '"web"', '["jti"]': '"1"' } }]
]
for (const [selector, meant] of good) {
  test(`${JSON.stringify(selector)} selects`, () => assert.deepEqual(evicted(selector), meant))
}

const bad: unknown[] = [
  undefined, null, true, 'abc', 7, [], ['abc'], {}, () => {}, { all: false }, { all: 'true' }, { all: 1 }, { token: undefined }, { token: null }, { token: 7 },
  { token: ['abc'] }, { token: 'abc', all: true }, { token: 'abc', subject: 'alice' }, { all: true, subject: 'alice' }, { subject: undefined }, { subject: null },
  { subject: 7 }, { sub: 'alice' }, { client_id: 'web' }, { subject: 'alice', sub: 'alice' }, { subject: 'alice', clientId: 7 }, { jti: '1' },
  { issuer: 'https://a.example' }, { claim: 'a' }, { claim: { path: 'a' } }, { claim: { path: [], value: 1 } }, { claim: { path: 'a', value: {} } }, { claim: { path: 'a', value: NaN } },
  { subject: 'alice', claim: { path: 'sub', value: 'bob' } }, { sessionId: null }, { grantId: 7 },
  Object.create({ all: true }), JSON.parse('{"__proto__":{"all":true}}'), new Map([['all', true]])
]
for (const selector of bad) {
  test(`${typeof selector === 'object' ? JSON.stringify(selector) : String(selector)} selects nothing, and throws`, () => {
    assert.throws(() => evicted(selector), { name: 'TypeError', message: /^evict: allowed: \{ token \}, \{ all: true \}, or an object with subject, clientId, jwtId, sessionId, grantId, claim, issuer$/ })
  })
}

test('the selector does not stand in the error: it may hold a token', () => {
  assert.throws(() => evicted({ tokn: 'tok-3.14-en' }), (error: Error) => !`${error.message}${error.stack}`.includes('tok-3.14-en'))
})

test('fastify.boundToken.evict: the next request asks again, and a misspelt selector throws', async (t) => {
  const { app, known } = await protectedApp(t)
  const status = async () => (await app.inject({ url: '/', headers: by(owner) })).statusCode
  assert.equal(await status(), 200)
  known.clear()
  assert.equal(await status(), 200)
  assert.throws(() => app.boundToken.evict({ sub: 'alice' } as EvictionSelector), TypeError)
  assert.equal(await app.boundToken.evict({ subject: 'alice' }), 1)
  assert.equal(await status(), 401)
})
