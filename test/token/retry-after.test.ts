import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { askedPause } from '../../lib/token/retry-after.ts'

const now = Date.parse('2026-11-21T08:49:37Z')

const table: Array<[header: string, seconds: number | null]> = [
  ['0', 1], ['1', 1], ['2', 2], ['59', 59], ['60', 60], ['61', 60], ['120', 60], ['007', 7], ['9999999999', 60],
  ['-1', null], ['+5', null], ['5.5', null], ['5e1', null], ['0x10', null], [' 5', null], ['5 ', null], ['5, 6', null], ['5\n6', null], ['٣', null],
  ['', null], ['banana', null], ['NaN', null], ['Infinity', null], ['1000000000000', null],
  // RFC 9110 section 5.6.7: the form of today, and the two that must still be read.
  ['Sat, 21 Nov 2026 08:49:47 GMT', 10], ['Saturday, 21-Nov-26 08:49:47 GMT', 10], ['Sat Nov 21 08:49:47 2026', 10], ['Fri Nov  6 08:49:37 2026', 1],
  ['Fri, 31 Dec 1999 23:59:59 GMT', 1], ['Sat, 21 Nov 2026 08:49:37 GMT', 1], ['Sun, 22 Nov 2026 08:49:37 GMT', 60],
  ['Sat, 21 Nov 2026 08:49:47', null], ['Sat, 21 Nov 2026 08:49:47 +0100', null], ['2026-11-21T08:49:47Z', null], ['Sat, 61 Nov 2026 08:49:47 GMT', null],
  ['Sat, 21 Nov 2026 08:49:47 GMT, 5', null]
]

for (const [header, seconds] of table) {
  test(`I8: ${JSON.stringify(header)} is ${seconds === null ? 'nothing' : `${seconds} s`}`, () => {
    assert.equal(askedPause(header, now), seconds)
  })
}

test('I8: a date counts to the second, rounded up', () => {
  assert.equal(askedPause('Sat, 21 Nov 2026 08:49:47 GMT', now + 1), 10)
  assert.equal(askedPause('Sat, 21 Nov 2026 08:49:47 GMT', now + 1000), 9)
})

test('I8: any header gives nothing, or a whole number from 1 to 60', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.bigInt().map(String), fc.double().map(String), fc.date({ noInvalidDate: true }).map((date) => date.toUTCString())), (header) => {
    const seconds = askedPause(header, now)
    assert.ok(seconds === null || (Number.isInteger(seconds) && seconds >= 1 && seconds <= 60))
  }), { numRuns: 2000 })
})

test('I8: any number of seconds within the bounds is taken as it is', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 60 }), (seconds) => {
    assert.equal(askedPause(String(seconds), now), seconds)
  }))
})
