import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { decodeBase64 } from '../../lib/certificate/base64.ts'
import { formats } from '../../lib/certificate/formats.ts'
import type { FormatName } from './spellings.ts'
import { decodeAndCheck } from '../contract/certificate-decoder.contract.ts'
import { headerCases } from './vectors.ts'

const base64 = new X509Certificate(headerCases.certificate_pem).raw.toString('base64')
const armoured = (body: string): string => `-----BEGIN CERTIFICATE-----${body}-----END CERTIFICATE-----`

// Everything here is read by `Buffer.from(text, 'base64')`, most of it as the very same bytes.
const loose: Readonly<Record<string, (text: string) => string>> = {
  'a sign of no alphabet': (text) => `${text.slice(0, 40)}!${text.slice(40)}`,
  'a NUL': (text) => `${text.slice(0, 40)}\0${text.slice(40)}`,
  'another alphabet': (text) => text.replaceAll('+', '-').replaceAll('/', '_'),
  'two alphabets': (text) => text.replaceAll('/', '_'),
  'missing padding': (text) => text.replace(/=+$/, ''),
  'padding too much': (text) => `${text}=`,
  'a group of padding too much': (text) => `${text}====`,
  'padding in the middle': (text) => `${text.slice(0, 40)}====${text.slice(40)}`,
  'stray pad bits': (text) => text.replace(/.=$/, (last) => `${String.fromCharCode(last.charCodeAt(0) + 1)}=`),
  'text behind the padding': (text) => `${text}AAAA`,
  'a sign outside ASCII': (text) => text.replace('M', '\u041c'),
  'a sign beyond latin1 that ends in the same byte': (text) => text.replace('M', '\u014d'),
  'the first plus sign become a space': (text) => text.replace('+', ' '),
  'the first plus sign lost': (text) => text.replace('+', ''),
  'quotes around it': (text) => `"${text}"`
}

describe('S-12, C21: lenient base64', () => {
  it('the text that all of this starts from is good, and has plus, slash and padding', () => {
    assert.match(base64, /^[^=]*\+[^=]*\/[^=]*=$/)
    assert.ok(decodeBase64(base64) !== null)
  })

  for (const [what, loosen] of Object.entries(loose)) {
    const text = loosen(base64)
    const values: ReadonlyArray<readonly [FormatName, string]> = [
      ['base64-der', text],
      ['rfc9440', `:${text}:`],
      ['pem', armoured(text)],
      ['url-pem', encodeURIComponent(armoured(text))],
      ['base64-pem', Buffer.from(armoured(text)).toString('base64')]
    ]
    for (const [format, value] of values) {
      it(`${format}: refuses ${what}`, () => {
        assert.notEqual(text, base64)
        assert.equal(decodeAndCheck(formats[format], value), 'certificate_malformed')
      })
    }
  }

  for (const [what, space] of Object.entries({ space: ' ', tab: '\t', 'line break': '\n', 'no-break space': '\u00a0' })) {
    it(`refuses a ${what} anywhere but in PEM`, () => {
      for (const at of [0, 64, base64.length]) {
        const text = `${base64.slice(0, at)}${space}${base64.slice(at)}`
        assert.equal(decodeAndCheck(formats['base64-der'], text), 'certificate_malformed')
        assert.equal(decodeAndCheck(formats.rfc9440, `:${text}:`), 'certificate_malformed')
        const outer = Buffer.from(armoured(base64)).toString('base64')
        assert.equal(decodeAndCheck(formats['base64-pem'], `${outer.slice(0, at)}${space}${outer.slice(at)}`), 'certificate_malformed')
      }
    })
  }

  it('base64-pem: refuses it in the outer layer too', () => {
    const outer = Buffer.from(`${armoured(base64)}\n`).toString('base64')
    assert.match(outer, /[^=]=$/)
    for (const what of ['a sign of no alphabet', 'a NUL', 'missing padding', 'padding too much', 'padding in the middle', 'stray pad bits', 'text behind the padding']) {
      assert.equal(decodeAndCheck(formats['base64-pem'], (loose[what] as (text: string) => string)(outer)), 'certificate_malformed', what)
    }
  })
})
