// What depends on the time, the route and the certificate is judged on each request: through a real app.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import Fastify from 'fastify'
import boundToken from '../../../lib/index.ts'
import { owner, stranger } from '../../guard/protected-app.ts'
import { protectedByJwt, startOfTime } from './protected-by-jwt.ts'
import { issuer, jwks, token } from './tokens.ts'

const now = startOfTime
const x5t = { 'x5t#S256': owner.thumbprint }

/** Another first letter: 43 characters of base64url all the same. */
const other = (owner.thumbprint.startsWith('A') ? 'B' : 'A') + owner.thumbprint.slice(1)

test('127: a good token is let in, a bad one is answered with invalid_token', async (t) => {
  const ask = await protectedByJwt(t)
  const good = await ask(token())
  assert.equal(good.statusCode, 200)
  const { subject, clientId, scopes, issuer: by, audience, expiresAt, binding } = JSON.parse(good.body)
  assert.deepEqual([subject, clientId, scopes, by, audience, expiresAt, binding], ['alice', 'partner', ['accounts'], issuer.name, ['https://api.example.com'], now + 300, 'x5t#S256'])
  const bad = await ask(`${token().slice(0, -4)}AAAA`)
  assert.deepEqual([bad.statusCode, bad.reason], [401, 'token_invalid'])
  assert.match(bad.challenge, /^Bearer realm="api".*error="invalid_token"/)
})

test('T12, 115, 116, 164: audiences', async (t) => {
  const ask = await protectedByJwt(t)
  for (const aud of ['https://api.example.com', ['https://api.example.com'], ['other', 'https://api.example.com'], ['https://api.example.com', 'https://api.example.com']]) {
    assert.equal((await ask(token({ aud }))).statusCode, 200, JSON.stringify(aud))
  }
  for (const aud of [
    [], '', [''], 'other', ['other'], 'https://api.example.co', 'https://api.example.com/', 'https://api.example.com/x', 'https://API.example.com', 'https://api.example.com ', ' https://api.example.com',
    'other https://api.example.com', 'https://api.example.com,other', 'partner', '*', 'https://*.example.com', 'https://api.example.com\0'
  ]) {
    const { statusCode, reason } = await ask(token({ aud }))
    assert.deepEqual([statusCode, reason], [401, 'token_audience_mismatch'], JSON.stringify(aud))
  }
})

test('T13, 117: an end that lies behind us, is now, or is within the difference between clocks', async (t) => {
  const ask = await protectedByJwt(t, { jwks, clockTolerance: 0 })
  for (const exp of [now + 1, now + 0.5, 253_402_300_799]) assert.equal((await ask(token({ exp }))).reason, null, String(exp))
  for (const exp of [now, now - 0.5, now - 1, 1, 0]) assert.equal((await ask(token({ exp }))).reason, 'token_expired', String(exp))
})

test('117: a known token ends when its time has come', async (t) => {
  const ask = await protectedByJwt(t, { jwks, clockTolerance: 3 })
  const known = token({ exp: now + 10 })
  const after = async (seconds: number) => {
    mock.timers.tick(seconds * 1000)
    return (await ask(known)).reason
  }
  assert.deepEqual([await after(0), await after(9), await after(3), await after(1)], [null, null, null, 'token_expired'])
})

test('T39, 117, 124, 125: 59, 60 and 61 seconds either way, where clocks may differ by 60', async (t) => {
  const ask = await protectedByJwt(t, { jwks, clockTolerance: 60 })
  for (const [claim, offset, reason] of [
    ['exp', -59, null], ['exp', -60, 'token_expired'], ['exp', -61, 'token_expired'],
    ['nbf', 59, null], ['nbf', 60, null], ['nbf', 61, 'token_not_yet_valid'],
    ['iat', 59, null], ['iat', 60, null], ['iat', 61, 'token_not_yet_valid']
  ] as Array<[string, number, string | null]>) {
    assert.equal((await ask(token({ [claim]: now + offset }))).reason, reason, `${claim} ${offset}`)
  }
})

