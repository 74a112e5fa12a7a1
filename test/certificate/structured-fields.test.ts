import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formats } from '../../lib/certificate/formats.ts'
import { isRefusal } from '../../lib/errors.ts'
import { fieldCases } from './structured-fields.ts'

// What RFC 8941 allows, and a certificate is not written as.
const refusedAllTheSame: Readonly<Record<string, string>> = {
  'binary: empty binary': 'no bytes are no certificate; some proxies write it where there is none',
  'binary: bad padding': 'a parser may take it, but then one certificate has several spellings',
  'binary: non-zero pad bits': 'the same'
}

/** The bytes of a `Client-Cert` with this value, in hex, or `refused`. */
function read (value: string): string {
  try {
    return Buffer.from(formats.rfc9440(value)).toString('hex')
  } catch (error) {
    if (isRefusal(error)) return 'refused'
    throw error
  }
}

describe('92, 94: Client-Cert, by the tests of RFC 8941: an Item that is a Byte Sequence without parameters', () => {
  for (const { name, lines, bytes, mayFail } of fieldCases) {
    const reason = refusedAllTheSame[name]
    const expected = bytes === null || reason !== undefined ? 'refused' : bytes.toString('hex')
    it(`${name}: ${expected === 'refused' ? expected : 'these bytes'}${reason === undefined ? '' : `, since ${reason}`}`, () => {
      assert.ok(!mayFail || reason !== undefined, 'it must be said what we make of it')
      // Several lines are one value with commas (RFC 8941 section 4.2).
      assert.equal(read(lines.join(', ')), expected)
    })
  }

  it('there are such cases, and each of ours is one of them', () => {
    assert.equal(fieldCases.filter(({ name, bytes }) => bytes !== null && refusedAllTheSame[name] === undefined).length, 2)
    assert.deepEqual(Object.keys(refusedAllTheSame).filter((name) => fieldCases.find((each) => each.name === name)?.bytes == null), [])
  })

  for (const [what, value] of Object.entries({ 'a parameter': ':aGVsbG8=:;a=1', 'a parameter without value': ':aGVsbG8=:;a', 'a list of two': ':aGVsbG8=:, :aGVsbG8=:', 'an inner list': '(:aGVsbG8=:)' })) {
    it(`${what}: refused`, () => assert.equal(read(value), 'refused'))
  }
})
