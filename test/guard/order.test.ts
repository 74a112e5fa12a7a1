import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import boundToken from '../../lib/index.ts'
import { by, optionsFor, owner, protectedApp, startAuthorizationServer } from './protected-app.ts'

// An authorization plugin that protects only what is declared after it fails open. Each row declares a route somewhere else.
const places: Record<string, (app: FastifyInstance, register: () => unknown, open: { config?: object }) => void> = {
  'before the registration': (app, register, open) => {
    app.get('/route', open, async () => 'in')
    register()
  },
  'in the tick of a registration that nobody awaits': (app, register, open) => {
    register()
    app.get('/route', open, async () => 'in')
  },
  'in a sibling plugin that was registered earlier': (app, register, open) => {
    app.register(async (sibling) => { sibling.get('/route', open, async () => 'in') })
    register()
  },
  'in a child that is registered later': (app, register, open) => {
    register()
    app.register(async (child) => { child.get('/route', open, async () => 'in') })
  },
  'in a grandchild with a prefix that ends in a slash': (app, register, open) => {
    register()
    app.register(async (child) => {
      child.register(async (grandchild) => { grandchild.get('/', open, async () => 'in') }, { prefix: '/route' })
    })
  },
  'in the tick after an awaited ready child': (app, register, open) => {
    register()
    app.after(() => { app.get('/route', open, async () => 'in') })
  }
}

async function appWith (t: TestContext, place: string, open: { config?: object }): Promise<FastifyInstance> {
  const { authorizationServer } = await startAuthorizationServer(t)
  const app = Fastify()
  t.after(() => app.close())
  places[place]?.(app, () => { app.register(boundToken, optionsFor(authorizationServer.origin)) }, open)
  await app.ready()
  return app
}

for (const place of Object.keys(places)) {
  test(`a route declared ${place} is protected`, async (t) => {
    const app = await appWith(t, place, {})
    assert.equal((await app.inject('/route')).statusCode, 401)
    assert.equal((await app.inject({ method: 'HEAD', url: '/route' })).statusCode, 401, 'HEAD')
    assert.equal((await app.inject({ url: '/route', headers: by(owner) })).body, 'in')
  })

  test(`a route declared ${place} is public when its config says so`, async (t) => {
    const app = await appWith(t, place, { config: { boundToken: false } })
    assert.equal((await app.inject('/route')).statusCode, 200)
    assert.equal((await app.inject({ method: 'HEAD', url: '/route' })).statusCode, 200, 'HEAD')
  })

  test(`the scopes of a route declared ${place} count, for HEAD as for GET`, async (t) => {
    const app = await appWith(t, place, { config: { boundToken: { scopes: ['admin'] } } })
    assert.equal((await app.inject({ url: '/route', headers: by(owner) })).statusCode, 403)
    assert.equal((await app.inject({ method: 'HEAD', url: '/route', headers: by(owner) })).statusCode, 403, 'HEAD')
  })
}

test('an unknown URL asks for a token, also with a not-found handler of the application\'s', async (t) => {
  for (const withHandler of [false, true]) {
    const { app } = await protectedApp(t, (app) => {
      if (withHandler) app.setNotFoundHandler(async () => 'not here')
    })
    assert.equal((await app.inject('/nowhere')).statusCode, 401)
    assert.equal((await app.inject({ url: '/nowhere', headers: by(owner) })).statusCode, withHandler ? 200 : 404)
  }
})

test('OPTIONS, made-up methods and absolute-form are judged like GET', async (t) => {
  const { app } = await protectedApp(t, (app) => {
    app.addHttpMethod('PROPFIND')
    app.route({ method: ['OPTIONS', 'PROPFIND', 'GET'], url: '/any', handler: async () => 'in' })
  })
  for (const method of ['OPTIONS', 'PROPFIND', 'GET'] as const) {
    assert.equal((await app.inject({ method: method as 'GET', url: '/any' })).statusCode, 401, method)
    assert.equal((await app.inject({ method: method as 'GET', url: '/any', headers: by(owner) })).statusCode, 200, method)
  }
})

test('hooks of a route and its handler do not run before the guard', async (t) => {
  const ran: string[] = []
  const { app } = await protectedApp(t, (app) => {
    app.get('/', {
      onRequest: async () => { ran.push('onRequest') },
      preHandler: async () => { ran.push('preHandler') }
    }, async () => 'in')
  })
  await app.inject('/')
  assert.deepEqual(ran, [])
  await app.inject({ url: '/', headers: by(owner) })
  assert.deepEqual(ran, ['onRequest', 'preHandler'])
})

test('a config that another plugin replaces or changes after onRoute counts as it is', async (t) => {
  const { app } = await protectedApp(t, (app) => {
    app.addHook('onRoute', (route) => {
      if (route.url === '/replaced') route.config = { boundToken: { scopes: ['admin'] } }
      if (route.url === '/changed') Object.assign(route.config as object, { boundToken: { scopes: ['admin'] } })
    })
    app.get('/replaced', { config: { boundToken: false } }, async () => 'in')
    app.get('/changed', { config: { boundToken: false } }, async () => 'in')
  })
  for (const url of ['/replaced', '/changed']) {
    assert.equal((await app.inject(url)).statusCode, 401, url)
    assert.equal((await app.inject({ url, headers: by(owner) })).statusCode, 403, url)
  }
})

test('a wrong config on a route that is older than the plugin refuses its requests and says why in the log', async (t) => {
  const { authorizationServer } = await startAuthorizationServer(t)
  const logged: string[] = []
  const app = Fastify({ logger: { stream: { write: (line: string) => { logged.push(line) } } } })
  t.after(() => app.close())
  app.get('/', { config: { boundToken: { scope: ['typo'] } as object } }, async () => 'in')
  await app.register(boundToken, optionsFor(authorizationServer.origin))
  await app.ready()
  const response = await app.inject({ url: '/', headers: by(owner) })
  assert.equal(response.statusCode, 500)
  assert.deepEqual(response.json(), { statusCode: 500, code: 'FST_BOUND_TOKEN_NOT_JUDGED', error: 'Internal Server Error', message: 'The request cannot be judged' })
  assert.match(logged.join(''), /route GET \/: config\.boundToken\.scope: unknown option/)
})
