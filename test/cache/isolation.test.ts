// S-28: two caches, one token: what one knows is nothing to the other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import boundToken from '../../lib/index.ts'
import { json, startDouble } from '../doubles/authorization-server.ts'
import { by, optionsFor, owner, ownersClaims } from '../guard/protected-app.ts'
import { cacheOptions, cachedTokens, recordOf, scriptedResolver } from './scripted-resolver.ts'

function pair () {
  const yes = scriptedResolver(() => recordOf({ sub: 'alice' }), ['i', 'e', 'c'])
  const no = scriptedResolver(() => null, ['i', 'e', 'c'])
  const [trusting, refusing] = [cachedTokens(yes, cacheOptions), cachedTokens(no, cacheOptions)]
  return { yes, no, trusting, refusing }
}

test('59, S-28: in sequence', async () => {
  const { yes, no, trusting, refusing } = pair()
  assert.notEqual((await trusting.ask(trusting.keyOf('abc'), 'abc', Infinity)).record, null)
  assert.equal(refusing.recall(refusing.keyOf('abc'), 'abc', Date.now(), Infinity), undefined)
  assert.equal((await refusing.ask(refusing.keyOf('abc'), 'abc', Infinity)).record, null)
  assert.notEqual(trusting.recall(trusting.keyOf('abc'), 'abc', Date.now(), Infinity)?.record, null)
  assert.equal(yes.asked.length, 1)
  assert.equal(no.asked.length, 1)
})

test('S-28: in parallel', async () => {
  const { yes, no, trusting, refusing } = pair()
  const asks = Array.from({ length: 20 }, (_, index) => {
    const tokens = index % 2 === 0 ? trusting : refusing
    return tokens.ask(tokens.keyOf('abc'), 'abc', Infinity)
  })
  const subjects = (await Promise.all(asks)).map(({ record }) => record?.claims.sub ?? null)
  assert.deepEqual(subjects, Array.from({ length: 20 }, (_, index) => index % 2 === 0 ? 'alice' : null))
  assert.equal(yes.asked.length, 1)
  assert.equal(no.asked.length, 1)
})

test('S-28: the key of one cache opens nothing in the other', async () => {
  const { trusting, refusing } = pair()
  await trusting.ask(trusting.keyOf('abc'), 'abc', Infinity)
  assert.equal(refusing.recall(trusting.keyOf('abc'), 'abc', Date.now(), Infinity), undefined)
})

test('S-28: to evict in one leaves the other alone', async () => {
  const { trusting, refusing } = pair()
  await trusting.ask(trusting.keyOf('abc'), 'abc', Infinity)
  assert.equal(await refusing.evict({ all: true }), 0)
  assert.notEqual(trusting.recall(trusting.keyOf('abc'), 'abc', Date.now(), Infinity), undefined)
})

test('S-28, L7: two registrations in one app, each with its authorization server: one token, two verdicts', async (t) => {
  const trusting = await startDouble(json(ownersClaims))
  const refusing = await startDouble(json({ active: false }))
  const app = Fastify()
  t.after(async () => {
    await app.close()
    await Promise.all([trusting.close(), refusing.close()])
  })
  for (const [prefix, { origin }] of [['/a', trusting], ['/b', refusing]] as const) {
    app.register(async (scope) => {
      await scope.register(boundToken, optionsFor(origin))
      scope.get('/', async (request) => request.accessToken?.subject)
    }, { prefix })
  }
  const statuses = async (urls: string[]) => (await Promise.all(urls.map((url) => app.inject({ url, headers: by(owner) })))).map(({ statusCode }) => statusCode)
  assert.deepEqual(await statuses(['/a', '/b', '/a', '/b']), [200, 401, 200, 401])
  assert.deepEqual([...await statuses(['/b']), ...await statuses(['/a'])], [401, 200])
  assert.equal(trusting.calls.length, 1)
  assert.equal(refusing.calls.length, 1)
})
