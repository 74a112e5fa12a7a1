import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formats } from '../../lib/certificate/formats.ts'
import { decodeAndCheck } from '../contract/certificate-decoder.contract.ts'
import { headerCases } from './vectors.ts'

const pem = headerCases.certificate_pem
const escaped = encodeURIComponent(pem)

const bad: ReadonlyArray<readonly [what: string, value: string]> = [
  ['an escape that is none', `${escaped}%ZZ`],
  ['half an escape', `${escaped}%2`],
  ['a percent sign at the end', `${escaped}%`],
  ['S-12: a NUL', `${escaped}%00`],
  ['bytes that are not UTF-8', `${escaped}%C3%28`],
  ['a plus sign in an overlong form', escaped.replace('%2B', '%C0%AB')],
  ['half a surrogate pair', `${escaped}%ED%A0%80`],
  ['a byte order mark before it', `%EF%BB%BF${escaped}`],
  ['S-12: encoding twice', encodeURIComponent(escaped)],
  ['S-12: only the percent signs of the body encoded twice', escaped.replaceAll('%2B', '%252B')],
  ['S-12: a plus sign for each space, as forms have it', escaped.replaceAll('%20', '+')],
  ['S-12: a plus sign for each line break', escaped.replaceAll('%0A', '+')],
  ['S-12: a space for each plus sign', escaped.replaceAll('%2B', '%20')],
  ['a literal space', escaped.replaceAll('%20', ' ')],
  ['a literal tab', escaped.replaceAll('%0A', '\t')],
  ['a literal line break', escaped.replaceAll('%0A', '\n')],
  ['nothing escaped', pem],
  ['quotes around it', `"${escaped}"`],
  ['a sign beyond ASCII', `${escaped}\u00e9`],
  ['an ampersand and more behind it', `${escaped}&a=b`],
  ['a query in front of it', `cert=${escaped}`]
]

describe('C23: url-pem: percent-encoding', () => {
  for (const [what, value] of bad) {
    it(`refuses ${what}`, () => {
      assert.notEqual(value, escaped)
      assert.equal(decodeAndCheck(formats['url-pem'], value), 'certificate_malformed')
    })
  }

  it('S-12: a plus sign is a plus sign, escaped or not', () => {
    assert.match(pem, /\+/)
    assert.deepEqual(decodeAndCheck(formats['url-pem'], escaped.replaceAll('%2B', '+')), decodeAndCheck(formats['url-pem'], escaped))
  })

  it('escapes of what need not be escaped are read all the same', () => {
    const all = [...Buffer.from(pem)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
    assert.deepEqual(decodeAndCheck(formats['url-pem'], all), decodeAndCheck(formats['url-pem'], escaped))
  })
})
