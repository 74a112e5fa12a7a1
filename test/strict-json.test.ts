import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseStrictJsonObject } from '../lib/strict-json.ts'

const parse = (text: string): Record<string, unknown> | null => parseStrictJsonObject(Buffer.from(text))

function depthOf (value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 8, stringUnit: 'binary' }))
const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 })

test('every object of JSON is read as JSON.parse reads it', () => {
  fc.assert(fc.property(object, fc.nat(4), (value, indent) => {
    const text = JSON.stringify(value, null, indent)
    assert.deepEqual(parse(text), JSON.parse(text))
  }), { numRuns: 3000 })
})

test('any JSON: an object that is not too deep, and nothing else', () => {
  fc.assert(fc.property(fc.json({ maxDepth: 6 }), (text) => {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    // A test of the text, so that `-0`, `1e1` and the like count too.
    assert.deepEqual(parse(text), isObject ? value : null)
  }), { numRuns: 3000 })
})

test('spaces of any kind between the parts change nothing', () => {
  fc.assert(fc.property(object, space, (value, between) => {
    const text = JSON.stringify(value).replace(/^\{|\}$/g, (brace) => between + brace + between)
    assert.deepEqual(parse(text), JSON.parse(text))
  }))
})

test('whatever the bytes: null or an object, never an exception, and what JSON.parse refuses is null', () => {
  const bytes = fc.oneof(fc.uint8Array(), fc.string().map((text) => Buffer.from(text)), object.map((value) => Buffer.from(JSON.stringify(value).slice(0, -1))))
  fc.assert(fc.property(bytes, (input) => {
    const value = parseStrictJsonObject(input)
    if (value !== null) assert.deepEqual(value, JSON.parse(Buffer.from(input).toString()))
  }), { numRuns: 5000 })
})

/** A member's name with some of its signs escaped. */
const spelling = (name: string): fc.Arbitrary<string> =>
  fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length }).map((escaped) =>
    `"${[...name].map((sign, index) => escaped[index] === true ? `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}` : sign).join('')}"`)

test('S-30: a member that stands twice, in whatever spelling and at whatever depth, refuses the whole', () => {
  const wrap = fc.array(fc.constantFrom<[string, string]>(['{"a":', '}'], ['[', ']'], ['[1,', ',"x"]'], ['{"b":1,"c":', '}']), { maxLength: 10 })
  fc.assert(fc.property(spelling('active'), spelling('active'), space, wrap, (one, other, between, around) => {
    const twice = `{${one}:true,${between}"x":{"active":1},${other}${between}:false}`
    const once = `{${one}:true,${between}"x":{"active":1},"b"${between}:false}`
    const inside = (text: string): string => `{"top":${around.reduce((inner, [before, after]) => before + inner + after, text)}}`
    assert.equal(parse(twice), null)
    assert.equal(parse(inside(twice)), null)
    assert.notEqual(parse(inside(once)), null)
  }), { numRuns: 1000 })
})

for (const text of [
  '{"a":1,"a":1}', '{"a":1,"b":2,"a":3}', '{"":1,"":2}', '{"a":{"b":1,"b":2}}', '{"a":[{"b":1,"b":2}]}', '{"a":[[{}],{"b":1,"c":{},"b":2}]}',
  '{"active":true,"\\u0061ctive":false}', '{"a\\/b":1,"a/b":2}', '{"\\n":1,"\\u000a":2}', '{"\\"":1,"\\u0022":2}', '{"\\\\":1,"\\u005c":2}', '{"é":1,"\\u00e9":2}', '{"é":1,"\\u00E9":2}',
  '{"\u{1f511}":1,"\\ud83d\\udd11":2}', '{"\\ud800":1,"\\uD800":2}', '{"__proto__":1,"__proto__":2}', '{"constructor":1,"constructor":2}', '{"a"\n:1,"a"\t:2}'
]) {
  test(`S-30: ${JSON.stringify(text)} has a member twice`, () => {
    assert.notEqual(JSON.parse(text), null, 'not even JSON')
    assert.equal(parse(text), null)
  })
}

