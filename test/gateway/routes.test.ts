import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import Fastify from 'fastify'
import boundToken from '../../lib/index.ts'
import type { FastifyBoundTokenOptions, GatewayRoute } from '../../types/options.ts'
import { answer, startDouble } from '../doubles/authorization-server.ts'
import { by, optionsFor, owner, protectedApp, stranger } from '../guard/protected-app.ts'
import { send } from '../upstream/gateway.ts'

async function start (t: TestContext, routes: (origin: string) => GatewayRoute[], plugin: Partial<FastifyBoundTokenOptions> = {}) {
  const upstream = await startDouble(answer(200, { 'content-type': 'text/plain' }, 'from upstream'))
  t.after(() => upstream.close())
  const scene = await protectedApp(t, () => {}, { ...plugin, routes: routes(upstream.origin) })
  await scene.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = scene.app.server.address() as AddressInfo
  return { ...scene, upstream, send: (message: Parameters<typeof send>[1]) => send(port, message) }
}

test('routes with an upstream are guarded and forwarded', async (t) => {
  const { send, upstream } = await start(t, (url) => [{ method: ['GET', 'POST'], url: '/accounts/*', scopes: ['accounts'], upstream: { url } }])
  const answered = await send({ path: '/accounts/1?a=b' })
  assert.equal(answered.status, 200)
  assert.equal(answered.body.toString(), 'from upstream')
  assert.equal(upstream.calls[0]?.url, '/accounts/1?a=b')
  assert.equal(upstream.calls[0]?.headers.authorization, undefined)
  assert.equal((await send({ path: '/accounts/1', anonymous: true })).status, 401)
  assert.equal((await send({ path: '/accounts/1', headers: by(stranger) })).status, 401)
  assert.equal((await send({ path: '/accounts/1', method: 'DELETE' })).status, 404)
  assert.equal(upstream.calls.length, 1)
})

test('a route without methods is for all but TRACE and CONNECT; HEAD and GET do not get in one another\'s way', async (t) => {
  const { send, upstream } = await start(t, (url) => [{ url: ['/a', '/a/*'], upstream: { url } }, { method: ['HEAD', 'GET'], url: '/b', upstream: { url } }, { method: 'GET', url: '/c', upstream: { url } }])
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    for (const path of ['/a', '/a/b']) assert.equal((await send({ path, method })).status, 200, `${method} ${path}`)
  }
  for (const path of ['/b', '/c']) assert.equal((await send({ path, method: 'HEAD' })).status, 200)
  assert.deepEqual(upstream.calls.slice(-2).map(({ method, url }) => `${method} ${url}`), ['HEAD /b', 'HEAD /c'])
  assert.equal((await send({ path: '/a', method: 'TRACE' })).status, 404)
})

