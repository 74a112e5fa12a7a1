import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { by, optionsFor, owner, ownersClaims, protectedApp } from './protected-app.ts'
import Fastify from 'fastify'
import boundToken from '../../lib/index.ts'
import { claimsCheck } from '../../lib/claims-check.ts'

const adult = {
  type: 'object',
  required: ['department', 'age'],
  properties: { department: { enum: ['treasury', 'audit'] }, age: { type: 'integer', minimum: 18 } }
}

test('S-25: claims are judged by each route\'s schema, on every request, also where the token is known', async (t) => {
  const { app, known, authorizationServer } = await protectedApp(t, (app) => {
    app.get('/', async () => 'in')
    app.get('/adult', { config: { boundToken: { claims: adult } } }, async () => 'in')
  })
  known.set('old', { ...ownersClaims, department: 'audit', age: 18 })
  known.set('young', { ...ownersClaims, department: 'audit', age: 17 })
  known.set('text', { ...ownersClaims, department: 'audit', age: '18' })
  const status = async (url: string, token: string) => (await app.inject({ url, headers: by(owner, token) })).statusCode
  for (let round = 0; round < 2; round++) {
    for (const token of ['good', 'young', 'text', 'old']) assert.equal(await status('/', token), 200)
    assert.deepEqual([await status('/adult', 'good'), await status('/adult', 'young'), await status('/adult', 'old')], [403, 403, 200])
    assert.equal(await status('/adult', 'text'), 403, 'nothing is coerced')
  }
  assert.equal(authorizationServer.calls.length, 4)
})

test('the answer is 403 without a scope, and says nothing of the schema; the log has the reason', async (t) => {
  const { app, logged } = await protectedApp(t, (app) => { app.get('/', { config: { boundToken: { scopes: ['accounts'], claims: adult } } }, async () => 'in') })
  const { statusCode, headers, body } = await app.inject({ url: '/', headers: by(owner) })
  assert.equal(statusCode, 403)
  assert.match(String(headers['www-authenticate']), /^Bearer realm="api", error="insufficient_scope", error_description="[^"]*"$/)
  assert.doesNotMatch(body, /department|treasury/)
  assert.ok(logged.some((line) => (JSON.parse(line) as { decision?: { reason: string } }).decision?.reason === 'claims_insufficient'))
})

test('a thief does not learn what the claims would have allowed', async (t) => {
  const { app, known } = await protectedApp(t, (app) => { app.get('/', { config: { boundToken: { claims: adult } } }, async () => 'in') })
  known.set('stolen', { ...ownersClaims, cnf: { 'x5t#S256': 'A'.repeat(43) } })
  assert.equal((await app.inject({ url: '/', headers: by(owner, 'stolen') })).statusCode, 401)
})

test('a schema in the plugin\'s options is every route\'s default', async (t) => {
  const { app } = await protectedApp(t, (app) => {
    app.get('/', async () => 'in')
    app.get('/own', { config: { boundToken: { claims: {} } } }, async () => 'in')
  }, { claims: adult })
  const status = async (url: string) => (await app.inject({ url, headers: by(owner) })).statusCode
  assert.deepEqual([await status('/'), await status('/own')], [403, 200])
})

async function bootError (t: TestContext, claims: unknown): Promise<string> {
  const app = Fastify()
  t.after(() => app.close())
  app.register(boundToken, optionsFor('http://127.0.0.1:1'))
  app.register(async (child) => { child.get('/', { config: { boundToken: { claims: claims as Record<string, unknown> } } }, async () => 'in') })
  return await Promise.resolve(app.ready()).then(() => 'it booted', (error: Error) => error.message)
}

for (const [what, claims] of [
  ['an unknown keyword', { type: 'object', requierd: ['x'] }],
  ['a wrong type', { type: 'objekt' }],
  ['an unknown format', { properties: { x: { type: 'string', format: 'e-mial' } } }],
  ['a broken pattern', { properties: { x: { type: 'string', pattern: '(' } } }],
  ['a reference that leads nowhere', { $ref: '#/definitions/x' }],
  ['an asynchronous schema', { $async: true, type: 'object' }],
  ['a boolean', true],
  ['a list', []]
] as const) {
  test(`a schema with ${what} stops the boot`, async (t) => {
    assert.match(await bootError(t, claims), /^route (HEAD|GET) \/: config\.boundToken\.claims: found .*; allowed: a JSON Schema$/s)
  })
}

test('a schema is compiled once, however many routes have it', () => {
  assert.equal(claimsCheck(adult, 'a'), claimsCheck(adult, 'b'))
  assert.notEqual(claimsCheck(adult, 'a'), claimsCheck({ ...adult }, 'a'))
})