test('T14, 124, 125: 5 seconds by default', async (t) => {
  const ask = await protectedByJwt(t)
  for (const [claim, offset, reason] of [
    ['exp', -4, null], ['exp', -5, 'token_expired'], ['nbf', 5, null], ['nbf', 6, 'token_not_yet_valid'], ['iat', 5, null], ['iat', 6, 'token_not_yet_valid'], ['nbf', 86_400, 'token_not_yet_valid'], ['nbf', 0.5, null]
  ] as Array<[string, number, string | null]>) {
    assert.equal((await ask(token({ [claim]: now + offset }))).reason, reason, `${claim} ${offset}`)
  }
})

test('T24, 132: a scope is what stands between spaces, to the letter', async (t) => {
  const ask = await protectedByJwt(t, { jwks }, (app) => { app.get('/', { config: { boundToken: { scopes: ['admin'] } } }, async () => 'in') })
  for (const scope of ['admin', 'a admin', 'admin  a', ' admin ', 'admin admin']) assert.equal((await ask(token({ scope }))).statusCode, 200, scope)
  for (const scope of [
    undefined, '', 'notadmin', 'adminx', 'ADMIN', 'admin,a', 'a,admin', 'a\tadmin', 'a\u00a0admin', 'admin\u00a0', '\u0430dmin', 'admi\u0144', 'admin\u200b', 'admin\0', 'admin\n', 'admin:*', '*', '"admin"'
  ]) {
    const { statusCode, reason } = await ask(token({ scope }))
    assert.deepEqual([statusCode, reason], [403, 'scope_insufficient'], JSON.stringify(scope))
  }
})

const hex = Buffer.from(owner.thumbprint, 'base64url').toString('hex')
for (const [name, cnf, reason] of [
  ['T25: null', null, 'binding_unsupported'],
  ['T25: a string', owner.thumbprint, 'binding_unsupported'],
  ['T25: a list', [x5t], 'binding_unsupported'],
  ['T25: an empty list', [], 'binding_unsupported'],
  ['T25: empty', {}, 'binding_unsupported'],
  ['T25: x5t#S256 null', { 'x5t#S256': null }, 'binding_unsupported'],
  ['T25: x5t#S256 empty', { 'x5t#S256': '' }, 'binding_unsupported'],
  ['T25: x5t#S256 a number', { 'x5t#S256': 1 }, 'binding_unsupported'],
  ['T25: x5t#S256 a list', { 'x5t#S256': [owner.thumbprint] }, 'binding_unsupported'],
  ['T25: x5t#S256 of another', { 'x5t#S256': stranger.thumbprint }, 'binding_mismatch'],
  ['T25: x5t#S256 with another sign', { 'x5t#S256': other }, 'binding_mismatch'],
  ['T25: x5t#S256 padded', { 'x5t#S256': `${owner.thumbprint}=` }, 'binding_unsupported'],
  ['T25: x5t#S256 in hex', { 'x5t#S256': hex }, 'binding_unsupported'],
  ['T25: x5t#S256 in capital hex', { 'x5t#S256': hex.toUpperCase() }, 'binding_unsupported'],
  ['T25: x5t#S256 cut', { 'x5t#S256': owner.thumbprint.slice(0, -1) }, 'binding_unsupported'],
  ['T25: x5t#S256 with a space', { 'x5t#S256': `${owner.thumbprint} ` }, 'binding_unsupported'],
  ['T25: x5t only', { x5t: owner.thumbprint.slice(0, 27) }, 'binding_unsupported'],
  ['T25: X5T#S256', { 'X5T#S256': owner.thumbprint }, 'binding_unsupported'],
  ['T26: jkt only', { jkt: owner.thumbprint }, 'binding_unsupported'],
  ['T27: x5t#S256 and jkt', { ...x5t, jkt: owner.thumbprint }, 'binding_unsupported'],
  ['T27: x5t#S256 of another and jkt', { 'x5t#S256': stranger.thumbprint, jkt: owner.thumbprint }, 'binding_unsupported'],
  ['T28: jwk', { jwk: {} }, 'binding_unsupported'],
  ['T28: kid', { kid: '1' }, 'binding_unsupported'],
  ['T28: x5t#S512', { 'x5t#S512': owner.thumbprint }, 'binding_unsupported'],
  ['no cnf', undefined, 'binding_missing']
] as Array<[string, unknown, string]>) {
  test(`cnf, ${name}`, async (t) => {
    const ask = await protectedByJwt(t, { jwks }, (app) => {
      app.get('/', async () => 'in')
      app.get('/optional', { config: { boundToken: { binding: 'optional' } } }, async () => 'in')
    })
    const { statusCode, reason: found } = await ask(token({ cnf }))
    assert.deepEqual([statusCode, found], [401, reason])
    assert.equal((await ask(token({ cnf }), { url: '/optional' })).statusCode, cnf === undefined ? 200 : 401, 'optional')
  })
}

