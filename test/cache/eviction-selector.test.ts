import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evictionSelector } from '../../lib/cache/eviction.ts'
import type { EvictionSelector } from '../../types/bound-token.ts'
import { by, owner, protectedApp } from '../guard/protected-app.ts'

const good: EvictionSelector[] = [
  { token: 'abc' }, { all: true }, { subject: 'alice' }, { clientId: 'web' }, { jwtId: '1' }, { subject: 'alice', clientId: 'web', jwtId: '1' }
]
for (const selector of good) {
  test(`${JSON.stringify(selector)} selects`, () => assert.equal(evictionSelector(selector), selector))
}

const bad: unknown[] = [
  undefined, null, true, 'abc', 7, [], ['abc'], {}, () => {}, { all: false }, { all: 'true' }, { all: 1 }, { token: undefined }, { token: null }, { token: 7 },
  { token: ['abc'] }, { token: 'abc', all: true }, { token: 'abc', subject: 'alice' }, { all: true, subject: 'alice' }, { subject: undefined }, { subject: null },
  { subject: 7 }, { sub: 'alice' }, { client_id: 'web' }, { subject: 'alice', sub: 'alice' }, { subject: 'alice', clientId: 7 }, { jti: '1' },
  Object.create({ all: true }), JSON.parse('{"__proto__":{"all":true}}'), new Map([['all', true]])
]
for (const selector of bad) {
  test(`${typeof selector === 'object' ? JSON.stringify(selector) : String(selector)} selects nothing, and throws`, () => {
    assert.throws(() => evictionSelector(selector), { name: 'TypeError', message: /^evict: allowed: \{ token \}, \{ all: true \}, or an object with subject, clientId, jwtId$/ })
  })
}

test('the selector does not stand in the error: it may hold a token', () => {
  assert.throws(() => evictionSelector({ tokn: 'tok-3.14-en' }), (error: Error) => !`${error.message}${error.stack}`.includes('tok-3.14-en'))
})

test('fastify.boundToken.evict: the next request asks again, and a misspelt selector throws', async (t) => {
  const { app, known } = await protectedApp(t)
  const status = async () => (await app.inject({ url: '/', headers: by(owner) })).statusCode
  assert.equal(await status(), 200)
  known.clear()
  assert.equal(await status(), 200)
  assert.throws(() => app.boundToken.evict({ sub: 'alice' } as EvictionSelector), TypeError)
  assert.equal(app.boundToken.evict({ subject: 'alice' }), 1)
  assert.equal(await status(), 401)
})
