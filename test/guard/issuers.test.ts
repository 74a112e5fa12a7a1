// Several issuers side by side, and how each one's tokens are verified.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import boundToken from '../../lib/index.ts'
import type { BoundTokenRouteOptions, IssuerOptions } from '../../types/options.ts'
import { json, startDouble, type Double } from '../doubles/authorization-server.ts'
import { jwtIssuer } from '../doubles/jwt-issuer.ts'
import { by, optionsFor, owner, stranger } from './protected-app.ts'

const cnf = { 'x5t#S256': owner.thumbprint }
const audience = 'https://api.example.com'

/** An authorization server that says of every token what `answer` says. */
async function asked (t: TestContext, issuer: string, answer: (token: string) => object, more: Partial<IssuerOptions> = {}): Promise<{ server: Double, options: IssuerOptions }> {
  const server = await startDouble((call, response) => { json(answer(new URLSearchParams(call.body).get('token') ?? ''))(call, response) })
  t.after(() => server.close())
  const clientAuth = { method: 'client_secret_basic' as const, clientId: 'api', clientSecret: 'secret' }
  return { server, options: { issuer, audience, allowInsecureLoopback: true, introspection: { endpoint: `${server.origin}/introspect`, clientAuth }, ...more } }
}

async function app (t: TestContext, issuers: IssuerOptions[], routes: Record<string, BoundTokenRouteOptions> = { '/': {} }) {
  const reasons: string[] = []
  const stream = { write: (line: string) => { reasons.push((JSON.parse(line) as { decision?: { reason: string } }).decision?.reason ?? '') } }
  const app = Fastify({ logger: { level: 'info', stream } }) as FastifyInstance
  t.after(() => app.close())
  await app.register(boundToken, { ...optionsFor('http://127.0.0.1:1'), issuers })
  for (const [url, boundToken] of Object.entries(routes)) app.get(url, { config: { boundToken } }, async ({ accessToken }) => accessToken?.issuer)
  await app.ready()
  const send = async (token: string, url = '/', who: typeof owner = owner) => {
    const { statusCode, body } = await app.inject({ url, headers: by(who, token) })
    return statusCode === 200 ? body : `${statusCode} ${reasons.findLast((reason) => reason !== '')}`
  }
  return { app, send }
}

/** The message that stops the boot. */
async function stops (t: TestContext, issuers: IssuerOptions[], routes?: Record<string, BoundTokenRouteOptions>): Promise<string> {
  return await app(t, issuers, routes).then(() => 'it booted', (error: Error) => error.message)
}

test('S-41: each issuer\'s tokens are judged by its own keys and audience, whichever stands first', async (t) => {
  const [a, b] = [jwtIssuer('https://a.example.com'), jwtIssuer('https://b.example.com')]
  const strict = { ...b.options(), audience: 'https://b-only.example.com' }
  for (const issuers of [[a.options(), strict], [strict, a.options()]]) {
    const { send } = await app(t, issuers)
    assert.equal(await send(await a.issue({ cnf })), a.issuer)
    assert.equal(await send(await b.issue({ cnf })), '401 token_audience_mismatch')
    assert.equal(await send(await b.issue({ cnf, aud: 'https://b-only.example.com' })), b.issuer)
    assert.equal(await send(await a.issue({ cnf, aud: 'https://b-only.example.com' })), '401 token_audience_mismatch')
  }
})

test('T38, 162: a key of one issuer proves nothing for another, though both are trusted and the `kid` is the same', async (t) => {
  const [a, b] = [jwtIssuer('https://a.example.com', 'same'), jwtIssuer('https://b.example.com', 'same')]
  const { send } = await app(t, [a.options(), b.options()])
  assert.equal(await send(await a.issue({ cnf, iss: b.issuer })), '401 token_invalid')
  assert.equal(await send(await a.issue({ cnf, iss: 'https://c.example.com' })), '401 token_issuer_mismatch')
  assert.equal(await send(await a.issue({ cnf, iss: undefined })), '401 token_invalid')
  assert.equal(await send(await a.issue({ cnf, iss: [a.issuer] })), '401 token_invalid')
})

test('S-24: opaque tokens go to the one issuer that takes them, JWTs to the one that they name', async (t) => {
  const a = jwtIssuer('https://a.example.com')
  const b = await asked(t, 'https://b.example.com', () => ({ active: true, aud: audience, cnf }))
  const { send } = await app(t, [a.options(), b.options])
  assert.equal(await send('opaque'), 'https://b.example.com')
  assert.equal(await send(await a.issue({ cnf })), a.issuer)
  const [header, payload] = (await a.issue({ cnf })).split('.')
  assert.equal(await send(`${header}.${payload}.AAAA`), '401 token_invalid')
  assert.equal(await send(`${header}.${payload}.`), '401 token_invalid')
  assert.equal(await send(`${payload}.${payload}.AAAA`), '401 token_invalid')
  assert.equal(await send('a.b.c'), '401 token_invalid')
  assert.equal(b.server.calls.length, 1)
  assert.equal(await send('a.b'), 'https://b.example.com', 'two parts are no JWT')
  assert.equal(await send('a.b.c.d.e'), 'https://b.example.com', 'encrypted for nobody here: only the issuer that is asked can tell')
})

