import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { retryAfterSeconds } from '../../lib/token/retry-after.ts'

const table: Array<[header: string, seconds: number]> = [
  ['0', 1], ['1', 1], ['2', 2], ['59', 59], ['60', 60], ['61', 60], ['120', 60], ['007', 7], ['9999999999', 60],
  ['-1', 1], ['+5', 1], ['5.5', 1], ['5e1', 1], ['0x10', 1], [' 5', 1], ['5 ', 1], ['5, 6', 1], ['5\n6', 1], ['٣', 1],
  ['', 1], ['banana', 1], ['NaN', 1], ['Infinity', 1], ['1000000000000', 1], ['Fri, 31 Dec 1999 23:59:59 GMT', 1]
]

for (const [header, seconds] of table) {
  test(`I8: ${JSON.stringify(header)} is ${seconds} s`, () => {
    assert.equal(retryAfterSeconds(header), seconds)
  })
}

test('I8: any header gives a whole number from 1 to 60', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.bigInt().map(String), fc.double().map(String)), (header) => {
    const seconds = retryAfterSeconds(header)
    assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60)
  }), { numRuns: 2000 })
})

test('I8: any number of seconds within the bounds is taken as it is', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 60 }), (seconds) => {
    assert.equal(retryAfterSeconds(String(seconds)), seconds)
  }))
})
