import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formats } from '../../lib/certificate/formats.ts'
import { isPlaceholder } from '../../lib/certificate/placeholder.ts'
import { certificateBy, headerSource } from '../../lib/certificate/source.ts'
import { inboundMessage, verdictOf } from './inbound.ts'
import { write } from './spellings.ts'
import { headerCases } from './vectors.ts'

const nothing = createHash('sha256').update('')

// What proxies were seen to write when the client showed no certificate.
const seen: Readonly<Record<string, string>> = {
  'HAProxy: an empty value': '',
  'Apache %{…}s': '(null)',
  'a log\'s spelling': '-',
  'a verdict in the wrong header': 'NONE',
  'HAProxy in the form of RFC 9440': '::',
  'Apache in the form of RFC 9440': ':(null):',
  'Caddy 2.6: its own placeholder': '{http.request.tls.client.certificate_der_base64}',
  'Caddy 2.6 in the form of RFC 9440': ':{http.request.tls.client.certificate_der_base64}:',
  'Caddy 2.6: another placeholder': '{http.request.tls.client.fingerprint}',
  'newer Caddy: the fingerprint of nothing': nothing.copy().digest('hex'),
  'the fingerprint of nothing, base64': nothing.copy().digest('base64'),
  'the fingerprint of nothing, base64url': nothing.copy().digest('base64url')
}

const notPlaceholders = ['null', '(NULL)', '(null)x', 'none', 'NONE ', '--', ':', ':::', ':-:', '{}', '{HTTP.request.tls}', '{http.a}b', 'a{http.a}', '::{http.a}', '{{http.a}',
  '{http.a}}', '{http.request.tls.client.certificate_der_base64', `{http.${'a'.repeat(100)}}`, 'undefined', 's', '0',
  '-----BEGIN CERTIFICATE----------END CERTIFICATE-----', nothing.copy().digest('hex').toUpperCase()]

describe('placeholders for an absent certificate', () => {
  for (const [what, value] of Object.entries(seen)) {
    it(`${what}: ${JSON.stringify(value)}`, () => {
      assert.equal(isPlaceholder(value), true)
    })
  }

  for (const value of notPlaceholders) {
    it(`not ${JSON.stringify(value)}`, () => {
      assert.equal(isPlaceholder(value), false)
    })
  }

  for (const [name, decode] of Object.entries(formats)) {
    it(`${name}: each means "no certificate", in every format`, () => {
      const source = headerSource({ header: 'x-cert', decode: certificateBy(decode), mayLackCertificate: false, hasCommas: false, isTrusted: () => true, verified: false, maxBytes: 16_384 })
      for (const value of Object.values(seen)) assert.equal(verdictOf(source, inboundMessage([['x-cert', value]])), 'certificate_placeholder', value)
    })

    it(`${name}: what looks like one, but is not, is malformed and never a certificate`, () => {
      const source = headerSource({ header: 'x-cert', decode: certificateBy(decode), mayLackCertificate: false, hasCommas: false, isTrusted: () => true, verified: false, maxBytes: 16_384 })
      for (const value of notPlaceholders) {
        assert.match(verdictOf(source, inboundMessage([['x-cert', value]])), /^certificate_(?:malformed|placeholder)$/, value)
      }
    })
  }

  it('no certificate is ever taken for one', () => {
    const der = Buffer.from(headerCases.certificate_pem.replace(/-----.*-----|\s/g, ''), 'base64')
    for (const format of Object.keys(formats) as Array<keyof typeof formats>) assert.equal(isPlaceholder(write(format, der)), false)
    fc.assert(fc.property(fc.string({ minLength: 100, maxLength: 5000 }), (value) => !isPlaceholder(value)))
  })
})
