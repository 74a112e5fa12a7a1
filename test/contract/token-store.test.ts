import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { testTokenStore } from '../../lib/contract/index.ts'
import { tokenStoreCases } from '../../lib/contract/token-store.ts'
import type { TokenStore } from '../../types/token-store.ts'
import { memoryTokenStore, type Kept } from '../doubles/shared-memory.ts'

const shared = new Map<string, Kept>()
testTokenStore('in memory', () => memoryTokenStore(shared))

type Breaks = (store: TokenStore, values: Map<string, Kept>) => Partial<TokenStore>

/** Stores with one fault each, and a case that it must not get past. */
const faults: Record<string, readonly [breaks: Breaks, caught: string]> = {
  'finds what nobody set': [(store) => ({ get: async (key, signal) => await store.get(key, signal) ?? new Uint8Array([0]) }), 'what nobody set is null'],
  'keeps text': [(store) => ({ set: (key, value, ...rest) => store.set(key, Buffer.from(Buffer.from(value).toString()), ...rest) }), 'every byte comes back as it was'],
  'gives text': [({ get }) => ({ get: async (...all) => await get(...all) === null ? null : 'text' as never }), 'every byte comes back as it was'],
  'cuts off': [(store) => ({ set: (key, value, ...rest) => store.set(key, value.subarray(0, 65_536), ...rest) }), 'from one byte to 131072'],
  'keeps the whole buffer': [(store) => ({ set: (key, value, ...rest) => store.set(key, new Uint8Array(value.buffer), ...rest) }), 'a part of a larger buffer is that part'],
  'keeps the caller\'s bytes': [(_store, values) => ({ set: async (key, value, life) => { values.set(key, { value, expiresAt: Date.now() + life }) } }), 'what the caller does with the bytes afterwards changes nothing'],
  'keeps what was first': [(store, values) => ({ set: async (key, ...rest) => { if (!values.has(key)) await store.set(key, ...rest) } }), 'what is set later counts'],
  'ignores case': [(store) => ({ get: (key, signal) => store.get(key.toLowerCase(), signal), set: (key, ...rest) => store.set(key.toLowerCase(), ...rest) }), 'keys that differ in one sign, or in case, are different'],
  'cuts keys': [(store) => ({ get: (key, signal) => store.get(key.slice(1), signal), set: (key, ...rest) => store.set(key.slice(1), ...rest) }), 'keys that differ in one sign, or in case, are different'],
  'mixes up answers': [(store) => {
    let last = ''
    return {
      async get (key, signal) {
        last = key
        await new Promise((resolve) => setImmediate(resolve))
        return await store.get(last, signal)
      }
    }
  }, 'two hundred at a time get each its own'],
  'deletes only the first': [(store) => ({ delete: (keys, signal) => store.delete(keys.slice(0, 1), signal) }), 'what is deleted is gone, and nothing else'],
  'deletes all': [(_store, values) => ({ delete: async () => values.clear() }), 'what is deleted is gone, and nothing else'],
  'takes milliseconds for seconds': [(store) => ({ set: (key, value, life, signal) => store.set(key, value, life * 1000, signal) }), 'a value is gone when its time is over: milliseconds, not seconds'],
  'keeps the first time': [(store, values) => ({
    set: (key, value, life, signal) => store.set(key, value, values.has(key) ? (values.get(key) as Kept).expiresAt - Date.now() : life, signal)
  }), 'a value that is set again has its own time'],
  'keeps to itself': [() => memoryTokenStore(), 'what one connection sets or deletes, another one knows'],
  'waits for ever': [(store) => ({ get: async (key, signal) => signal.aborted ? await new Promise(() => {}) : await store.get(key, signal) }), 'when nobody waits any more, it ends'],
  'never closes': [() => ({ close: () => new Promise(() => {}) }), 'close ends, also twice, and what is asked afterwards ends too and finds nothing']
}

// Some wait for what never comes.
describe('broken ones', { concurrency: true }, () => {
  for (const [name, [breaks, caught]] of Object.entries(faults)) {
    test(`a store that ${name} does not get past "${caught}"`, async () => {
      const values = new Map<string, Kept>()
      const run = tokenStoreCases.find((each) => each.name === caught)?.run as typeof tokenStoreCases[0]['run']
      await run(async () => memoryTokenStore(values))
      values.clear()
      await assert.rejects(run(async () => {
        const store = memoryTokenStore(values)
        return { ...store, ...breaks(store, values) }
      }), { name: 'AssertionError' })
    })
  }
})

test('every case catches some fault', () => {
  assert.deepEqual(tokenStoreCases.map(({ name }) => name).filter((name) => !Object.values(faults).some(([, caught]) => caught === name)), [])
})
