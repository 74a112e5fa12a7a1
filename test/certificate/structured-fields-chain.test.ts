import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chainFormats } from '../../lib/certificate/chain-formats.ts'
import { isRefusal } from '../../lib/errors.ts'
import { fieldCases } from './structured-fields.ts'

// Allowed by RFC 8941; a certificate is not written as this.
const refusedAllTheSame = new Set(['binary: empty binary', 'binary: bad padding', 'binary: non-zero pad bits'])

/** The members of a `Client-Cert-Chain` with this value, in hex, or `refused`. */
function read (value: string): readonly string[] | 'refused' {
  try {
    return chainFormats.rfc9440(value).map((der) => Buffer.from(der).toString('hex'))
  } catch (error) {
    if (isRefusal(error)) return 'refused'
    throw error
  }
}

describe('97: Client-Cert-Chain, by the tests of RFC 8941: a List of Byte Sequences without parameters', () => {
  for (const { name, lines, bytes } of fieldCases) {
    // A Byte Sequence alone is a List of one; the empty List is a field that is not there.
    if (lines.join('') === '') continue
    const expected = bytes === null || refusedAllTheSame.has(name) ? 'refused' : [bytes.toString('hex')]
    it(`${name}: ${expected === 'refused' ? expected : 'one member'}`, () => assert.deepEqual(read(lines.join(', ')), expected))
  }

  const [hello, other] = [':aGVsbG8=:', ':/+Ah:']
  const both = [Buffer.from('hello').toString('hex'), 'ffe021']

  for (const [what, separator] of Object.entries({ 'a comma and a space': ', ', 'a comma': ',', 'white space around it': ' \t,\t ' })) {
    it(`${what} between two: both, in their order`, () => {
      assert.deepEqual(read(hello + separator + other), both)
      assert.deepEqual(read(other + separator + hello), both.toReversed())
    })
  }

  const bad = {
    'a comma at the end': `${hello}, `,
    'a comma at the beginning': `,${hello}`,
    'two commas': `${hello},,${other}`,
    'a space for a comma': `${hello} ${other}`,
    'a semicolon for a comma': `${hello};${other}`,
    'a parameter': `${hello};a=1, ${other}`,
    'a parameter at the last': `${hello}, ${other};a`,
    'a token among them': `${hello}, aGVsbG8, ${other}`,
    'a string among them': `${hello}, "aGVsbG8="`,
    'an inner list': `${hello}, (${other})`,
    'an empty one among them': `${hello}, ::`,
    'a bad one at the end': `${hello}, :aGVsbG8:`
  }
  for (const [what, value] of Object.entries(bad)) it(`${what}: all of it is refused`, () => assert.equal(read(value), 'refused'))
})
