import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { TokenStore } from '../../types/token-store.ts'
import { comesTrue, ends, someKey, type Case } from './case.ts'

/** Milliseconds; nothing ends by itself while a test runs. */
const long = 600_000

export const tokenStoreCases: ReadonlyArray<Case<TokenStore>> = [
  stored('what nobody set is null', async ({ get }) => {
    assert.equal(await get(someKey()), null)
  }),

  stored('every byte comes back as it was', async ({ get, set }) => {
    const key = someKey()
    const value = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    await set(key, value)
    assert.deepEqual(bytesOf(await get(key)), [...value])
  }),

  stored('from one byte to 131072', async ({ get, set }) => {
    for (const length of [1, 131_072]) {
      const [key, value] = [someKey(), randomBytes(length)]
      await set(key, value)
      assert.ok(value.equals(Buffer.from(bytesOf(await get(key)))))
    }
  }),

  stored('a part of a larger buffer is that part', async ({ get, set }) => {
    const key = someKey()
    await set(key, new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3))
    assert.deepEqual(bytesOf(await get(key)), [2, 3])
  }),

  stored('what the caller does with the bytes afterwards changes nothing', async ({ get, set }) => {
    const [key, value] = [someKey(), new Uint8Array([1, 2, 3])]
    await set(key, value)
    value.fill(0)
    assert.deepEqual(bytesOf(await get(key)), [1, 2, 3])
  }),

  stored('what is set later counts', async ({ get, set }) => {
    const key = someKey()
    await set(key, new Uint8Array([1, 2, 3]))
    await set(key, new Uint8Array([4]))
    assert.deepEqual(bytesOf(await get(key)), [4])
  }),

  stored('keys that differ in one sign, or in case, are different', async ({ get, set }) => {
    const stem = someKey().slice(1)
    const keys = ['a', 'A', 'b', '-', '_'].map((sign) => sign + stem)
    for (const [index, key] of keys.entries()) await set(key, new Uint8Array([index]))
    for (const [index, key] of keys.entries()) assert.deepEqual(bytesOf(await get(key)), [index])
  }),

  stored('two hundred at a time get each its own', async ({ get, set }) => {
    const values = new Map(Array.from({ length: 200 }, (_, index) => [someKey(), new Uint8Array([index])]))
    await Promise.all([...values].map(async ([key, value]) => { await set(key, value) }))
    await Promise.all([...values].map(async ([key, value]) => { assert.deepEqual(bytesOf(await get(key)), [...value]) }))
  }),

  stored('what is deleted is gone, and nothing else', async ({ get, set, delete: remove }) => {
    const keys = [someKey(), someKey(), someKey()] as const
    for (const key of keys) await set(key, new Uint8Array([7]))
    await remove([keys[0], keys[1], someKey()])
    assert.deepEqual([await get(keys[0]), await get(keys[1])], [null, null])
    assert.deepEqual(bytesOf(await get(keys[2])), [7])
    await remove([])
    await remove([keys[2]])
    assert.equal(await get(keys[2]), null)
  }),

  stored('a value is gone when its time is over: milliseconds, not seconds', async ({ get, set }) => {
    const key = someKey()
    await set(key, new Uint8Array([1]), 100)
    await comesTrue('a value that was set for 100 ms is gone', async () => await get(key) === null)
  }),

  stored('a value that is set again has its own time', async ({ get, set }) => {
    const [shortened, lengthened] = [someKey(), someKey()]
    await set(shortened, new Uint8Array([1]))
    await set(shortened, new Uint8Array([2]), 100)
    await comesTrue('a value that was set again for 100 ms is gone', async () => await get(shortened) === null)
    await set(lengthened, new Uint8Array([1]), 100)
    await set(lengthened, new Uint8Array([2]))
    await wait(300)
    assert.deepEqual(bytesOf(await get(lengthened)), [2])
  }),

  {
    name: 'what one connection sets or deletes, another one knows',
    async run (open) {
      const [one, other] = [await open(), await open()]
      try {
        const key = someKey()
        const { signal } = new AbortController()
        await one.set(key, new Uint8Array([1]), long, signal)
        assert.deepEqual(bytesOf(await other.get(key, signal)), [1])
        await other.delete([key], signal)
        assert.equal(await one.get(key, signal), null)
      } finally {
        await Promise.all([one.close(), other.close()])
      }
    }
  },

  {
    name: 'when nobody waits any more, it ends',
    async run (open) {
      const store = await open()
      const signal = AbortSignal.abort()
      try {
        for (const operation of [store.get(someKey(), signal), store.set(someKey(), new Uint8Array([1]), long, signal), store.delete([someKey()], signal)]) {
          await ends('an operation with an aborted signal', operation.then(() => {}, () => {}))
        }
      } finally {
        await store.close()
      }
    }
  },

  {
    name: 'close ends, also twice, and what is asked afterwards ends too and finds nothing',
    async run (open) {
      const store = await open()
      const { signal } = new AbortController()
      const key = someKey()
      await store.set(key, new Uint8Array([1]), long, signal)
      await ends('close()', store.close())
      const found = await ends('get() after close()', store.get(key, signal).catch(() => null))
      assert.equal(found, null)
      await ends('the second close()', store.close())
    }
  }
]

interface Used {
  get (key: string): Promise<Uint8Array | null>
  set (key: string, value: Uint8Array, timeToLive?: number): Promise<void>
  delete (keys: readonly string[]): Promise<void>
}

function bytesOf (found: unknown): number[] {
  assert.ok(found instanceof Uint8Array, `found ${found === null ? 'null' : typeof found} instead of bytes`)
  return [...found]
}

/** With one connection, where somebody waits for everything. */
function stored (name: string, run: (store: Used) => Promise<void>): Case<TokenStore> {
  return {
    name,
    async run (open) {
      const store = await open()
      const { signal } = new AbortController()
      try {
        await run({
          get: async (key) => await ends('get()', store.get(key, signal)),
          set: async (key, value, timeToLive = long) => { await ends('set()', store.set(key, value, timeToLive, signal)) },
          delete: async (keys) => { await ends('delete()', store.delete(keys, signal)) }
        })
      } finally {
        await store.close()
      }
    }
  }
}
