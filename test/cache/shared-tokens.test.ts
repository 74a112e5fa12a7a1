import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { sealing } from '../../lib/cache/sealed-value.ts'
import { sharedTokens, type SharedToken } from '../../lib/cache/shared-tokens.ts'
import type { TokenStore } from '../../types/token-store.ts'
import { memoryTokenStore, type Kept } from '../doubles/shared-memory.ts'

const seals = sealing([{ id: 'one', secret: 's'.repeat(32) }])
const shared: SharedToken = { askedAt: 1, expiresAt: Date.now() + 600_000, facts: { issuer: 'i', claims: { sub: 'alice' }, goodFrom: null, goodUntil: null, jwt: null } }
const [key, otherKey] = ['k'.repeat(43), 'o'.repeat(43)]

function scene (broken: Partial<TokenStore> = {}, timeout = 50, takesSignals = true) {
  const values = new Map<string, Kept>()
  const told: string[] = []
  const tokens = sharedTokens({ store: { ...memoryTokenStore(values), ...broken }, sealing: seals, timeout, takesSignals, onTrouble: (detail) => { told.push(detail) } })
  return { tokens, values, told }
}

test('what is set is there for who has the token, and under no other key', async () => {
  const { tokens, values } = scene()
  tokens.set(key, 'token', shared)
  assert.deepEqual(await tokens.get([key], 'token'), shared)
  assert.equal(await tokens.get([key], 'another token'), null)
  values.set(otherKey, values.get(key) as Kept)
  assert.equal(await tokens.get([otherKey], 'token'), null)
  assert.deepEqual(await tokens.get([otherKey, key], 'token'), shared, 'the first that opens')
  await tokens.delete([key])
  assert.equal(await tokens.get([key], 'token'), null)
  assert.deepEqual(tokens.stats(), { hits: 2, misses: 3, failures: 0, skipped: 0 })
})

test('a store of somebody else\'s may give back anything', async () => {
  for (const value of ['text', 7, {}, [], undefined, Buffer.alloc(0), Buffer.alloc(200_000), seals.seal('{}', otherKey, 'token')]) {
    const { tokens } = scene({ get: async () => value as never })
    assert.equal(await tokens.get([key], 'token'), null)
  }
})

test('what was sealed by one of us, but in another shape, is not there', async () => {
  for (const text of ['{}', 'null', '[]', '7', JSON.stringify({ ...shared, facts: undefined }), JSON.stringify({ ...shared, askedAt: '1' }), JSON.stringify({ ...shared, facts: { issuer: 'i' } })]) {
    const { tokens } = scene({ get: async () => seals.seal(text, key, 'token') })
    assert.equal(await tokens.get([key], 'token'), null, text)
  }
})

test('what is larger than a value may be, or over already, is not kept', () => {
  const { tokens, values } = scene()
  tokens.set(key, 'token', { ...shared, facts: { ...shared.facts, claims: { much: 'x'.repeat(131_072) } } })
  tokens.set(otherKey, 'token', { ...shared, expiresAt: Date.now() })
  assert.equal(values.size, 0)
})

test('a store that throws, at once or later, or hangs, costs its time limit and nothing else; then it is stepped over, and told of once', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_800_000_000_000 })
  t.after(() => mock.timers.reset())
  for (const get of [() => { throw new Error('token-of-somebody') }, () => Promise.reject(new Error('token-of-somebody')), () => new Promise<never>(() => {})]) {
    let calls = 0
    const { tokens, told } = scene({
      get () {
        calls++
        return get()
      }
    })
    for (let n = 1; n <= 3; n++) {
      const asked = tokens.get([key], 'token')
      mock.timers.tick(50)
      assert.equal(await asked, null)
      assert.equal(told.length, n === 3 ? 1 : 0)
    }
    assert.equal(await tokens.get([key], 'token'), null)
    assert.deepEqual([calls, tokens.stats().skipped, tokens.stats().failures], [3, 1, 3])
    assert.doesNotMatch(told.join(), /token-of-somebody/)
  }
})

test('after the pause one tries, and the others do not wait for it; each time that it fails the pause doubles, up to 10 seconds', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_800_000_000_000 })
  t.after(() => mock.timers.reset())
  let calls = 0
  let isBroken = true
  const { tokens, told, values } = scene({
    get (...all) {
      calls++
      return isBroken ? new Promise(() => {}) : memoryTokenStore(values).get(...all)
    }
  })
  const many = async (): Promise<void> => {
    const asked = Promise.all(Array.from({ length: 20 }, () => tokens.get([key], 'token')))
    mock.timers.tick(50)
    await asked
  }
  await many()
  assert.equal(calls, 20, 'all that began before it was known')
  for (const pause of [500, 1000, 2000, 4000, 8000, 10_000, 10_000]) {
    calls = 0
    mock.timers.tick(pause - 1)
    await many()
    if (pause === 500) assert.equal(calls, 0, 'many that fail at a time are one failure')
    mock.timers.tick(50)
    await many()
    assert.equal(calls, 1)
    mock.timers.tick(0)
  }
  isBroken = false
  mock.timers.tick(10_000)
  assert.equal(await tokens.get([key], 'token'), null)
  assert.deepEqual(told, ['the shared cache does not answer; tokens are asked for without it', 'the shared cache answers again'])
  calls = 0
  await many()
  assert.equal(calls, 20)
})

test('a close that fails is a close', async () => {
  await scene({ close: () => Promise.reject(new Error('x')) }).tokens.close()
})

test('an operation is told when nobody waits for it any more, and only then; its timer ends with it', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_800_000_000_000 })
  t.after(() => mock.timers.reset())
  const signals: AbortSignal[] = []
  let isBroken = false
  const { tokens } = scene({
    async get (_key, signal) {
      signals.push(signal)
      return isBroken ? await new Promise(() => {}) : null
    }
  })
  await tokens.get([key], 'token')
  isBroken = true
  const asked = tokens.get([key], 'token')
  mock.timers.tick(49)
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false, false])
  mock.timers.tick(1)
  await asked
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false, true])
})

test('a store that can do nothing with a signal has its time limit all the same', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_800_000_000_000 })
  t.after(() => mock.timers.reset())
  const { tokens } = scene({ get: () => new Promise(() => {}) }, 50, false)
  const asked = tokens.get([key], 'token')
  mock.timers.tick(50)
  assert.equal(await asked, null)
  assert.equal(tokens.stats().failures, 1)
})
