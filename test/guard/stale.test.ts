// A token that counts beyond its time is judged as any other.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mock, test, type TestContext } from 'node:test'
import { json } from '../doubles/authorization-server.ts'
import type { Decision } from '../../types/decision.ts'
import type { BoundTokenRouteOptions } from '../../types/options.ts'
import { by, owner, ownersClaims, protectedApp, stranger } from './protected-app.ts'

const start = 1_800_000_000_000

/** An application that knows the owner's token, half a second beyond its time; its authorization server is down. */
async function scene (t: TestContext) {
  mock.timers.enable({ apis: ['Date'], now: start })
  t.after(() => mock.timers.reset())
  const routes: Record<string, BoundTokenRouteOptions> = {
    '/': {},
    '/scope': { scopes: ['admin'] },
    '/audience': { audience: 'https://other.example.com' },
    '/client': { clients: ['somebody'] },
    '/claims': { claims: { properties: { sub: { const: 'bob' } } } },
    '/fresh': { cache: false },
    '/tight': { cache: { maxTtl: 1000 } }
  }
  const { app, authorizationServer, known } = await protectedApp(t, (app) => {
    for (const [url, boundToken] of Object.entries(routes)) app.get(url, { config: { boundToken } }, async () => 'in')
  }, { cache: { maxTtl: 10_000, staleIfError: 10_000 } })
  known.set('good', { ...ownersClaims, exp: start / 1000 + 15 })
  const decisions: Decision[] = []
  const listen = (message: unknown): void => { decisions.push(message as Decision) }
  subscribe('fastify-bound-token:decision', listen)
  t.after(() => unsubscribe('fastify-bound-token:decision', listen))
  const status = async (url: string, who = owner) => (await app.inject({ url, headers: by(who) })).statusCode
  assert.equal(await status('/'), 200)
  authorizationServer.behave(json({}, 503))
  mock.timers.setTime(start + 10_500)
  return { app, authorizationServer, decisions, status }
}

test('scope, audience, client, claims and binding are judged on it', async (t) => {
  const { app, status, decisions } = await scene(t)
  const expected = { '/': 200, '/scope': 403, '/audience': 401, '/client': 403, '/claims': 403, '/fresh': 503, '/tight': 503 }
  for (const [url, code] of Object.entries(expected)) assert.equal(await status(url), code, url)
  assert.equal(await status('/', stranger), 401)
  assert.deepEqual(decisions.map(({ stale, reason }) => `${reason ?? 'allowed'}${stale ? ', stale' : ''}`), [
    'allowed', 'allowed, stale', 'scope_insufficient, stale', 'token_audience_mismatch, stale', 'client_not_allowed, stale', 'claims_insufficient, stale',
    'issuer_unavailable', 'issuer_unavailable', 'binding_mismatch, stale'
  ])
  assert.equal(app.boundToken.stats().tokens.stale, 6)
})

test('never beyond `exp`', async (t) => {
  const { status, decisions } = await scene(t)
  mock.timers.setTime(start + 14_999)
  assert.equal(await status('/'), 200)
  mock.timers.setTime(start + 15_000)
  assert.equal(await status('/'), 401)
  assert.deepEqual([decisions.at(-1)?.reason, decisions.at(-1)?.stale], ['token_expired', true])
})

test('also while the breaker is open, without a call', async (t) => {
  const { app, authorizationServer, status } = await scene(t)
  for (let i = 0; i < 3; i++) assert.equal(await status('/'), 200)
  const calls = authorizationServer.calls.length
  assert.equal(calls, 6, 'one that was fine, and the five that open it')
  assert.equal(await status('/'), 200)
  assert.equal(authorizationServer.calls.length, calls)
  assert.equal(app.boundToken.stats().issuers[0]?.introspection?.breaker, 'open')
})

for (const name of ['evict', 'revoke'] as const) {
  test(`S-26: not after ${name}()`, async (t) => {
    const { app, status } = await scene(t)
    assert.equal(await status('/'), 200)
    await app.boundToken[name]({ subject: 'alice' })
    assert.equal(await status('/'), 503)
  })
}
