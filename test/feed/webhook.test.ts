import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import Fastify from 'fastify'
import boundToken from '../../lib/index.ts'
import { optionsFor, owner, ownersClaims } from '../guard/protected-app.ts'
import { caep, risc, setSender } from './set-sender.ts'
import { jwtIssuerName, webhookApp, type Answer } from './webhook-app.ts'

function assertRefused ({ status, headers, body }: Answer, err: string): void {
  assert.deepEqual([status, JSON.parse(body).err], [400, err], body)
  assert.deepEqual(Object.keys(JSON.parse(body)), ['err', 'description'])
  assert.ok(JSON.parse(body).description.length > 0)
  assert.match(String(headers['content-type']), /^application\/json/)
  assert.deepEqual([headers['cache-control'], headers['content-language']], ['no-store', 'en'])
}

const ofAlice = { format: 'iss_sub', iss: jwtIssuerName, sub: 'alice' }

test('RFC 8935 section 2.2: 202 without a body', async (t) => {
  const { push, sender, app } = await webhookApp(t)
  const { status, headers, body } = await push(await sender.set())
  assert.deepEqual([status, body, headers['cache-control']], [202, '', 'no-store'])
  assert.deepEqual(app.boundToken.stats().feeds, { applied: 1, repeated: 0, ignored: 0, refused: 0, down: 0, connections: [] })
})

test('an opaque token is asked for again after a session was revoked; tokens of others are not', async (t) => {
  const { push, sender, status, known, authorizationServer } = await webhookApp(t)
  known.set('bobs', { ...ownersClaims, sub: 'bob' })
  assert.deepEqual([await status('good'), await status('bobs')], [200, 200])
  known.delete('good')
  assert.deepEqual([await status('good'), authorizationServer.calls.length], [200, 2])
  assert.equal((await push(await sender.set())).status, 202)
  assert.deepEqual([await status('good'), await status('bobs'), authorizationServer.calls.length], [401, 200, 3])
})

test('a JWT that was issued before a revocation is refused until its end, one that was issued later is not', async (t) => {
  const { push, sender, status, jwt, app } = await webhookApp(t, (sender) => sender.options({ tokenIssuer: jwtIssuerName }))
  const [seen, unseen] = [await jwt({ jti: 'a' }, 100), await jwt({ jti: 'b' }, 100)]
  assert.equal(await status(seen), 200)
  const at = Math.floor(Date.now() / 1000) - 50
  assert.equal((await push(await sender.set({ sub_id: ofAlice, events: { [`${caep}session-revoked`]: { event_timestamp: at } } }))).status, 202)
  assert.deepEqual([await status(seen), await status(unseen), await status(seen)], [401, 401, 401])
  assert.equal(await status(await jwt({ jti: 'c' }, 49)), 200)
  assert.equal(await status(await jwt({ jti: 'd', sub: 'bob' }, 100)), 200)
  assert.deepEqual(app.boundToken.stats().decisions.refused, { token_inactive: 3 })
})

for (const [name, subject, mapped, hit, missed] of [
  ['a session', { format: 'complex', session: { format: 'opaque', id: 's1' } }, {}, { sid: 's1' }, { sid: 's2' }],
  ['a user and a session', { format: 'complex', user: ofAlice, session: { format: 'opaque', id: 's1' } }, {}, { sid: 's1' }, { sid: 's1', sub: 'bob' }],
  ['a token by its jti', { format: 'jwt_id', iss: jwtIssuerName, jti: 'j7' }, {}, { jti: 'j7' }, { jti: 'j8' }],
  ['a mail address', { format: 'email', email: 'a@example.com' }, { email: ['person', 'mail'] }, { person: { mail: 'a@example.com' } }, { person: { mail: 'b@example.com' } }]
] as Array<[string, object, object, object, object]>) {
  test(`RFC 9493: ${name}`, async (t) => {
    const { push, sender, status, jwt } = await webhookApp(t, (sender) => sender.options({ tokenIssuer: jwtIssuerName, subjects: mapped }))
    const [revoked, other] = [await jwt(hit as Record<string, unknown>, 10), await jwt(missed as Record<string, unknown>, 10)]
    assert.deepEqual([await status(revoked), await status(other)], [200, 200])
    assert.equal((await push(await sender.set({ sub_id: subject }))).status, 202)
    assert.deepEqual([await status(revoked), await status(other)], [401, 200])
  })
}

