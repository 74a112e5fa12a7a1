import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const ranges = {
  'RFC 7662': [31, 64],
  'RFC 8705': [65, 89],
  'RFC 9440': [90, 108],
  'RFC 9068': [109, 139],
  'RFC 9701': [140, 152],
  'RFC 8725': [153, 169],
  'RFC 8414': [240, 253],
  'RFC 5280': [287, 319],
  'revocation by RFC 5280 and RFC 6960': [320, 339]
} as const

const sources = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts') && file !== 'requirements.test.ts')
  .map((file) => readFileSync(`test/${file}`, 'utf8')).join('\n')
// Identifiers stand at the beginning of a name, before a colon: '44, 45, I2: a token that …'. In tables of cases they are a string
// of their own, before the next string, or have a letter in them: a number alone could be anything.
const identifiers = /['"`]((?:(?:[A-Z]+-?\d+|\d+), )*(?:[A-Z]+-?\d+|\d+))(?::|['"`], ['"`]|(?<=[A-Z]-?\d+)['"`], )/g
const named = new Set([...sources.matchAll(identifiers)].flatMap(([, list]) => (list as string).split(', ')))
const excused = new Set([...readFileSync('test/README.md', 'utf8').matchAll(/^\| ([A-Z-]*\d+) \|/gm)].map(([, number]) => number as string))

const identified: Record<string, string[]> = {
  ...Object.fromEntries(Object.entries(ranges).map(([name, [first, last]]) => [`requirement of ${name}`, numbered('', first, last)])),
  'bad certificate header': numbered('C', 1, 44),
  'attack of the list': numbered('S-', 1, 42)
}

function numbered (prefix: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `${prefix}${first + index}`)
}

for (const [name, numbers] of Object.entries(identified)) {
  test(`every ${name} has a test that is named by its number, or a reason why not`, () => {
    assert.deepEqual(numbers.filter((number) => !named.has(number) && !excused.has(number)), [])
    assert.deepEqual(numbers.filter((number) => named.has(number) && excused.has(number)), [], 'both')
  })
}
