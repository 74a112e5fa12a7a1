import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import type { Decision } from '../../types/decision.ts'
import { hang } from '../doubles/authorization-server.ts'
import { by, owner, protectedApp, stranger } from './protected-app.ts'

test('S-40: report mode lets everybody through, looks like nobody was let in, and says what it would have done', async (t) => {
  const decisions: Decision[] = []
  const listen = (decision: unknown): void => { decisions.push(decision as Decision) }
  subscribe('fastify-bound-token:decision', listen)
  t.after(() => unsubscribe('fastify-bound-token:decision', listen))
  const { app, logged, authorizationServer } = await protectedApp(t, (app) => {
    app.get('/', { config: { boundToken: { mode: 'report', scopes: ['accounts'] } } }, async ({ accessToken, clientCertificate }) => ({ accessToken, clientCertificate }))
    app.get('/enforced', async () => 'in')
  })
  const rows = [
    [{}, 'token_missing'],
    [by(stranger), 'binding_mismatch'],
    [by(null), 'certificate_missing'],
    [by(owner, 'unknown'), 'token_inactive'],
    [by(owner), null]
  ] as const
  for (const [headers, reason] of rows) {
    decisions.length = logged.length = 0
    const response = await app.inject({ url: '/', headers })
    assert.equal(response.statusCode, 200)
    assert.deepEqual(response.json(), { accessToken: null, clientCertificate: null })
    assert.equal(response.headers['www-authenticate'], undefined)
    assert.equal(decisions.length, 1)
    const [{ allowed, enforced, reason: published }] = decisions as [Decision]
    assert.deepEqual({ allowed, enforced, published }, { allowed: reason === null, enforced: false, published: reason })
    assert.equal(/would have been refused/.test(logged.join('')), reason !== null)
  }
  assert.equal((await app.inject({ url: '/enforced', headers: by(stranger) })).statusCode, 401)
  assert.equal(decisions.at(-1)?.enforced, true)

  authorizationServer.behave(hang)
  assert.equal((await app.inject({ url: '/', headers: by(owner, 'other') })).statusCode, 200, 'an outage does not close a route in report mode')
  assert.equal(decisions.at(-1)?.reason, 'issuer_unavailable')
})

test('a decision names client, subject, thumbprint and token without holding the token', async (t) => {
  const decisions: Decision[] = []
  const listen = (decision: unknown): void => { decisions.push(decision as Decision) }
  subscribe('fastify-bound-token:decision', listen)
  t.after(() => unsubscribe('fastify-bound-token:decision', listen))
  const { app } = await protectedApp(t, (app) => { app.get('/accounts/:id', async () => 'in') })
  await app.inject({ url: '/accounts/1?secret=x', headers: by(owner) })
  await app.inject({ url: '/accounts/2', headers: by(stranger) })
  const [first, second] = decisions as [Decision, Decision]
  assert.deepEqual(first, {
    allowed: true,
    enforced: true,
    reason: null,
    statusCode: 200,
    method: 'GET',
    route: '/accounts/:id',
    requestId: first.requestId,
    issuer: 'https://login.example.com',
    clientId: 'partner',
    subject: 'alice',
    thumbprint: owner.thumbprint,
    tokenReference: first.tokenReference,
    stale: false
  })
  assert.match(String(first.tokenReference), /^[\w-]{16}$/)
  assert.equal(second.tokenReference, first.tokenReference)
  assert.equal(second.thumbprint, stranger.thumbprint)
  assert.ok(Object.isFrozen(first))
})