test('a security event token of one issuer never touches tokens of another, whatever it says', async (t) => {
  const { push, sender, status, jwt, app, authorizationServer } = await webhookApp(t)
  const token = await jwt({ sid: 's1', jti: 'j1' }, 10)
  assert.deepEqual([await status(token), await status('good')], [200, 200])
  for (const subject of [
    ofAlice, { format: 'jwt_id', iss: jwtIssuerName, jti: 'j1' }, { format: 'opaque', id: 's1' }, { format: 'complex', session: { format: 'opaque', id: 's1' } },
    { format: 'complex', user: ofAlice, session: { format: 'opaque', id: 's1' } }, { format: 'aliases', identifiers: [ofAlice, { format: 'opaque', id: 's1' }] }
  ]) assert.equal((await push(await sender.set({ sub_id: subject }))).status, 202)
  assert.deepEqual([await status(token), await status('good'), authorizationServer.calls.length], [200, 200, 1])
  assert.equal(app.boundToken.stats().feeds?.ignored, 3)
})

test('RFC 8417 section 2.2: what came before is acknowledged, and not applied again', async (t) => {
  const { push, sender, status, app, authorizationServer } = await webhookApp(t)
  const jti = randomUUID()
  const set = await sender.set({ jti })
  assert.equal((await push(set)).status, 202)
  assert.equal(await status('good'), 200)
  assert.equal((await push(set)).status, 202)
  assert.equal((await push(await sender.set({ jti, sub_id: { format: 'iss_sub', iss: sender.issuer, sub: 'alice' } }))).status, 202)
  assert.deepEqual([await status('good'), authorizationServer.calls.length], [200, 1])
  assert.deepEqual(app.boundToken.stats().feeds, { applied: 1, repeated: 2, ignored: 0, refused: 0, down: 0, connections: [] })
})

test('events that mean nothing here are acknowledged and counted', async (t) => {
  const { push, sender, app } = await webhookApp(t)
  assert.equal((await push(await sender.set({ events: { [`${risc}account-enabled`]: {}, 'urn:example:event': {} } }))).status, 202)
  assert.equal((await push(await sender.set({ sub_id: { format: 'email', email: 'a@example.com' } }))).status, 202)
  assert.deepEqual(app.boundToken.stats().feeds, { applied: 0, repeated: 0, ignored: 3, refused: 0, down: 0, connections: [] })
})