test('a constant answer is for those who are let in; text and JSON', async (t) => {
  const { send } = await start(t, () => [
    { url: '/text', respond: { body: 'Valid token' } },
    { url: '/json', scopes: ['nobody-has-it'], respond: { body: {} } },
    { url: '/teapot', public: true, respond: { statusCode: 418, headers: { 'X-Pot': 'short' }, body: { stout: true } } },
    { url: '/named', public: true, respond: { headers: { constructor: 'a', toString: 'b' } } },
    { url: '/empty', public: true, respond: { statusCode: 204 } }
  ])
  const text = await send({ path: '/text', method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' })
  assert.deepEqual([text.status, text.headers['content-type'], text.body.toString()], [200, 'text/plain; charset=utf-8', 'Valid token'])
  assert.equal((await send({ path: '/text', anonymous: true })).status, 401)
  assert.equal((await send({ path: '/json' })).status, 403)
  const teapot = await send({ path: '/teapot', anonymous: true })
  assert.deepEqual([teapot.status, teapot.headers['x-pot'], teapot.headers['content-type'], teapot.body.toString()], [418, 'short', 'application/json; charset=utf-8', '{"stout":true}'])
  const named = await send({ path: '/named', anonymous: true })
  assert.deepEqual([named.headers['constructor'], named.headers['tostring']], ['a', 'b'])
  const empty = await send({ path: '/empty', anonymous: true })
  assert.deepEqual([empty.status, empty.headers['content-type'], empty.body.toString()], [204, undefined, ''])
})

test('S-33: a public route forwards without a token, and without what clients say under our names', async (t) => {
  const { send, upstream } = await start(t, (url) => [
    { url: '/open/*', public: true, upstream: { url, headers: { 'x-gateway': 'us' } } },
    { url: '/closed', upstream: { url, headers: { 'x-user': { claim: 'sub' } } } },
    { url: '/passed-on', public: true, upstream: { url, token: 'forward' } }
  ])
  const forged = { authorization: 'Bearer stolen', 'x-user': 'admin', x_user: 'admin', 'x-gateway': 'me', 'x-ssl-cert': 'forged', 'client-cert': ':AA==:' }
  assert.equal((await send({ path: '/open/door', anonymous: true, headers: forged })).status, 200)
  const { headers } = upstream.calls[0] as { headers: Record<string, string> }
  for (const name of Object.keys(forged)) assert.notEqual(headers[name], forged[name as 'x-user'], name)
  assert.equal((await send({ path: '/closed', anonymous: true })).status, 401)
  await send({ path: '/passed-on', anonymous: true, headers: { authorization: 'Basic for-the-upstream' } })
  assert.equal(upstream.calls[1]?.headers.authorization, 'Basic for-the-upstream')
})

test('what the plugin\'s options say is the default of every entry; arrays are replaced', async (t) => {
  const { send, known } = await start(t, () => [{ url: '/strict', respond: {} }, { url: '/own', scopes: ['accounts'], respond: {} }], { scopes: ['accounts', 'payments'] })
  assert.ok(known.has('good'))
  assert.equal((await send({ path: '/strict' })).status, 403)
  assert.equal((await send({ path: '/own' })).status, 200)
})

const wrong: Array<[name: string, route: object, message: RegExp]> = [
  ['no URL', { respond: {} }, /^options\.routes\[0\]\.url: missing; allowed: a path that begins with \/, or a list of these$/],
  ['neither upstream nor respond', { url: '/a' }, /^options\.routes\[0\]\.upstream: missing; .* an entry of `routes` without respond$/],
  ['both', { url: '/a', upstream: { url: 'http://127.0.0.1:1' }, respond: {} }, /^options\.routes\[0\]: found respond beside upstream; allowed: one of them$/],
  ['an unknown option', { url: '/a', respond: {}, scope: [] }, /^options\.routes\[0\]\.scope: unknown option; allowed: method, url, respond, scopes, /],
  ['a method that is none', { url: '/a', method: 'TRACE', respond: {} }, /^options\.routes\[0\]\.method: found "TRACE"; allowed: one or a list of DELETE, GET/],
  ['a scope beside public', { url: '/a', public: true, scopes: ['a'], respond: {} }, /^options\.routes\[0\]\.scopes: found beside public; allowed: upstream, or respond in `routes`$/],
  ['claims on a public route', { url: '/a', public: true, upstream: { url: 'http://127.0.0.1:1', headers: { 'x-user': { claim: 'sub' } } } },
    /^options\.routes\[0\]\.upstream\.headers\.x-user: found \{ claim \} on a public route/],
  ['a certificate on a public route', { url: '/a', public: true, upstream: { url: 'http://127.0.0.1:1', certificate: { header: 'x' } } }, /^options\.routes\[0\]\.upstream\.certificate: found on a public route/],
  ['a JWT on a public route', { url: '/a', public: true, upstream: { url: 'http://127.0.0.1:1', token: 'jwt' } }, /^options\.routes\[0\]\.upstream\.token: found "jwt" on a public route/],
  ['a wildcard in the middle', { url: '/a/*/b', respond: {} }, /^options\.routes\[0\]: .*[Ww]ildcard/],
  ['a URL twice', { url: ['/a', '/a'], respond: {} }, /^options\.routes\[0\]: found "\/a" a second time for one of its methods; allowed: once$/],
  ['a framing header', { url: '/a', respond: { headers: { 'Content-Length': '1' } } }, /^options\.routes\[0\]\.respond\.headers: found "Content-Length", which is set elsewhere; allowed: other names$/],
  ['a failure with a status that looks like an allow', { url: '/a', respond: {}, failure: { '*': { statusCode: 200 } } },
    /^options\.routes\[0\]\.failure\.\*\.statusCode: found 200; allowed: an integer from 400 to 599$/],
  ['a failure of no reason', { url: '/a', respond: {}, failure: { token_bad: {} } }, /^options\.routes\[0\]\.failure: found "token_bad", which is no reason; allowed: /],
  ['a failure without a challenge', { url: '/a', respond: {}, failure: { '*': { headers: { 'WWW-Authenticate': 'Basic' } } } },
    /^options\.routes\[0\]\.failure\["\*"\]\.headers: found "WWW-Authenticate", which is set elsewhere/]
]

for (const [name, route, message] of wrong) {
  test(`stops the boot and names the entry: ${name}`, async (t) => {
    const app = Fastify()
    t.after(() => app.close())
    app.register(boundToken, { ...optionsFor('http://127.0.0.1:1'), routes: [route as GatewayRoute] })
    await assert.rejects(async () => await app.ready(), (error: Error & { code: string }) => {
      assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
      assert.match(error.message, message)
      return true
    })
  })
}

test('answers of the operator\'s own: the most exact one counts, challenges stay, and the decision tells the status that was sent', async (t) => {
  const { send, logged } = await start(t, () => [{
    url: '/',
    respond: {},
    failure: {
      '*': { body: 'no' },
      'certificate_*': { statusCode: 418, headers: { 'x-failed': 'certificate' }, body: 'Failure in the certificate' },
      certificate_missing: { body: { error: 'no certificate' } }
    }
  }])
  const malformed = await send({ headers: { 'x-ssl-cert': 'nonsense' } })
  assert.deepEqual([malformed.status, malformed.headers['x-failed'], malformed.body.toString()], [418, 'certificate', 'Failure in the certificate'])
  assert.match(malformed.headers['www-authenticate'] as string, /^Bearer realm="api", error="invalid_token"/)
  assert.equal(malformed.headers['cache-control'], 'no-store')
  assert.ok(logged.some((line) => line.includes('"reason":"certificate_malformed"') && line.includes('"statusCode":418')))
  const missing = await send({ anonymous: true, headers: { authorization: 'Bearer good' } })
  assert.deepEqual([missing.status, missing.body.toString()], [401, '{"error":"no certificate"}'])
  const anonymous = await send({ anonymous: true })
  assert.deepEqual([anonymous.status, anonymous.body.toString()], [401, 'no'])
  assert.equal((await send({})).status, 200)
  assert.equal((await send({ headers: { 'x-ssl-cert': owner.escaped } })).status, 200)
})

test('answers of the operator\'s own also for what goes wrong with an upstream', async (t) => {
  const { send, upstream } = await start(t, (url) => [{ url: '/*', upstream: { url }, failure: { 'upstream_*': { statusCode: 500, body: 'ours' } } }])
  await upstream.close()
  const answered = await send({ path: '/a' })
  assert.deepEqual([answered.status, answered.body.toString()], [500, 'ours'])
  assert.equal((await send({ path: '/a%2fb' })).body.toString(), 'ours')
})

test('report mode lets through whatever the operator answers to refusals', async (t) => {
  const { send } = await start(t, () => [{ url: '/', mode: 'report', respond: { body: 'in' }, failure: { '*': { statusCode: 418 } } }])
  assert.equal((await send({ anonymous: true })).body.toString(), 'in')
})