for (const text of [
  '{}', '{"a":"a","b":"a"}', '{"a":["a","a"]}', '{"a":{"a":{"a":1}}}', '{"a":[{"b":1},{"b":2}]}', '{"a":"\\"a\\":1","b":"{\\"a\\":1"}', '{"a":"x:","b":":"}', '{"a":"}","b":"{"}', '{"a":"\\\\","b":1}',
  '{"A":1,"a":2}', '{"é":1,"e\u0301":2}', '{"a":1,"a ":2}', '{"toString":1,"hasOwnProperty":2}', '{"a":"\u2028\u2029"}', '{"\u2028":"\\u2028"}'
]) {
  test(`${JSON.stringify(text)} has each once`, () => assert.deepEqual(parse(text), JSON.parse(text)))
}

test('S-42: `__proto__` is a member like any other, and changes nobody\'s prototype', () => {
  const value = parse('{"__proto__":{"active":true},"a":{"__proto__":null}}')
  assert.ok(value !== null && Object.hasOwn(value, '__proto__'))
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
  assert.equal(value['active'], undefined)
})

test('I3: other encodings', () => {
  const text = '{"a":1}'
  assert.equal(parse(`\ufeff${text}`), null, 'BOM')
  assert.equal(parseStrictJsonObject(Buffer.from(text, 'utf16le')), null, 'UTF-16')
  assert.equal(parseStrictJsonObject(Buffer.from(`\ufeff${text}`, 'utf16le')), null, 'UTF-16 with BOM')
  assert.equal(parseStrictJsonObject(Buffer.from('{"a":"\xe9"}', 'latin1')), null, 'latin-1')
  assert.equal(parseStrictJsonObject(Buffer.from([0x7b, 0x22, 0xc0, 0xa2, 0x22, 0x3a, 0x31, 0x7d])), null, 'overlong UTF-8')
  assert.equal(parseStrictJsonObject(Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d])), null, 'a surrogate in UTF-8')
  assert.deepEqual(parse('{"é\u{1f511}":"\\ud83d\\udd11"}'), { 'é\u{1f511}': '\u{1f511}' })
})

test('depth: 32 levels are read, 33 are not, and no depth overflows a stack', () => {
  const nested = (levels: number, open: string, close: string): string => `{"a":${open.repeat(levels - 1)}1${close.repeat(levels - 1)}}`
  for (const [open, close] of [['[', ']'], ['{"a":', '}']] as const) {
    assert.equal(depthOf(parse(nested(32, open, close))), 32)
    assert.equal(parse(nested(33, open, close)), null)
    assert.equal(parse(nested(20_000, open, close)), null)
  }
  assert.notEqual(parse(`{"a":[${'[],'.repeat(10_000)}[]]}`), null, 'breadth is not depth')
})

const size = 131_072
const large: Record<string, string> = {
  'one long string': `{"a":"${'x'.repeat(size)}"}`,
  'one long string of escapes': `{"a":"${'\\n'.repeat(size / 2)}"}`,
  'one long string of quotes': `{"a":"${'\\"'.repeat(size / 2)}"}`,
  'one long string of backslashes': `{"a":"${'\\\\'.repeat(size / 2)}"}`,
  'one long name of escapes': `{"${'\\u0061'.repeat(size / 6)}":1}`,
  'many members': `{${Array.from({ length: 12_000 }, (_, index) => `"m${index}":1`).join()}}`,
  'many strings before spaces': `{"a":[${Array.from({ length: 1000 }, () => `"x"${' '.repeat(120)}`).join()}]}`,
  'many spaces': `{${' '.repeat(size)}"a"${' '.repeat(size)}:1}`
}
for (const [name, text] of Object.entries(large)) {
  test(`${name} is read, and quickly`, () => {
    const startedAt = performance.now()
    assert.deepEqual(parse(text), JSON.parse(text))
    assert.ok(performance.now() - startedAt < 500)
  })
}

test('something large that is not JSON is refused quickly', () => {
  for (const text of [`{"a":"${'\\'.repeat(size)}`, `{"a":${'['.repeat(size)}`, `{"a":"${'x'.repeat(size)}`, '"'.repeat(size), ' '.repeat(size)]) {
    const startedAt = performance.now()
    assert.equal(parse(text), null)
    assert.ok(performance.now() - startedAt < 500)
  }
})
