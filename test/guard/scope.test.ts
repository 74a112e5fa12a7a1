import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import boundToken from '../../lib/index.ts'
import { by, optionsFor, owner, ownersClaims, startAuthorizationServer } from './protected-app.ts'

const twice = { code: 'FST_BOUND_TOKEN_ALREADY_REGISTERED' }

async function registered (t: TestContext, register: (app: FastifyInstance, options: ReturnType<typeof optionsFor>) => void): Promise<() => Promise<unknown>> {
  const { authorizationServer } = await startAuthorizationServer(t)
  const app = Fastify()
  register(app, optionsFor(authorizationServer.origin))
  // Not the app itself: it is thenable, and would be awaited here.
  return async () => await app.ready()
}

test('a second registration is refused by name: in one scope, below and above', async (t) => {
  const same = await registered(t, (app, options) => {
    app.register(boundToken, options)
    app.register(boundToken, options)
  })
  await assert.rejects(same, twice)

  const below = await registered(t, (app, options) => {
    app.register(boundToken, options)
    app.register(async (child) => { child.register(boundToken, options) })
  })
  await assert.rejects(below, twice)

  const above = await registered(t, (app, options) => {
    app.register(async (child) => { child.register(async (grandchild) => { grandchild.register(boundToken, options) }) })
    app.register(boundToken, options)
  })
  await assert.rejects(above, twice)
})

test('S-28: siblings have a registration each and do not share what they know', async (t) => {
  const first = await startAuthorizationServer(t)
  const second = await startAuthorizationServer(t)
  second.known.clear()
  const app = Fastify()
  t.after(() => app.close())
  app.register(async (child) => {
    child.register(boundToken, optionsFor(first.authorizationServer.origin))
    child.get('/first', async () => 'in')
  })
  app.register(async (child) => {
    child.register(boundToken, optionsFor(second.authorizationServer.origin))
    child.get('/second', async () => 'in')
  })
  app.get('/outside', async () => 'public')
  await app.ready()

  const ask = async (url: string) => (await app.inject({ url, headers: by(owner) })).statusCode
  assert.deepEqual(await Promise.all([ask('/first'), ask('/second'), ask('/first'), ask('/second')]), [200, 401, 200, 401], 'in parallel')
  assert.deepEqual([await ask('/second'), await ask('/first')], [401, 200], 'in sequence')
  assert.equal((await app.inject('/outside')).statusCode, 200, 'outside of both scopes')

  second.known.set('good', { ...ownersClaims, aud: 'another' })
  assert.equal(await ask('/second'), 401)
})
