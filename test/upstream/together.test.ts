// Several upstreams in one app, and other users of @fastify/reply-from beside us.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import replyFrom from '@fastify/reply-from'
import { forward } from '../../lib/index.ts'
import { answer, hang, startDouble } from '../doubles/authorization-server.ts'
import { createAuthority } from '../token/certificate-authority.ts'
import { startGateway } from './gateway.ts'

test('an app that uses @fastify/reply-from itself boots, whichever is declared first, and both work', async (t) => {
  const theirs = await startDouble(answer(200, {}, 'theirs'))
  t.after(() => theirs.close())
  const { send, app } = await startGateway(t, {
    upstream: { headers: { 'x-auth-subject': { claim: 'sub' } } },
    declare (app) {
      app.register(replyFrom, { base: theirs.origin })
      app.get('/theirs', { config: { boundToken: false } }, (_request, reply) => { reply.from('/x') })
    }
  })
  assert.equal(app.hasReplyDecorator('from'), true)
  assert.equal((await send({ path: '/theirs', anonymous: true })).body.toString(), 'theirs')
  assert.equal((await send({ path: '/ours' })).body.toString(), 'from upstream')
  assert.equal((await send({ path: '/theirs', anonymous: true })).body.toString(), 'theirs')
  assert.equal(theirs.calls[0]?.headers['x-auth-subject'], undefined)
})

test('we decorate no reply', async (t) => {
  const { app } = await startGateway(t)
  assert.equal(app.hasReplyDecorator('from'), false)
})

test('two upstreams, each with its own authority, time limit, token and headers', async (t) => {
  const [one, two] = [await createAuthority('one'), await createAuthority('two')]
  const first = await startDouble(answer(200, {}, 'first'), await one.issue('127.0.0.1'))
  const second = await startDouble(answer(200, {}, 'second'), await two.issue('127.0.0.1'))
  t.after(() => Promise.all([first.close(), second.close()]))
  const { send } = await startGateway(t, {
    declare (app) {
      const route = (path: string, upstream: object) => app.get(path, { config: { boundToken: { upstream: { url: '', ...upstream } } } }, forward)
      route('/first', { url: first.origin, tls: { ca: one.ca }, token: 'forward', timeout: 100 })
      route('/second', { url: second.origin, tls: { ca: two.ca }, headers: { 'x-only': 'second' } })
      route('/crossed', { url: second.origin, tls: { ca: one.ca } })
    }
  })
  const bodies = await Promise.all(['/first', '/second', '/first', '/second'].map(async (path) => (await send({ path })).body.toString()))
  assert.deepEqual(bodies, ['first', 'second', 'first', 'second'])
  assert.equal((await send({ path: '/crossed' })).status, 502)
  assert.deepEqual([first.calls[0]?.headers.authorization, first.calls[0]?.headers['x-only']], ['Bearer good', undefined])
  assert.deepEqual([second.calls[0]?.headers.authorization, second.calls[0]?.headers['x-only']], [undefined, 'second'])
  first.behave(hang)
  assert.equal((await send({ path: '/first' })).status, 504)
})

test('one options object for many routes is one upstream', async (t) => {
  const server = await startDouble(answer(200, {}, 'shared'))
  t.after(() => server.close())
  const upstream = { url: server.origin }
  const { send } = await startGateway(t, {
    declare (app) {
      for (const path of ['/a', '/b', '/c']) app.get(path, { config: { boundToken: { upstream } } }, forward)
    }
  })
  for (const path of ['/a', '/b', '/c', '/a']) assert.equal((await send({ path })).body.toString(), 'shared')
  assert.ok(server.connections.made <= 2, `${server.connections.made} connections`)
})

test('an upstream of the plugin\'s options is for the routes with our handler, and for no others', async (t) => {
  const server = await startDouble(answer(200, {}, 'by default'))
  t.after(() => server.close())
  const { send } = await startGateway(t, {
    plugin: { upstream: { url: server.origin } },
    declare (app) {
      app.get('/forwarded', forward)
      app.get('/own', async () => 'own')
    }
  })
  assert.equal((await send({ path: '/forwarded' })).body.toString(), 'by default')
  assert.equal((await send({ path: '/own' })).body.toString(), 'own')
  assert.equal((await send({ path: '/elsewhere' })).body.toString(), 'from upstream')
})

test('HEAD of a GET route goes upstream as HEAD', async (t) => {
  const { send, upstream } = await startGateway(t, {
    declare (app, url) { app.get('/get-only', { config: { boundToken: { upstream: { url } } } }, forward) }
  })
  assert.equal((await send({ path: '/get-only', method: 'HEAD' })).status, 200)
  assert.equal(upstream.calls[0]?.method, 'HEAD')
})
