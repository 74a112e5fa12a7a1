import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { json, startDouble, type Call, type Double } from '../doubles/authorization-server.ts'
import type { IntrospectionOptions } from '../../lib/token/introspection.ts'
import { readForm, valuesOf } from './read-form.ts'
import { resolverAt } from './resolver-at.ts'

let server: Double
before(async () => { server = await startDouble(json({ active: false })) })
after(() => server.close())

/** What the authorization server gets when a token is asked for. */
async function callFor (token: string, options: Partial<IntrospectionOptions> = {}): Promise<Call> {
  const resolver = resolverAt(server.origin, options)
  try {
    await resolver.record(token)
  } finally {
    await resolver.close()
  }
  return server.calls.at(-1) as Call
}

test('31: it is a POST of a form to the path and query of the endpoint', async () => {
  const call = await callFor('abc', { endpoint: async () => new URL('/realms/a%20b/introspect?tenant=1', server.origin) })
  assert.equal(call.method, 'POST')
  assert.equal(call.url, '/realms/a%20b/introspect?tenant=1')
  assert.equal(call.headers['content-type'], 'application/x-www-form-urlencoded')
  assert.equal(call.headers.host, `127.0.0.1:${server.port}`)
})

test('34: it asks for plain JSON, not packed', async () => {
  const { headers } = await callFor('abc')
  assert.equal(headers.accept, 'application/json')
  assert.equal(headers['accept-encoding'], 'identity')
})

test('it sends the token and the hint, and nothing else', async () => {
  const { body } = await callFor('abc')
  assert.deepEqual(readForm(body).sort(), [['token', 'abc'], ['token_type_hint', 'access_token']])
})

test('the token does not stand in the URL or in a header', async () => {
  const { url, rawHeaders } = await callFor('tok-3.14-en')
  assert.doesNotMatch([url, ...rawHeaders].join('\n'), /tok-3\.14-en/)
})

test('33: token_type_hint: another one, or none', async () => {
  assert.deepEqual(valuesOf((await callFor('abc', { tokenTypeHint: 'urn:x y' })).body, 'token_type_hint'), ['urn:x y'])
  assert.deepEqual(readForm((await callFor('abc', { tokenTypeHint: null })).body), [['token', 'abc']])
})

test('32, S-29: a token of every sign that RFC 6750 allows arrives as it was, once', async () => {
  const token = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=='
  assert.deepEqual(valuesOf((await callFor(token)).body, 'token'), [token])
})

test('S-29: any b64token arrives as it was, once', async () => {
  const resolver = resolverAt(server.origin)
  await fc.assert(fc.asyncProperty(fc.stringMatching(/^[A-Za-z0-9\-._~+/]+=*$/), async (token) => {
    await resolver.record(token)
    assert.deepEqual(valuesOf((server.calls.at(-1) as Call).body, 'token'), [token])
  }), { numRuns: 300 })
  await resolver.close()
})

for (const token of ['a&token=b', 'a%26token=b', 'a+b', 'a b', 'a=b', 'a;b', 'ü\u{1f511}', 'a\r\nb', 'a#b', '%', '&token_type_hint=refresh_token']) {
  test(`S-29: ${JSON.stringify(token)} cannot become a second parameter`, async () => {
    const { body } = await callFor(token)
    assert.deepEqual(valuesOf(body, 'token'), [token])
    assert.deepEqual(valuesOf(body, 'token_type_hint'), ['access_token'])
    assert.equal(readForm(body).length, 2)
  })
}

test('more parameters are sent, encoded', async () => {
  const { body } = await callFor('abc', { parameters: { realm: '/a&b=c d+e', empty: '' } })
  assert.deepEqual(valuesOf(body, 'realm'), ['/a&b=c d+e'])
  assert.deepEqual(valuesOf(body, 'empty'), [''])
})

test('a parameter named token cannot take the place of ours', async () => {
  assert.deepEqual(valuesOf((await callFor('abc', { parameters: { token: 'other' } })).body, 'token'), ['abc'])
})

test('more headers are sent', async () => {
  assert.equal((await callFor('abc', { headers: { 'x-tenant': 'acme' } })).headers['x-tenant'], 'acme')
})

test('no other header may replace one of ours', async () => {
  const replaced = { authorization: 'Bearer x', accept: 'text/html', 'content-type': 'text/plain', 'accept-encoding': 'gzip' }
  const { headers, rawHeaders } = await callFor('abc', { headers: replaced })
  assert.match(headers.authorization ?? '', /^Basic /)
  assert.equal(headers.accept, 'application/json')
  assert.equal(headers['content-type'], 'application/x-www-form-urlencoded')
  assert.equal(headers['accept-encoding'], 'identity')
  const names = rawHeaders.filter((_line, index) => index % 2 === 0).map((name) => name.toLowerCase())
  assert.equal(new Set(names).size, names.length, 'each header once')
})

test('a cookie that the server sets is not sent back', async () => {
  const resolver = resolverAt(server.origin)
  server.behave((_call, response) => response.writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'a=b' }).end('{"active":false}'))
  await resolver.record('abc')
  await resolver.record('def')
  await resolver.close()
  assert.equal((server.calls.at(-1) as Call).headers.cookie, undefined)
})

test('S-28: who sends other parameters or headers may get another answer, and shares none', async (t) => {
  const identities = [{}, { parameters: { tenant: 'a' } }, { parameters: { tenant: 'b' } }, { headers: { 'x-tenant': 'a' } }, { headers: { 'x-tenant': 'b' } }].map((options) => {
    const resolver = resolverAt(server.origin, options)
    t.after(() => resolver.close())
    return JSON.stringify(resolver.identity)
  })
  assert.equal(new Set(identities).size, identities.length)
})
