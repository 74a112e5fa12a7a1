import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from '../../lib/cache/memory-store.ts'

interface Entry { readonly name: string, wasUsed: boolean }
const one: Entry = { name: 'one', wasUsed: false }
const two: Entry = { name: 'two', wasUsed: false }

test('what was set is there, what was not is not', () => {
  const store = memoryStore<Entry>(10)
  store.set('a', one, 'active')
  store.set('b', two, 'inactive')
  assert.equal(store.get('a'), one)
  assert.equal(store.get('b'), two)
  assert.equal(store.get('c'), undefined)
  assert.deepEqual(store.sizes(), { entries: 1, inactiveEntries: 1 })
})

for (const maxEntries of [10, 100_000]) {
  test(`with room for ${maxEntries}, names that every object has are keys like any other, and so are short ones`, () => {
    const store = memoryStore<Entry>(maxEntries)
    // Messages of other processes name keys, and a later version may make other ones.
    for (const key of ['__proto__', 'constructor', 'toString', 'ab', '']) {
      assert.equal(store.get(key), undefined)
      assert.equal(store.delete(key), false)
      store.set(key, one, 'active')
      assert.equal(store.get(key), one)
    }
  })
}

test('a key stands in one room only', () => {
  const store = memoryStore<Entry>(10)
  store.set('a', one, 'active')
  store.set('a', two, 'inactive')
  assert.equal(store.get('a'), two)
  assert.deepEqual(store.sizes(), { entries: 0, inactiveEntries: 1 })
  store.set('a', one, 'active')
  assert.equal(store.get('a'), one)
  assert.deepEqual(store.sizes(), { entries: 1, inactiveEntries: 0 })
})

test('delete says whether there was something', () => {
  const store = memoryStore<Entry>(10)
  store.set('a', one, 'active')
  store.set('b', two, 'inactive')
  assert.deepEqual(['a', 'b', 'c', 'a'].map(store.delete), [true, true, false, false])
  assert.deepEqual(store.sizes(), { entries: 0, inactiveEntries: 0 })
})

test('deleteWhere looks at active ones, and counts', async () => {
  const store = memoryStore<Entry>(10)
  store.set('a', one, 'active')
  store.set('b', two, 'active')
  store.set('c', one, 'inactive')
  assert.equal(await store.deleteWhere((_key, { name }) => name === 'one'), 1)
  assert.equal(store.get('a'), undefined)
  assert.equal(store.get('b'), two)
  assert.equal(store.get('c'), one)
  assert.equal(await store.deleteWhere(() => false), 0)
})

test('clear empties both rooms, and counts', () => {
  const store = memoryStore<Entry>(10)
  store.set('a', one, 'active')
  store.set('b', two, 'inactive')
  assert.equal(store.clear(), 2)
  assert.equal(store.clear(), 0)
  assert.equal(store.get('a') ?? store.get('b'), undefined)
})

test('each room is bounded: those that were not used lately go first', () => {
  const store = memoryStore<Entry>(20)
  for (let i = 0; i < 100; i++) {
    store.set(`active-${i}`, one, 'active')
    store.set(`inactive-${i}`, two, 'inactive')
    store.get('active-0')
  }
  assert.deepEqual(store.sizes(), { entries: 20, inactiveEntries: 2 })
  assert.equal(store.get('active-0'), one)
  assert.equal(store.get('active-1'), undefined)
})

test('what can be multiplied has a room of its own, which the others do not notice', async () => {
  const store = memoryStore<Entry>(10)
  store.set('good', one, 'active')
  for (let i = 0; i < 100; i++) store.set(`again-${i}`, two, 'multiplied')
  assert.equal(store.get('good'), one)
  assert.deepEqual([store.get('again-0'), store.get('again-99')], [undefined, two])
  assert.deepEqual(store.sizes(), { entries: 11, inactiveEntries: 0 })
  store.set('again-99', one, 'active')
  assert.deepEqual(store.sizes(), { entries: 11, inactiveEntries: 0 }, 'it has moved')
  assert.equal(await store.deleteWhere((_key, entry) => entry === two), 9)
  assert.equal(store.delete('good'), true)
})
