// The phantom token: an opaque token outside, and upstream the JWT that it stands for.
import assert from 'node:assert/strict'
import { before, test, type TestContext } from 'node:test'
import { decodeJwt, type JWTPayload } from 'jose'
import { forward } from '../../lib/index.ts'
import type { IssuerOptions } from '../../types/options.ts'
import { createClientCertificate, createPki, type ClientCertificate, type Pki } from '../../examples/demo/pki.ts'
import { json, startDouble } from '../doubles/authorization-server.ts'
import { startGuardedService } from './guarded-service.ts'
import { startPhantomTokenServer, type PhantomTokenServer } from './phantom-token-server.ts'

let pki: Pki
let owner: ClientCertificate
let thief: ClientCertificate
before(async () => { [pki, owner, thief] = await Promise.all([createPki(), createClientCertificate('owner'), createClientCertificate('thief')]) })

function issuerFor (server: PhantomTokenServer, more: Partial<IssuerOptions> = {}): IssuerOptions {
  return {
    issuer: server.issuer,
    audience: 'https://api.example.test',
    allowInsecureLoopback: true,
    introspection: { response: 'jwt', clientAuth: { method: 'client_secret_basic', clientId: server.clientId, clientSecret: server.secret } },
    ...more
  }
}

async function scene (t: TestContext, more: Partial<IssuerOptions> = {}) {
  const [server, upstream] = [await startPhantomTokenServer(t), await startDouble(json({ from: 'upstream' }))]
  t.after(() => upstream.close())
  const service = await startGuardedService(t, pki, [issuerFor(server, more)], {}, (app) => {
    app.get('/jwt', { config: { boundToken: { upstream: { url: upstream.origin, token: 'jwt' } } } }, forward)
    app.get('/none', { config: { boundToken: { upstream: { url: upstream.origin } } } }, forward)
  })
  return { server, upstream, service }
}

test('upstream gets the JWT, and never the opaque token', async (t) => {
  const { server, upstream, service } = await scene(t)
  const token = server.issue(owner.thumbprint, { sub: 'alice' })
  for (let i = 0; i < 3; i++) assert.equal((await service.ask(token, owner, '/jwt')).status, 200, service.logged.at(-1))
  assert.equal((await service.ask(token, owner, '/none')).status, 200)
  assert.equal(server.counts.introspection, 1)
  const sent = upstream.calls.map(({ headers }) => headers.authorization)
  assert.equal(sent[3], undefined)
  for (const authorization of sent.slice(0, 3)) {
    const claims = decodeJwt(authorization?.replace('Bearer ', '') ?? '')
    assert.deepEqual([claims.sub, claims['purpose'], claims['cnf']], ['alice', 'access_token', { 'x5t#S256': owner.thumbprint }])
  }
  assert.equal(JSON.stringify(upstream.calls).includes(token), false)
})

test('its `cnf` is what binds: a thief gets nowhere, nor does a JWT that is bound to nothing', async (t) => {
  const { server, upstream, service } = await scene(t)
  const token = server.issue(owner.thumbprint)
  assert.equal((await service.ask(token, owner, '/jwt')).status, 200)
  assert.equal((await service.ask(token, thief, '/jwt')).status, 401)
  assert.equal((await service.ask(token, null, '/jwt')).status, 401)
  assert.equal((await service.ask(server.issue(null), owner, '/jwt')).status, 401)
  assert.equal(upstream.calls.length, 1)
})

test('the JWT itself, shown by a client, is not what this API takes', async (t) => {
  const { server, upstream, service } = await scene(t)
  await service.ask(server.issue(owner.thumbprint), owner, '/jwt')
  const jwt = upstream.calls[0]?.headers.authorization?.replace('Bearer ', '') ?? ''
  assert.equal((await service.ask(jwt, owner, '/jwt')).status, 401)
  assert.equal(server.counts.introspection, 2, 'it was asked for like any other')
})

test('204 is "not active"', async (t) => {
  const { server, service } = await scene(t)
  assert.equal((await service.ask('unknown', owner)).status, 401)
  assert.ok(service.logged.some((line) => line.includes('token_inactive')))
  assert.equal(server.counts.introspection, 1)
})

test('S-30: a JWT that does not hold is the server\'s fault', async (t) => {
  const { server, service } = await scene(t)
  const status = async (claims: object) => (await service.ask(server.issue(owner.thumbprint, claims as JWTPayload), owner)).status
  assert.equal(await status({ iss: 'https://other.example.test' }), 502)
  assert.equal(await status({ exp: undefined }), 502)
  assert.equal(await status({ aud: undefined }), 502)
  assert.equal(await status({ aud: 'https://other.example.test' }), 401, 'it holds, for another API')
  server.answers.typ = 'JWT'
  assert.equal(await status({}), 502)
  server.answers.typ = undefined
  assert.equal(await status({}), 502)
})

test('another `typ` and a required claim are what the operator says', async (t) => {
  const { server, service } = await scene(t, { jwt: { typ: 'JWT', requiredClaims: { purpose: 'access_token' } } })
  server.answers.typ = 'JWT'
  assert.equal((await service.ask(server.issue(owner.thumbprint), owner)).status, 200)
  assert.equal((await service.ask(server.issue(owner.thumbprint, { purpose: 'id' }), owner)).status, 502)
})

test('Cache-Control shortens how long it is remembered, and lengthens nothing', async (t) => {
  const start = Math.floor(Date.now() / 1000) * 1000
  t.mock.timers.enable({ apis: ['Date'], now: start })
  const { server, service } = await scene(t)
  const asksAfter = async (cacheControl: string | null, seconds: number) => {
    server.answers.cacheControl = cacheControl
    const token = server.issue(owner.thumbprint)
    await service.ask(token, owner)
    const before = server.counts.introspection
    t.mock.timers.setTime(Date.now() + seconds * 1000)
    await service.ask(token, owner)
    return server.counts.introspection - before
  }
  assert.equal(await asksAfter('max-age=10', 9), 0)
  assert.equal(await asksAfter('max-age=10', 10), 1)
  assert.equal(await asksAfter('max-age=3600', 59), 0)
  assert.equal(await asksAfter('max-age=3600', 60), 1)
  assert.equal(await asksAfter('no-store', 0), 1)
  assert.equal(await asksAfter(null, 59), 0)
})
