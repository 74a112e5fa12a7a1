import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { json } from '../doubles/authorization-server.ts'
import { by, owner, ownersClaims, protectedApp, stranger } from './protected-app.ts'

test('61, S-25: a token that one route let in is judged anew by every other', async (t) => {
  const demands = {
    '/free': {},
    '/scope': { scopes: ['admin'] },
    '/any': { anyScope: ['admin', 'audit'] },
    '/audience': { audience: 'https://other.example.com' },
    '/client': { clients: ['somebody'] }
  }
  const { app, authorizationServer } = await protectedApp(t, (app) => {
    for (const [url, boundToken] of Object.entries(demands)) app.get(url, { config: { boundToken } }, async () => 'in')
  })
  const expected = { '/free': 200, '/scope': 403, '/any': 403, '/audience': 401, '/client': 403 }
  for (let round = 0; round < 2; round++) {
    for (const [url, status] of Object.entries(expected)) {
      assert.equal((await app.inject({ url, headers: by(owner) })).statusCode, status, `${url}, round ${round}`)
    }
  }
  assert.equal(authorizationServer.calls.length, 1)
})

test('56, S-26: a known token ends at its exp, however long the cache would keep it', async (t) => {
  const start = 1_800_000_000_000
  mock.timers.enable({ apis: ['Date'], now: start })
  t.after(() => mock.timers.reset())
  const { app, known } = await protectedApp(t, undefined, { cache: { maxTtl: 3_600_000 } })
  known.set('good', { ...ownersClaims, exp: start / 1000 + 10 })
  const status = async (who = owner) => (await app.inject({ url: '/', headers: by(who) })).statusCode

  assert.equal(await status(), 200)
  mock.timers.setTime(start + 9999)
  assert.equal(await status(), 200)
  assert.equal(await status(stranger), 401, 'the binding is judged on a hit')
  mock.timers.setTime(start + 10_000)
  assert.equal(await status(), 401, 'exp is now')
  mock.timers.setTime(start + 5000)
  assert.equal(await status(), 200, 'a clock that was set back asks again')
})

test('S-26: a revoked token is refused after maxTtl at the latest, at once where a route does not use the cache', async (t) => {
  const start = 1_800_000_000_000
  mock.timers.enable({ apis: ['Date'], now: start })
  t.after(() => mock.timers.reset())
  const { app, known } = await protectedApp(t, (app) => {
    app.get('/', async () => 'in')
    app.get('/tight', { config: { boundToken: { cache: { maxTtl: 1000 } } } }, async () => 'in')
    app.get('/fresh', { config: { boundToken: { cache: false } } }, async () => 'in')
  }, { cache: { maxTtl: 60_000 } })
  known.set('good', { ...ownersClaims, exp: start / 1000 + 3600 })
  const status = async (url: string) => (await app.inject({ url, headers: by(owner) })).statusCode

  assert.equal(await status('/'), 200)
  known.delete('good')
  assert.equal(await status('/'), 200, 'known')
  mock.timers.setTime(start + 999)
  assert.equal(await status('/tight'), 200)
  mock.timers.setTime(start + 1000)
  assert.equal(await status('/tight'), 401)
  assert.equal(await status('/'), 401, 'what one route learned, all know')

  known.set('good', { ...ownersClaims, exp: start / 1000 + 3600 })
  mock.timers.setTime(start + 10_000)
  assert.equal(await status('/'), 200)
  known.delete('good')
  assert.equal(await status('/fresh'), 401)
  assert.equal(await status('/'), 401)
})

test('S-26: without a revocation, the cache gives a token back to the authorization server after maxTtl', async (t) => {
  const start = 1_800_000_000_000
  mock.timers.enable({ apis: ['Date'], now: start })
  t.after(() => mock.timers.reset())
  const { app, known, authorizationServer } = await protectedApp(t, undefined, { cache: { maxTtl: 60_000 } })
  known.set('good', { ...ownersClaims, exp: start / 1000 + 3600 })
  for (const [after, calls] of [[0, 1], [59_999, 1], [60_000, 2], [60_001, 2]] as const) {
    mock.timers.setTime(start + after)
    await app.inject({ url: '/', headers: by(owner) })
    assert.equal(authorizationServer.calls.length, calls, `after ${after} ms`)
  }
})

test('63, S-32: 100 parallel requests with one new token cost one introspection', async (t) => {
  const { app, authorizationServer } = await protectedApp(t)
  const answers = await Promise.all(Array.from({ length: 100 }, async () => await app.inject({ url: '/', headers: by(owner) })))
  assert.deepEqual(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200]))
  assert.equal(authorizationServer.calls.length, 1)
})

test('S-32: the owner and a stranger who ask at the same time get their own answers from one introspection', async (t) => {
  const { app, authorizationServer } = await protectedApp(t)
  const answers = await Promise.all(Array.from({ length: 20 }, async (_, n) => await app.inject({ url: '/', headers: by(n % 2 === 0 ? owner : stranger) })))
  assert.deepEqual(answers.map(({ statusCode }) => statusCode), Array.from({ length: 20 }, (_, n) => n % 2 === 0 ? 200 : 401))
  assert.equal(authorizationServer.calls.length, 1)
})

test('S-30: an answer that is not a plain yes does not let anybody in, and is not remembered', async (t) => {
  const { app, authorizationServer } = await protectedApp(t)
  for (const odd of ['true', 1, [true], { active: true }, null]) {
    authorizationServer.behave(json({ ...ownersClaims, active: odd }))
    assert.equal((await app.inject({ url: '/', headers: by(owner) })).statusCode, 502, JSON.stringify(odd))
  }
  authorizationServer.behave(json(ownersClaims))
  assert.equal((await app.inject({ url: '/', headers: by(owner) })).statusCode, 200)
})

test('eviction: the next request asks again', async (t) => {
  const { app, known, authorizationServer } = await protectedApp(t)
  const status = async () => (await app.inject({ url: '/', headers: by(owner) })).statusCode
  for (const selector of [{ token: 'good' }, { subject: 'alice' }, { clientId: 'partner' }, { clientId: 'partner', subject: 'alice' }, { all: true }] as const) {
    known.set('good', ownersClaims)
    await app.boundToken.evict({ all: true })
    assert.equal(await status(), 200)
    known.delete('good')
    assert.equal(await status(), 200)
    assert.equal(await app.boundToken.evict(selector), 1, JSON.stringify(selector))
    assert.equal(await status(), 401, JSON.stringify(selector))
  }
  assert.equal(await app.boundToken.evict({ subject: 'bob' }), 0)
  assert.throws(() => app.boundToken.evict({ sub: 'alice' } as object as { subject: string }), TypeError)
  assert.throws(() => app.boundToken.evict({} as { all: true }), TypeError)
  assert.deepEqual(app.boundToken.stats().decisions, { allowed: 10, refused: { token_inactive: 5 } })
  assert.equal(app.boundToken.stats().tokens.failures, 0)
  assert.equal(authorizationServer.calls.length, 10)
})
