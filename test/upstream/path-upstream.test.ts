// `upstream.path` on the way: what an upstream is asked for, over real sockets.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { forward } from '../../lib/index.ts'
import { by, owner } from '../guard/protected-app.ts'
import { startGateway, type GatewayOptions } from './gateway.ts'

function route (app: FastifyInstance, url: string, upstream: { url: string, path?: string }): void {
  app.all(url, { config: { boundToken: { upstream } } }, forward)
}

const examples: Array<[name: string, path: string, asked: string, options: GatewayOptions]> = [
  ['a prefix is replaced', '/api/a/b%20c/', '/base/v2/a/b%20c/', { declare (app, url) { route(app, '/api/*', { url: `${url}/base`, path: '/v2/*' }) } }],
  ['the query goes on as it is', '/api/x?a=%2F..%2f&b=1?c', '/v2/x?a=%2F..%2f&b=1?c', { declare (app, url) { route(app, '/api/*', { url, path: '/v2/*' }) } }],
  ['a parameter', '/users/a%26b?x', '/people/a%26b?x', { declare (app, url) { route(app, '/users/:id', { url, path: '/people/:id' }) } }],
  ['in a scope with a prefix', '/outer/users/7', '/people/7', {
    declare (app, url) { app.register(async (scope) => { route(scope, '/users/:id', { url, path: '/people/:id' }) }, { prefix: '/outer' }) }
  }],
  ['in a scope whose prefix has a parameter', '/t1/users/7', '/tenants/t1/people/7', {
    declare (app, url) { app.register(async (scope) => { route(scope, '/users/:id', { url, path: '/tenants/:tenant/people/:id' }) }, { prefix: '/:tenant' }) }
  }],
  ['a route that stands for two URLs, without the slash', '/outer', '/root', {
    declare (app, url) { app.register(async (scope) => { route(scope, '/', { url, path: '/root' }) }, { prefix: '/outer' }) }
  }],
  ['a route that stands for two URLs, with the slash', '/outer/', '/root', {
    declare (app, url) { app.register(async (scope) => { route(scope, '/', { url, path: '/root' }) }, { prefix: '/outer' }) }
  }],
  ['what rewriteUrl makes of a request is what goes on', '/old/x', '/v2/x', {
    server: { rewriteUrl: (request) => (request.url ?? '').replace('/old/', '/api/') }, declare (app, url) { route(app, '/api/*', { url, path: '/v2/*' }) }
  }],
  ['a router that does not care for case', '/API/Users/X', '/v2/Users/X', {
    server: { routerOptions: { caseSensitive: false } }, declare (app, url) { route(app, '/api/*', { url, path: '/v2/*' }) }
  }],
  ['a router that does not care for the slash at the end', '/users/7/', '/people/7', {
    server: { routerOptions: { ignoreTrailingSlash: true } }, declare (app, url) { route(app, '/users/:id', { url, path: '/people/:id' }) }
  }],
  ['a route with a constraint', '/users/7', '/people/7', {
    declare (app, url) {
      app.all('/users/:id', { constraints: { host: 'no.example' }, config: { boundToken: { upstream: { url, path: '/no/:id' } } } }, forward)
      app.all('/users/:id', { constraints: { host: /^127\.0\.0\.1/ }, config: { boundToken: { upstream: { url, path: '/people/:id' } } } }, forward)
    }
  }]
]
for (const [name, path, asked, options] of examples) {
  test(name, async (t) => {
    const { send, upstream } = await startGateway(t, options)
    for (const method of ['GET', 'HEAD', 'POST']) {
      assert.equal((await send({ path, method })).status, 200)
      const { method: sent, url } = upstream.calls.at(-1) ?? {}
      assert.deepEqual([sent, url], [method, asked])
    }
  })
}

test('HEAD, where only GET was declared', async (t) => {
  const { send, upstream } = await startGateway(t, {
    declare (app, url) { app.get('/users/:id', { config: { boundToken: { upstream: { url, path: '/people/:id' } } } }, forward) }
  })
  assert.equal((await send({ path: '/users/7', method: 'HEAD' })).status, 200)
  assert.deepEqual(upstream.calls.map(({ method, url }) => `${method} ${url}`), ['HEAD /people/7'])
})

/** Request targets that an HTTP client library would mend. */
async function sendRaw (port: number, target: string): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`GET ${target} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n${Object.entries(by(owner)).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  return Number((await text(socket)).split(' ')[1])
}

test('S-35: what could be read in two ways goes nowhere', async (t) => {
  for (const routerOptions of [{}, { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, useSemicolonDelimiter: true }]) {
    const { port, upstream } = await startGateway(t, {
      upstream: { path: '/elsewhere/*' },
      server: { routerOptions },
      declare (app, url) {
        route(app, '/api/*', { url, path: '/v2/*' })
        route(app, '/users/:id/public', { url, path: '/people/:id/public' })
      }
    })
    const targets = ['/api/../x', '/api/%2e%2e/x', '/api/%252e%252e/x', '/api/%2fx', '/api/%252fx', '/api//x', '//evil.example/x', '/api/x;/../y', '/api/\\x', '/api/x%3fy', '/api/x%23',
      'http://evil.example/api/x', 'http://127.0.0.1/api/x', '/users//public', '/users/x%3f/public', '/users/%2e/public', '/users/../public', '/api/%', '/api/%00']
    for (const target of targets) assert.equal(await sendRaw(port, target), 400, target)
    assert.equal(upstream.calls.length, 0)
    assert.equal(await sendRaw(port, '/api/x'), 200)
    assert.equal(upstream.calls[0]?.url, '/v2/x')
    assert.equal(await sendRaw(port, '/apix'), 200)
    assert.equal(upstream.calls[1]?.url, '/elsewhere/apix')
  }
})

test('a template of the plugin\'s options is compiled for each route that uses it', async (t) => {
  const { upstream } = await startGateway(t)
  const { send } = await startGateway(t, {
    plugin: { upstream: { url: upstream.origin, path: '/v2/*' } },
    declare (app) {
      app.get('/a/*', forward)
      app.get('/b/c/*', forward)
      app.get('/own', async () => 'own')
    }
  })
  for (const path of ['/a/x/y', '/b/c/z', '/a/x/y']) assert.equal((await send({ path })).status, 200)
  assert.deepEqual(upstream.calls.map(({ url }) => url), ['/v2/x/y', '/v2/z', '/v2/x/y'])
  assert.equal((await send({ path: '/own' })).body.toString(), 'own')
})

test('a template that does not fit a route that takes it from the plugin\'s options stops the boot', async (t) => {
  const plugin = { upstream: { url: 'http://127.0.0.1:1', path: '/v2/*' } }
  await assert.rejects(startGateway(t, { plugin, declare (app) { app.get('/a/:id', forward) } }), /route GET \/a\/:id: config\.boundToken\.upstream\.path: found \*, which the URL of the route/)
})

for (const [path, status, asked] of [['/maintenance', 200, ['/maintenance']], ['/v2/*', 400, []]] as const) {
  test(`a handler of unknown URLs, with ${path}: there is no route whose segments could stand for anything`, async (t) => {
    const { upstream } = await startGateway(t)
    const { send } = await startGateway(t, {
      plugin: { upstream: { url: upstream.origin, path } },
      upstream: {},
      declare (app) {
        app.addHook('onRoute', (route) => { if (route.url === '/*') route.constraints = { host: 'no.example' } })
        app.setNotFoundHandler(forward)
      }
    })
    assert.equal((await send({ path: '/unknown' })).status, status)
    assert.deepEqual(upstream.calls.map(({ url }) => url), asked)
  })
}
