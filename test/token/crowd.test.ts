// Many requests with one token that is new: what each of them costs while it waits.
import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { test } from 'node:test'
import { cacheOptions, cachedTokens } from '../cache/scripted-resolver.ts'
import { json, startDouble } from '../doubles/authorization-server.ts'
import { resolverAt } from './resolver-at.ts'

test('S-32: a thousand requests with one new token ask once, and do not have a timer each', async (t) => {
  const server = await startDouble(json({ active: true, sub: 'alice' }))
  const resolver = resolverAt(server.origin)
  const tokens = cachedTokens(resolver, cacheOptions)
  let timers = 0
  const counting = createHook({ init (_id, type) { if (type === 'Timeout') timers++ } }).enable()
  t.after(async () => {
    counting.disable()
    await resolver.close()
    await server.close()
  })
  const entries = await Promise.all(Array.from({ length: 1000 }, () => tokens.ask(tokens.keyOf('abc'), 'abc', Infinity)))
  assert.equal(server.calls.length, 1)
  assert.equal(new Set(entries).size, 1)
  assert.equal(entries[0]?.record?.claims.sub, 'alice')
  // That of the call, and those of its connection, at both ends.
  assert.ok(timers >= 1 && timers < 20, `${timers} timers`)
})
