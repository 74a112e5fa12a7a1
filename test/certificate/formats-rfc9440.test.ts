import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { formats } from '../../lib/certificate/formats.ts'
import { decodeAndCheck } from '../contract/certificate-decoder.contract.ts'
import { headerCases } from './vectors.ts'

const der = new X509Certificate(headerCases.certificate_pem).raw
const base64 = der.toString('base64')
const [half, otherHalf] = [base64.slice(0, 80), base64.slice(80)]
const read = (value: string) => decodeAndCheck(formats.rfc9440, value)

// RFC 8941 section 3.3.5: colons, and nothing outside them. Here … stands for the base64 of a certificate.
describe('C22, 92: rfc9440: one Byte Sequence', () => {
  it('and then it is taken', () => {
    assert.deepEqual(read(`:${base64}:`), der)
  })

  it('refuses every other sign in the place of a colon', () => {
    for (let code = 0; code < 256; code++) {
      const sign = String.fromCharCode(code)
      if (sign === ':') continue
      assert.equal(read(`${sign}${base64}:`), 'certificate_malformed', sign)
      assert.equal(read(`:${base64}${sign}`), 'certificate_malformed', sign)
      assert.equal(read(`${sign}${base64}${sign}`), 'certificate_malformed', sign)
    }
  })

  for (const form of ['::…::', '::…:', ':…::', ':…', '…:', '…', ' :…:', ':…: ', ':…:;a=1', ':…:;', '(:…:)', 'a=:…:', '":…:"', '"…"', '*…*', ':…::…:', ':…: :…:']) {
    it(`refuses ${form}`, () => {
      assert.equal(read(form.replaceAll('…', base64)), 'certificate_malformed')
    })
  }

  it('refuses a colon inside', () => {
    assert.equal(read(`:${half}:${otherHalf}:`), 'certificate_malformed')
  })
})
