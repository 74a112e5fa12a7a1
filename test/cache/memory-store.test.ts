import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from '../../lib/cache/memory-store.ts'

interface Entry { readonly name: string }
const one: Entry = { name: 'one' }
const two: Entry = { name: 'two' }

test('what was set is there, what was not is not', () => {
  const store = memoryStore<Entry>(10)
  store.set('a', one, true)
  store.set('b', two, false)
  assert.equal(store.get('a'), one)
  assert.equal(store.get('b'), two)
  assert.equal(store.get('c'), undefined)
  assert.deepEqual(store.sizes(), { entries: 1, inactiveEntries: 1 })
})

test('names that every object has are keys like any other', () => {
  const store = memoryStore<Entry>(10)
  for (const key of ['__proto__', 'constructor', 'toString', '']) {
    assert.equal(store.get(key), undefined)
    store.set(key, one, true)
    assert.equal(store.get(key), one)
  }
})

test('a key stands in one room only', () => {
  const store = memoryStore<Entry>(10)
  store.set('a', one, true)
  store.set('a', two, false)
  assert.equal(store.get('a'), two)
  assert.deepEqual(store.sizes(), { entries: 0, inactiveEntries: 1 })
  store.set('a', one, true)
  assert.equal(store.get('a'), one)
  assert.deepEqual(store.sizes(), { entries: 1, inactiveEntries: 0 })
})

test('delete says whether there was something', () => {
  const store = memoryStore<Entry>(10)
  store.set('a', one, true)
  store.set('b', two, false)
  assert.deepEqual(['a', 'b', 'c', 'a'].map(store.delete), [true, true, false, false])
  assert.deepEqual(store.sizes(), { entries: 0, inactiveEntries: 0 })
})

test('deleteWhere looks at active ones, and counts', () => {
  const store = memoryStore<Entry>(10)
  store.set('a', one, true)
  store.set('b', two, true)
  store.set('c', one, false)
  assert.equal(store.deleteWhere(({ name }) => name === 'one'), 1)
  assert.equal(store.get('a'), undefined)
  assert.equal(store.get('b'), two)
  assert.equal(store.get('c'), one)
  assert.equal(store.deleteWhere(() => false), 0)
})

test('clear empties both rooms, and counts', () => {
  const store = memoryStore<Entry>(10)
  store.set('a', one, true)
  store.set('b', two, false)
  assert.equal(store.clear(), 2)
  assert.equal(store.clear(), 0)
  assert.equal(store.get('a') ?? store.get('b'), undefined)
})

test('each room is bounded: the least recently used go first', () => {
  const store = memoryStore<Entry>(20)
  for (let i = 0; i < 100; i++) {
    store.set(`active-${i}`, one, true)
    store.set(`inactive-${i}`, two, false)
    store.get('active-0')
  }
  assert.deepEqual(store.sizes(), { entries: 20, inactiveEntries: 2 })
  assert.equal(store.get('active-0'), one)
  assert.equal(store.get('active-1'), undefined)
})
