// What a route could once do because it was declared before the plugin, or changed after `onRoute`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import boundToken, { forward, withAccessToken } from '../../lib/index.ts'
import { by, optionsFor, owner, protectedApp, startAuthorizationServer, stranger } from '../guard/protected-app.ts'

test('withAccessToken fails where the plugin is not registered, and in a child that is older than it', async (t) => {
  const { authorizationServer } = await startAuthorizationServer(t)
  const app = Fastify()
  t.after(() => app.close())
  app.get('/out', withAccessToken(async () => 'in'))
  app.register(async (early) => { early.get('/public', { config: { boundToken: false } }, withAccessToken(async () => 'in')) })
  app.register(async (child) => { child.register(boundToken, optionsFor(authorizationServer.origin)) })
  await app.ready()
  for (const url of ['/out', '/public']) assert.equal((await app.inject(url)).statusCode, 500, url)
})

test('a forward route that is older than the plugin forwards nothing, in report mode neither', async (t) => {
  const { authorizationServer } = await startAuthorizationServer(t)
  let calls = 0
  const upstream = Fastify()
  t.after(() => upstream.close())
  upstream.get('/*', async () => { calls++ })
  const url = await upstream.listen({ host: '127.0.0.1', port: 0 })
  const app = Fastify()
  t.after(() => app.close())
  for (const mode of ['enforce', 'report'] as const) {
    app.register(async (child) => {
      child.get(`/${mode}`, { config: { boundToken: { mode, upstream: { url, headers: { 'x-by': 'gateway' } } } } }, forward)
    })
  }
  app.register(boundToken, optionsFor(authorizationServer.origin))
  await app.ready()
  for (const path of ['/enforce', '/report']) assert.equal((await app.inject({ url: path, headers: by(owner) })).statusCode, 500, path)
  assert.equal(calls, 0)
})

test('a handler of the application\'s that is named forward is its own affair', async (t) => {
  const { authorizationServer } = await startAuthorizationServer(t)
  const app = Fastify()
  t.after(() => app.close())
  app.get('/', { config: { boundToken: false } }, async function forward () { return 'in' })
  await app.register(boundToken, optionsFor(authorizationServer.origin))
  await app.ready()
  assert.equal((await app.inject('/')).body, 'in')
})

test('a declaration that another plugin hardens in its place after onRoute counts as it is', async (t) => {
  const { app } = await protectedApp(t, (app) => {
    app.addHook('onRoute', (route) => {
      const declared = route.config?.boundToken
      if (typeof declared === 'object') declared.scopes = ['admin']
    })
    app.get('/', { config: { boundToken: {} } }, async () => 'in')
  })
  assert.equal((await app.inject({ url: '/', headers: by(owner) })).statusCode, 403)
})

test('options that are inherited, hidden or computed stop the boot instead of being lost', async (t) => {
  class Demands { get scopes (): string[] { return ['admin'] } }
  const hidden = Object.defineProperty({}, 'scopes', { value: ['admin'], enumerable: false })
  const computed = { get scopes () { return ['admin'] } }
  for (const declared of [Object.create({ scopes: ['admin'] }), new Demands(), hidden, computed, new Map([['scopes', ['admin']]])] as object[]) {
    await assert.rejects(protectedApp(t, (app) => { app.get('/', { config: { boundToken: declared } }, async () => 'in') }),
      /config\.boundToken: found an object of a class, or with hidden or computed members; allowed: a plain object/)
  }
})

test('options that are changed after the registration change nothing', async (t) => {
  const { authorizationServer } = await startAuthorizationServer(t)
  const options = optionsFor(authorizationServer.origin, { scopes: ['admin'] })
  const app = Fastify()
  t.after(() => app.close())
  await app.register(boundToken, options)
  options.scopes?.splice(0)
  options.certificate.trustedProxies?.push('10.0.0.0/8')
  app.get('/', async () => 'in')
  await app.ready()
  assert.equal((await app.inject({ url: '/', headers: by(owner) })).statusCode, 403)
})

test('a not-found handler that forwards does so only for what was judged as not found', async (t) => {
  const { authorizationServer } = await startAuthorizationServer(t)
  const upstream = Fastify()
  t.after(() => upstream.close())
  upstream.get('/*', async ({ url }) => url)
  const url = await upstream.listen({ host: '127.0.0.1', port: 0 })
  const app = Fastify()
  t.after(() => app.close())
  await app.register(boundToken, optionsFor(authorizationServer.origin, { upstream: { url } }))
  app.get('/weak', { config: { boundToken: { binding: 'off' } } }, (_request, reply) => { reply.callNotFound() })
  app.setNotFoundHandler(forward)
  await app.ready()
  assert.equal((await app.inject({ url: '/weak', headers: by(stranger) })).statusCode, 500)
  assert.equal((await app.inject({ url: '/other', headers: by(stranger) })).statusCode, 401)
  assert.equal((await app.inject({ url: '/other', headers: by(owner) })).body, '/other')
})