test('T25: upper-cased, which is another thumbprint or none', async (t) => {
  const ask = await protectedByJwt(t)
  assert.equal((await ask(token({ cnf: { 'x5t#S256': owner.thumbprint.toUpperCase() } }))).statusCode, 401)
  assert.equal((await ask(token())).statusCode, 200)
  assert.equal((await ask(token(), { who: stranger })).reason, 'binding_mismatch')
  assert.equal((await ask(token(), { who: null })).statusCode, 401)
})

test('T29: a binding in the header of the JWS only binds nothing', async (t) => {
  const ask = await protectedByJwt(t)
  assert.equal((await ask(token({ cnf: undefined }, { cnf: x5t }))).reason, 'binding_missing')
})

test('T23, 139: longer than the limit is malformed before anything is read', async (t) => {
  const ask = await protectedByJwt(t)
  for (const header of [{ pad: 'x'.repeat(100_000) }, Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`m${index}`, index]))]) {
    const { statusCode, reason } = await ask(token({}, header))
    assert.deepEqual([statusCode, reason], [400, 'token_malformed'])
  }
})

test('131, 132: `auth_time`, `acr`, roles and groups are at hand for the policy', async (t) => {
  const claims = { type: 'object', required: ['acr', 'groups'], properties: { acr: { const: 'urn:mfa' }, groups: { type: 'array', contains: { const: 'staff' } } } }
  const ask = await protectedByJwt(t, { jwks }, (app) => { app.get('/', { config: { boundToken: { claims } } }, async () => 'in') })
  assert.equal((await ask(token({ acr: 'urn:mfa', groups: ['staff'], auth_time: now }))).statusCode, 200)
  for (const more of [{}, { acr: 'urn:mfa' }, { acr: 'urn:pwd', groups: ['staff'] }, { acr: 'urn:mfa', groups: 'staff' }]) assert.equal((await ask(token(more))).reason, 'claims_insufficient')
})

for (const [name, issuers, message] of [
  ['no issuer', [{ audience: 'a', jwt: { jwks } }], /options\.issuers\[0\]\.issuer: missing/],
  ['an empty issuer', [{ issuer: '', audience: 'a', jwt: { jwks } }], /options\.issuers\[0\]\.issuer: found ""/],
  ['no audience', [{ issuer: issuer.name, jwt: { jwks } }], /options\.issuers\[0\]\.audience: missing/],
  ['an empty audience', [{ issuer: issuer.name, audience: '', jwt: { jwks } }], /options\.issuers\[0\]\.audience: found ""/],
  ['an empty list of audiences', [{ issuer: issuer.name, audience: [], jwt: { jwks } }], /options\.issuers\[0\]\.audience: found a list of 0/],
  ['audience true', [{ issuer: issuer.name, audience: true, jwt: { jwks } }], /options\.issuers\[0\]\.audience: found true/],
  ['no issuers at all', [], /options\.issuers: found a list of 0/],
  ['algorithm none', [{ issuer: issuer.name, audience: 'a', jwt: { jwks, algorithms: ['none'] } }], /options\.issuers\[0\]\.jwt\.algorithms/]
] as Array<[string, unknown, RegExp]>) {
  test(`S-18, 164: ${name} stops the boot`, async (t) => {
    const app = Fastify()
    t.after(() => app.close())
    const options = { certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'], verified: false }, issuers }
    await assert.rejects(async () => { await app.register(boundToken, options as never).ready() }, { code: 'FST_BOUND_TOKEN_OPTIONS', message })
  })
}
