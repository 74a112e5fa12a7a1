import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forward } from '../../lib/index.ts'
import { longParameters } from '../../lib/upstream/long-parameter.ts'
import { startGateway } from './gateway.ts'

const long = 'x'.repeat(101)

for (const [pattern, path, isIn] of [
  ['/admin/:id', `/admin/${long}`, true],
  ['/admin/:id', `/ADMIN/${long}`, true],
  ['/admin/:id', `/%61dmin/${long}`, true],
  ['/admin/:id', `/admin/${'x'.repeat(100)}`, false],
  ['/admin/:id', `/files/${long}`, false],
  ['/admin/:id', `/admin/a/${long}`, false],
  ['/:a/:b/*', `/${long}/b/c`, true],
  ['/files/:id/*', `/files/7/${long}`, false],
  ['/:file.txt', `/${long}.txt`, true],
  ['/plain/*', `/plain/${long}`, false]
] as const) {
  test(`S-35: under ${pattern}, ${path.replace(long, '<101>').replace('x'.repeat(100), '<100>')} is ${isIn ? 'kept from its route' : 'where it belongs'}`, () => {
    const parameters = longParameters(100)
    parameters.add(pattern)
    assert.equal(parameters.areIn(path), isIn)
  })
}

test('S-35: a parameter that is too long for the router does not lead to the policy of another route', async (t) => {
  const { send, upstream } = await startGateway(t, {
    route: { scopes: ['nobody-has-it'] },
    declare: (app, url) => {
      app.get('/guarded/:id', async () => 'a handler of its own')
      app.get('/accounts/:id', { handler: forward, config: { boundToken: { scopes: ['nobody-has-it'], upstream: { url } } } })
      app.get('/:any', { handler: forward, config: { boundToken: { public: true, upstream: { url } } } })
      app.get('/files/*', { handler: forward, config: { boundToken: { public: true, upstream: { url } } } })
      app.get('/accounts/*', { handler: forward, config: { boundToken: { public: true, upstream: { url } } } })
      app.get('/guarded/*', { handler: forward, config: { boundToken: { public: true, upstream: { url } } } })
    }
  })
  for (const path of [`/accounts/${long}`, `/guarded/${long}`]) assert.equal((await send({ path, anonymous: true })).status, 400, path)
  assert.equal(upstream.calls.length, 0)
  assert.equal((await send({ path: `/files/${long}`, anonymous: true })).status, 200)
})
