// The options of an issuer as the authorization server sees them.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { IssuerOptions } from '../../lib/options.ts'
import { hang, json, resetMidBody, startDouble, type Call, type Double } from '../doubles/authorization-server.ts'
import { createAuthority } from './certificate-authority.ts'
import { valuesOf } from './read-form.ts'
import { refused } from './refused.ts'
import { compiled } from './resolver-at.ts'

type Introspection = NonNullable<IssuerOptions['introspection']>

function options (server: Double, introspection: Partial<Introspection> = {}, more: Partial<IssuerOptions> = {}): IssuerOptions {
  return {
    issuer: 'https://login.example.com',
    audience: 'rs',
    allowInsecureLoopback: true,
    introspection: {
      endpoint: `${server.origin}/introspect`,
      clientAuth: { method: 'client_secret_post', clientId: 'api', clientSecret: 'secret' },
      ...introspection
    },
    ...more
  }
}

async function callWith (t: TestContext, introspection: Partial<Introspection>): Promise<Call> {
  const server = await startDouble(json({ active: false }))
  t.after(() => server.close())
  const resolver = await compiled(options(server, introspection))
  t.after(() => resolver.close())
  await resolver.record('abc')
  return server.calls[0] as Call
}

test('a secret that a function gives, now or later, is sent', async (t) => {
  for (const clientSecret of [() => 's-1', async () => 's-1']) {
    const { body } = await callWith(t, { clientAuth: { method: 'client_secret_post', clientId: 'api', clientSecret } })
    assert.deepEqual(valuesOf(body, 'client_secret'), ['s-1'])
  }
})

test('token_type_hint is access_token, another, or none', async (t) => {
  assert.deepEqual(valuesOf((await callWith(t, {})).body, 'token_type_hint'), ['access_token'])
  assert.deepEqual(valuesOf((await callWith(t, { tokenTypeHint: 'x' })).body, 'token_type_hint'), ['x'])
  assert.deepEqual(valuesOf((await callWith(t, { tokenTypeHint: false })).body, 'token_type_hint'), [])
})

test('more headers and parameters are sent', async (t) => {
  const { headers, body } = await callWith(t, { headers: { 'X-Tenant': 'acme' }, parameters: { realm: '/a b' } })
  assert.equal(headers['x-tenant'], 'acme')
  assert.deepEqual(valuesOf(body, 'realm'), ['/a b'])
})

test('the time limit is that of the options', async (t) => {
  const server = await startDouble(hang)
  t.after(() => server.close())
  const resolver = await compiled(options(server, { timeout: 60 }))
  t.after(() => resolver.close())
  const startedAt = performance.now()
  await refused('issuer_unavailable', resolver.record('abc'))
  assert.ok(performance.now() - startedAt < 1000)
})

test('I9: after five failures the server is spared', async (t) => {
  const server = await startDouble(resetMidBody)
  t.after(() => server.close())
  const resolver = await compiled(options(server))
  t.after(() => resolver.close())
  for (let i = 0; i < 20; i++) await refused('issuer_unavailable', resolver.record(`token-${i}`))
  assert.equal(server.calls.length, 5)
})

test('I9: a token that makes the server fail does not shut out the others', async (t) => {
  const server = await startDouble((call, response) => json({ active: false }, valuesOf(call.body, 'token')[0] === 'odd' ? 500 : 200)(call, response))
  t.after(() => server.close())
  const resolver = await compiled(options(server))
  t.after(() => resolver.close())
  for (let i = 0; i < 20; i++) await refused('issuer_unavailable', resolver.record('odd'))
  assert.equal(await resolver.record('another'), null)
})

test('S-31: `tls.ca` is the authority of the server; without it a private one is refused', async (t) => {
  const authority = await createAuthority('ours')
  const server = await startDouble(json({ active: true, sub: 'alice' }), await authority.issue('127.0.0.1'))
  t.after(() => server.close())
  const distrusting = await compiled(options(server))
  t.after(() => distrusting.close())
  await refused('issuer_unavailable', distrusting.record('abc'))
  assert.equal(server.calls.length, 0)
  const trusting = await compiled(options(server, {}, { tls: { ca: authority.ca } }))
  t.after(() => trusting.close())
  assert.equal((await trusting.record('abc'))?.claims.sub, 'alice')
})