for (const [name, err, set, headers = {}] of [
  ['section 2.1: another type of body', 'invalid_request', async (sender) => await sender.set(), { 'content-type': 'application/json' }],
  ['section 2.1: no type', 'invalid_request', async (sender) => await sender.set(), { 'content-type': '' }],
  ['nothing', 'invalid_request', async () => ''],
  ['no JWT', 'invalid_request', async () => 'x'],
  ['white space', 'invalid_request', async (sender) => `${await sender.set()}\n`],
  ['a JSON document', 'invalid_request', async (sender) => JSON.stringify(sender.claims())],
  ['RFC 8417 section 2.3: another typ', 'invalid_request', async (sender) => await sender.set({}, { typ: 'JWT' })],
  ['no typ', 'invalid_request', async (sender) => await sender.set({}, { typ: undefined })],
  ['an access token', 'invalid_request', async (sender) => await sender.set({ sub: 'alice' }, { typ: 'at+jwt' })],
  ['an ID token with the typ of a SET', 'invalid_request', async (sender) => await sender.set({ sub: 'alice', exp: 4_000_000_000, events: undefined })],
  ['a logout token', 'invalid_request', async (sender) => await sender.set({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, { typ: 'logout+jwt' })],
  ['crit', 'invalid_request', async (sender) => await sender.set({}, { crit: ['b64'], b64: true })],
  ['alg none', 'invalid_request', async (sender) => `${encode({ alg: 'none', typ: 'secevent+jwt' })}.${encode(sender.claims())}.`],
  ['HS256 with the public key', 'invalid_request', async (sender) => hmacOf(sender)],
  ['another alg than that of the key', 'invalid_key', async (sender) => withHeader(await sender.set(), JSON.stringify({ alg: 'PS256', typ: 'secevent+jwt', kid: 's1' }))],
  ['the key of another issuer', 'invalid_key', async (sender) => await setSender(sender.issuer).set()],
  ['a key that is not known', 'invalid_key', async (sender) => await setSender(sender.issuer, 'k9').set()],
  ['a key that it brings itself', 'invalid_key', async (sender) => { const other = setSender(sender.issuer); return await other.set({}, { jwk: other.jwks.keys[0], kid: undefined }) }],
  ['a changed payload', 'invalid_key', async (sender) => { const [header, , signature] = (await sender.set()).split('.'); return `${header}.${encode(sender.claims({ jti: 'other' }))}.${signature}` }],
  ['another issuer', 'invalid_issuer', async () => await setSender('https://evil.example.com').set()],
  ['another audience', 'invalid_audience', async (sender) => await sender.set({ aud: 'https://other.example.com' })],
  ['nested in another', 'invalid_request', async (sender) => await sender.sign(await sender.set(), { cty: 'secevent+jwt' })],
  ['encrypted', 'invalid_request', async (sender) => `${await sender.set()}.x.y`],
  ['a member twice', 'invalid_request', async (sender) => await sender.sign(JSON.stringify(sender.claims()).replace('{', '{"jti":"x",'))],
  ['a member twice in the header', 'invalid_request', async (sender) => withHeader(await sender.set(), '{"alg":"ES256","alg":"ES256","typ":"secevent+jwt"}')],
  ['no UTF-8', 'invalid_request', async (sender) => await sender.sign(Buffer.from(JSON.stringify(sender.claims({ jti: 'é' })), 'latin1'))],
  ['too long', 'invalid_request', async (sender) => await sender.set({ padding: 'x'.repeat(65_536) })],
  ['in the future', 'invalid_request', async (sender) => await sender.set({ iat: Math.floor(Date.now() / 1000) + 120 })]
] as Array<[string, string, (sender: ReturnType<typeof setSender>) => Promise<string>, Record<string, string>?]>) {
  test(`RFC 8935 section 2.4: ${err}: ${name}`, async (t) => {
    const { push, sender, status, app, authorizationServer, logged } = await webhookApp(t)
    assert.equal(await status('good'), 200)
    const sent = await set(sender)
    assertRefused(await push(sent, headers), err)
    assert.deepEqual([await status('good'), authorizationServer.calls.length], [200, 1])
    assert.deepEqual(app.boundToken.stats().feeds, { applied: 0, repeated: 0, ignored: 0, refused: 1, down: 0, connections: [] })
    assert.ok(sent.length < 20 || !logged.join().includes(sent.slice(-20)), 'it was logged')
  })
}

function withHeader (set: string, header: string): string {
  return [Buffer.from(header).toString('base64url'), ...set.split('.').slice(1)].join('.')
}

function encode (value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function hmacOf (sender: ReturnType<typeof setSender>): string {
  const input = `${encode({ alg: 'HS256', typ: 'secevent+jwt', kid: 's1' })}.${encode(sender.claims())}`
  return `${input}.${createHmac('sha256', JSON.stringify(sender.jwks.keys[0])).update(input).digest('base64url')}`
}

test('RFC 8417 section 4: where one key signs both, a security event token is no access token, and an access token no security event token', async (t) => {
  const { push, status, tokens, jwt, app } = await webhookApp(t, (_sender, tokens) => ({ path: '/events', issuer: jwtIssuerName, audience: 'https://api.example.com', jwks: tokens.jwks }))
  const own = { sub_id: ofAlice, events: { [`${caep}session-revoked`]: {} } }
  const set = await tokens.issue({ ...own, sub: undefined, exp: undefined, jti: 'e1' }, { typ: 'secevent+jwt' })
  const hybrid = await jwt(own)
  assert.equal(await status(await jwt()), 200)
  for (const token of [set, hybrid, await tokens.issue({ ...own, cnf: { 'x5t#S256': owner.thumbprint } }, { typ: 'secevent+jwt' })]) assert.equal(await status(token), 401)
  for (const other of [await jwt(), hybrid, await tokens.issue(own, { typ: 'secevent+jwt' })]) assertRefused(await push(other), 'invalid_request')
  assert.equal((await push(set)).status, 202)
  assert.equal(app.boundToken.stats().feeds?.applied, 1)
  assert.equal(await status(await jwt({}, 10)), 401)
})

const secret = 'a-secret-of-the-transmitter-0123456789'

test('RFC 8935 section 2.4: authentication_failed: without the bearer token that was agreed on', async (t) => {
  const { push, sender, app, logged } = await webhookApp(t, (sender) => sender.options({ authorization: secret }))
  const set = await sender.set()
  for (const authorization of ['', 'Bearer', `Bearer ${secret}x`, `Bearer ${secret.slice(0, -1)}`, `Basic ${secret}`, `Bearer ${secret} x`]) assertRefused(await push(set, { authorization }), 'authentication_failed')
  assert.equal(app.boundToken.stats().feeds?.applied, 0)
  assert.equal((await push(set, { authorization: `bearer ${secret}` })).status, 202)
  assert.equal(app.boundToken.stats().feeds?.applied, 1)
  assert.ok(!logged.join().includes(secret))
})

test('RFC 8935 section 2.4: access_denied: what one transmitter has to show lets no other one in', async (t) => {
  const other = setSender(jwtIssuerName)
  const { push, sender } = await webhookApp(t, (sender) => [sender.options({ authorization: secret }), other.options({ authorization: `${secret}-of-the-other` })])
  const [mine, theirs] = [{ authorization: `Bearer ${secret}` }, { authorization: `Bearer ${secret}-of-the-other` }]
  assertRefused(await push(await sender.set(), theirs), 'access_denied')
  assertRefused(await push(await other.set(), mine), 'access_denied')
  assert.equal((await push(await sender.set(), mine)).status, 202)
  assert.equal((await push(await other.set(), theirs)).status, 202)
})

test('one path for several issuers, each with its keys; and a path for one alone', async (t) => {
  const other = setSender(jwtIssuerName)
  const { push, sender } = await webhookApp(t, (sender) => [sender.options(), other.options(), other.options({ path: '/others' })])
  assert.equal((await push(await sender.set())).status, 202)
  assert.equal((await push(await other.set())).status, 202)
  assert.equal((await push(await other.set(), {}, '/others')).status, 202)
  assertRefused(await push(await sender.set(), {}, '/others'), 'invalid_issuer')
  const forged = setSender(jwtIssuerName)
  assertRefused(await push(await forged.set({ iss: sender.issuer })), 'invalid_key')
})

test('a parser that the application has for this type is not asked', async (t) => {
  const sender = setSender()
  const app = Fastify()
  t.after(() => app.close())
  app.addContentTypeParser('application/secevent+jwt', (_request, _body, done) => { done(null, 'nothing') })
  await app.register(boundToken, { ...optionsFor('http://127.0.0.1:1'), revocation: { webhook: sender.options() } })
  const { statusCode } = await app.inject({ method: 'POST', url: '/events', headers: { 'content-type': 'application/secevent+jwt' }, payload: await sender.set() })
  assert.equal(statusCode, 202)
})

test('the route asks for no access token, and no other route takes bodies of this type for it', async (t) => {
  const { app, push, sender } = await webhookApp(t, undefined, {}, (app) => { app.post('/', { config: { boundToken: false } }, async ({ body }) => ({ body })) })
  assert.equal((await push(await sender.set(), {}, '/')).status, 415)
  const json = await app.inject({ method: 'POST', url: '/', payload: { a: 1 } })
  assert.deepEqual(json.json(), { body: { a: 1 } })
  assert.equal((await app.inject({ method: 'GET', url: '/events' })).statusCode, 401, 'another method is guarded')
})
