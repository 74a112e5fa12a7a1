import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { roomFor, type RoomOf } from '../../lib/cache/room.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

interface Entry { readonly name: string, wasUsed: boolean }

const entry = (name: string): Entry => ({ name, wasUsed: false })
const keysIn = (room: RoomOf<Entry>): string[] => [...room.entries()].map(([key]) => key)

function filled (max: number): RoomOf<Entry> {
  const room = roomFor<Entry>(max)
  for (let i = 0; i < max; i++) room.set(`k${i}`, entry(`${i}`))
  return room
}

test('what was never used goes in the order in which it came', () => {
  const room = filled(4)
  for (const key of ['a', 'b']) room.set(key, entry(key))
  assert.deepEqual(keysIn(room), ['k2', 'k3', 'a', 'b'])
})

test('what was used since it came is spared once, and then has to be used again', () => {
  const room = filled(4)
  room.get('k0')
  room.get('k2')
  room.set('a', entry('a'))
  assert.deepEqual(keysIn(room), ['k2', 'k3', 'k0', 'a'], 'k1 instead of k0')
  room.set('b', entry('b'))
  assert.deepEqual(keysIn(room), ['k0', 'a', 'k2', 'b'], 'k3 instead of k2')
  room.get('k2')
  for (const key of ['c', 'd']) room.set(key, entry(key))
  assert.deepEqual(keysIn(room), ['k2', 'b', 'c', 'd'], 'k0, which nobody has used again, and a, which nobody has used')
  for (const key of ['e', 'f']) room.set(key, entry(key))
  assert.deepEqual(keysIn(room), ['d', 'k2', 'e', 'f'], 'k2 was used again')
})

test('new ones live as long as others that nobody uses, however many come', () => {
  const room = filled(100)
  for (let i = 0; i < 1000; i++) {
    room.set(`new ${i}`, entry('new'))
    assert.ok(room.get(`k${i}`) === undefined)
    if (i >= 99) assert.equal(keysIn(room)[0], `new ${i - 99}`)
  }
})

test('what is used again and again stays, however many others come', () => {
  const room = filled(100)
  for (let i = 0; i < 5000; i++) {
    for (const key of ['k7', 'k55']) assert.equal(room.get(key)?.name, key.slice(1), `${i}`)
    room.set(`new ${i}`, entry('new'))
  }
})

test('an insert takes no time where all are used: one of them goes', () => {
  const room = filled(1000)
  for (let i = 0; i < 1000; i++) room.get(`k${i}`)
  room.set('a', entry('a'))
  assert.equal(room.size(), 1000)
  const spared = [...room.entries()].filter(([key, { wasUsed }]) => !wasUsed && key !== 'a').length
  assert.equal(spared, 64)
  const keys = new Set(keysIn(room))
  assert.deepEqual(['k63', 'k64', 'k65', 'a'].map((key) => keys.has(key)), [true, false, true, true])
})

test('an entry that is put in again does not push out another, and is spared once', () => {
  const room = filled(2)
  room.get('k0')
  room.set('k0', entry('again'))
  assert.deepEqual(keysIn(room), ['k0', 'k1'])
  room.set('a', entry('a'))
  assert.deepEqual(keysIn(room), ['k0', 'a'])
  room.set('b', entry('b'))
  assert.deepEqual(keysIn(room), ['a', 'b'], 'nobody has used it since')
})

test('it goes on after all were deleted, and after clear', () => {
  const room = filled(3)
  room.set('a', entry('a'))
  for (const key of ['k1', 'k2', 'a']) assert.equal(room.delete(key), true)
  for (let round = 0; round < 2; round++) {
    for (const key of ['b', 'c', 'd', 'e']) room.set(`${key}${round}`, entry(key))
    assert.equal(room.size(), 3)
    room.clear()
    assert.deepEqual([room.size(), keysIn(room)], [0, []])
  }
})

test('to look at all of a room ends, whatever is put in meanwhile', () => {
  for (const max of [10, 40_000]) {
    const room = filled(max)
    const before = room.size()
    let seen = 0
    for (const [key] of room.entries()) {
      room.delete(key)
      room.set(`later-${seen++}`, entry('later'))
    }
    assert.ok(seen <= before + 3, `${seen}`)
  }
})

test('what was deleted does not stay in memory, however long nobody has to go', async () => {
  const max = 1000
  const room = filled(max)
  room.set('one that is too many', entry('more'))
  const keys = keysIn(room)
  const gone: Array<WeakRef<Entry>> = []
  for (const key of keys.slice(0, max / 10)) room.delete(key)
  for (let i = 0; i < 4 * max; i++) {
    const made = entry('made')
    room.set(`made ${i}`, made)
    keys.push(`made ${i}`)
    room.delete(keys[max / 10 + i] as string)
    if (i < 3 * max) gone.push(new WeakRef(made))
  }
  // What a WeakRef was made of stays until the end of the turn.
  await setImmediate()
  collectGarbage()
  const left = gone.filter((each) => each.deref() !== undefined).length
  assert.ok(left <= max / 4, `${left}`)
  assert.equal(room.size(), 0.9 * max, 'the room itself is still there')
})

const operation = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key: fc.nat(12) }),
  fc.record({ kind: fc.constant('get' as const), key: fc.nat(12) }),
  fc.record({ kind: fc.constant('delete' as const), key: fc.nat(12) }),
  fc.record({ kind: fc.constant('clear' as const), key: fc.constant(0) })
)

test('whatever is done, there are never too many, nothing is found but what was last set, and what is new is found', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 6 }), fc.array(operation, { maxLength: 200 }), (max, operations) => {
    const room = roomFor<Entry>(max)
    const set = new Map<string, Entry>()
    let keysBefore: string[] = []
    for (const { kind, key: number } of operations) {
      const key = `key ${number}`
      if (kind === 'set') {
        const made = entry(key)
        set.set(key, made)
        room.set(key, made)
        assert.equal(room.get(key), made)
      } else if (kind === 'get') {
        const found = room.get(key)
        assert.ok(found === undefined || found === set.get(key))
      } else if (kind === 'delete') {
        assert.equal(room.delete(key), keysBefore.includes(key))
        set.delete(key)
      } else {
        room.clear()
        set.clear()
      }
      assert.ok(room.size() <= max)
      assert.equal(room.size(), keysIn(room).length)
      for (const [each, found] of room.entries()) assert.equal(found, set.get(each))
      keysBefore = keysIn(room)
    }
  }))
})
