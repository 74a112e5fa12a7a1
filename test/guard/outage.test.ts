import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { answer, drip, endless, gzipBomb, hang, html, json, resetMidBody } from '../doubles/authorization-server.ts'
import { by, owner, ownersClaims, protectedApp } from './protected-app.ts'

test('the authorization server down: 503 with Retry-After for new tokens, known ones go on until their time', async (t) => {
  const start = 1_800_000_000_000
  mock.timers.enable({ apis: ['Date'], now: start })
  t.after(() => mock.timers.reset())
  const { app, authorizationServer, known } = await protectedApp(t, undefined, { cache: { maxTtl: 60_000 } })
  known.set('good', { ...ownersClaims, exp: start / 1000 + 3600 })
  const ask = async (token: string) => await app.inject({ url: '/', headers: by(owner, token) })

  assert.equal((await ask('good')).statusCode, 200)
  await authorizationServer.close()
  const refused = await ask('new')
  assert.equal(refused.statusCode, 503)
  assert.equal(refused.json().code, 'FST_BOUND_TOKEN_UNAVAILABLE')
  assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
  assert.equal(refused.headers['www-authenticate'], undefined, 'not the client\'s fault')
  assert.equal(refused.headers['cache-control'], 'no-store')
  assert.equal((await ask('good')).statusCode, 200)
  mock.timers.setTime(start + 60_000)
  assert.equal((await ask('good')).statusCode, 503, 'and no longer')
})

test('trouble of the authorization server is never blamed on the client, and never remembered', async (t) => {
  t.after(() => mock.timers.reset())
  const { app, authorizationServer, logged } = await protectedApp(t)
  const troubles = {
    'our credentials are wrong': [answer(401, {}), 500, 'REFUSED_BY_ISSUER', 'error'],
    forbidden: [answer(403, {}), 500, 'REFUSED_BY_ISSUER', 'error'],
    'HTML with 200': [html, 502, 'BAD_RESPONSE', 'error'],
    'a gzip bomb': [gzipBomb, 502, 'BAD_RESPONSE', 'error'],
    'an endless body': [endless, 502, 'BAD_RESPONSE', 'error'],
    'a redirect': [answer(302, { location: 'http://127.0.0.1:1/' }), 502, 'BAD_RESPONSE', 'error'],
    'a drip': [drip, 503, 'UNAVAILABLE', 'warn'],
    'no answer': [hang, 503, 'UNAVAILABLE', 'warn'],
    'a reset': [resetMidBody, 503, 'UNAVAILABLE', 'warn'],
    'too many requests': [answer(429, { 'retry-after': '7' }), 503, 'UNAVAILABLE', 'warn']
  } as const
  for (const [name, [behaviour, status, code, level]] of Object.entries(troubles)) {
    await t.test(name, async () => {
      logged.length = 0
      authorizationServer.behave(behaviour)
      const response = await app.inject({ url: '/', headers: by(owner) })
      assert.equal(response.statusCode, status)
      assert.equal(response.json().code, `FST_BOUND_TOKEN_${code}`)
      assert.equal(response.headers['www-authenticate'], undefined)
      if (name === 'too many requests') assert.equal(response.headers['retry-after'], '7')
      const line = logged.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'access refused')
      assert.equal(line.level, level === 'warn' ? 40 : 50)

      authorizationServer.behave(json(ownersClaims))
      if (name === 'too many requests') mock.timers.enable({ apis: ['Date'], now: Date.now() + 7000 })
      assert.equal((await app.inject({ url: '/', headers: by(owner) })).statusCode, 200, 'afterwards')
      await app.boundToken.evict({ all: true })
    })
  }
})

test('close() does not wait for an authorization server that never answers', async (t) => {
  const { app, authorizationServer } = await protectedApp(t)
  authorizationServer.behave(hang)
  const pending = app.inject({ url: '/', headers: by(owner) })
  await new Promise((resolve) => setImmediate(resolve))
  await app.close()
  assert.equal((await pending).statusCode, 503)
})
