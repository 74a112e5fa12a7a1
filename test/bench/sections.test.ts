import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choose, contenderOf, groups, sections } from './sections.ts'

test('names are of one contender each, and what one is compared with is there', () => {
  for (const { name, contenders } of sections) assert.equal(new Set(contenders.map((each) => each.name)).size, contenders.length, name)
  for (const { name, contenders } of groups) {
    const others = contenders.flatMap(({ against = [], beyond = [] }) => [against, beyond].flat())
    assert.ok(others.length > 0)
    assert.deepEqual(others.filter((other) => !contenders.some((each) => each.name === other)), [], name)
  }
})

test('both that are compared get the same headers', () => {
  for (const { contenders } of groups) {
    for (const { against, traffic } of contenders) {
      const other = contenders.find(({ name }) => name === against)
      if (other !== undefined) assert.deepEqual([other.traffic.tokens, other.traffic.format], [traffic.tokens, traffic.format])
    }
  }
})

test('a word chooses what has it in its name or group, with what that is compared with', () => {
  const namesOf = (...words: string[]): string[] => choose(words).flatMap(({ name, contenders }) => contenders.map((each) => `${name}: ${each.name}`))
  assert.deepEqual(namesOf('report mode'), ['opaque: plain Fastify', 'opaque: guarded, token known, report mode'])
  assert.deepEqual(namesOf('asked for each time'), ['misses: plain Fastify', 'misses: introspection by hand, by undici', 'misses: guarded, token asked for each time'])
  assert.equal(namesOf('hits').length, 6)
  assert.deepEqual(namesOf('no such word'), [])
  assert.equal(choose([]).length, groups.length)
})

test('another process finds a contender by its names', () => {
  for (const { name: group, contenders } of sections) for (const each of contenders) assert.equal(contenderOf({ group, name: each.name }), each)
  assert.throws(() => contenderOf({ group: 'opaque', name: 'nobody' }), /no contender "nobody" in the group "opaque"/)
})