test('S-28, S-27: two authorization servers, one token, one at a time and together: each says of its own', async (t) => {
  const a = await asked(t, 'https://a.example.com', () => ({ active: true, aud: audience, cnf }))
  const b = await asked(t, 'https://b.example.com', () => ({ active: false }))
  const routes = { '/a': { issuers: ['https://a.example.com'] }, '/b': { issuers: ['https://b.example.com'] } }
  const { send } = await app(t, [a.options, b.options], routes)
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(await Promise.all([send('one', '/a'), send('one', '/b'), send('one', '/a')]), ['https://a.example.com', '401 token_inactive', 'https://a.example.com'])
  }
  assert.deepEqual([a.server.calls.length, b.server.calls.length], [1, 1])
  assert.equal(await send('one', '/unknown'), '401 token_invalid', 'nobody can say whose it is')
})

test('two issuers of opaque tokens on one route stop the boot', async (t) => {
  const a = await asked(t, 'https://a.example.com', () => ({}))
  const b = await asked(t, 'https://b.example.com', () => ({}))
  assert.match(await stops(t, [a.options, b.options]),
    /^route HEAD \/: config\.boundToken\.issuers: https:\/\/a\.example\.com and https:\/\/b\.example\.com take opaque tokens, which do not say whose they are; allowed: one of them$|^route GET \//)
})

test('`issuers` of a route takes no others, and names those that there are', async (t) => {
  const [a, b] = [jwtIssuer('https://a.example.com'), jwtIssuer('https://b.example.com')]
  const { send } = await app(t, [a.options(), b.options()], { '/': {}, '/a': { issuers: [a.issuer] } })
  const token = await b.issue({ cnf })
  assert.equal(await send(token), b.issuer)
  assert.equal(await send(token, '/a'), '401 token_issuer_mismatch', 'though it is known')
  assert.match(await stops(t, [a.options(), b.options()], { '/x': { issuers: ['https://c.example.com'] } }),
    /config\.boundToken\.issuers: found "https:\/\/c\.example\.com"; allowed: https:\/\/a\.example\.com, https:\/\/b\.example\.com$/)
})

test('T40: `both` asks as well, and what is revoked is out; the other ways do not mix', async (t) => {
  const { jwks, ...signer } = jwtIssuer('https://a.example.com')
  let active = true
  const a = await asked(t, signer.issuer, () => ({ active, aud: audience }), { jwt: { jwks } })
  const routes = { '/': {}, '/jwt': { verify: 'jwt' as const }, '/asked': { verify: 'introspection' as const, binding: 'off' as const }, '/both': { verify: 'both' as const, cache: false as const } }
  const { send } = await app(t, [a.options], routes)
  const token = await signer.issue({ cnf })
  assert.deepEqual([await send(token), await send(token, '/jwt'), a.server.calls.length], [signer.issuer, signer.issuer, 0])
  assert.equal(await send(token, '/both'), signer.issuer)
  assert.equal(await send(token, '/both', stranger), '401 binding_mismatch', 'the JWT has the cnf, the answer says nothing of it')
  active = false
  assert.equal(await send(token, '/both'), '401 token_inactive')
  assert.equal(await send(token, '/jwt'), signer.issuer, 'nobody asks here')
  assert.equal(await send(token, '/asked'), '401 token_inactive')
  assert.equal(await send('opaque', '/jwt'), '401 token_invalid')
  const calls = a.server.calls.length
  assert.equal(await send(`${token.slice(0, -8)}AAAAAAAA`, '/both'), '401 token_invalid')
  assert.equal(a.server.calls.length, calls, 'a JWT that fails is not asked for')
})

test('`both`: an answer that contradicts the JWT refuses it, and can only narrow it', async (t) => {
  const { jwks, ...signer } = jwtIssuer('https://a.example.com')
  let answer: object = {}
  const a = await asked(t, signer.issuer, () => ({ active: true, ...answer }), { jwt: { jwks }, verify: 'both' })
  const { send } = await app(t, [a.options], { '/': { cache: false }, '/scope': { cache: false, scopes: ['accounts'] }, '/admin': { cache: false, scopes: ['admin'] } })
  const token = await signer.issue({ cnf })
  const with_ = async (said: object, url = '/') => {
    answer = said
    return await send(token, url)
  }
  assert.equal(await with_({}), signer.issuer)
  assert.equal(await with_({ cnf: { 'x5t#S256': stranger.thumbprint } }), '502 issuer_bad_response')
  assert.equal(await with_({ sub: 'mallory' }), '502 issuer_bad_response')
  assert.equal(await with_({ client_id: 'mallory' }), '502 issuer_bad_response')
  assert.equal(await with_({ iss: 'https://b.example.com' }), '502 issuer_bad_response')
  assert.equal(await with_({ aud: 'https://other.example.com' }), '401 token_audience_mismatch')
  assert.equal(await with_({ exp: 1 }), '401 token_expired')
  assert.equal(await with_({ scope: 'admin accounts' }, '/scope'), signer.issuer)
  assert.equal(await with_({ scope: 'admin accounts' }, '/admin'), '403 scope_insufficient')
  assert.equal(await with_({ scope: 'other' }, '/scope'), '403 scope_insufficient')
})

test('`verify` must be something that the issuers have', async (t) => {
  const a = jwtIssuer('https://a.example.com')
  const b = await asked(t, 'https://b.example.com', () => ({}))
  assert.match(await stops(t, [a.options()], { '/': { verify: 'both' } }), /config\.boundToken\.verify: found "both", but https:\/\/a\.example\.com has no `introspection`; allowed: /)
  assert.match(await stops(t, [b.options], { '/': { verify: 'jwt' } }), /config\.boundToken\.verify: found "jwt", but https:\/\/b\.example\.com has no `jwt`; allowed: /)
  assert.match(await stops(t, [{ ...a.options(), verify: 'introspection' }]), /^options\.issuers\[0\]\.introspection: missing; verify "introspection" needs it$/)
})
