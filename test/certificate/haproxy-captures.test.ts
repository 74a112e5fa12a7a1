import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { capturesIn } from './captures.ts'

describe('S-13: what HAProxy 2.6 wrote', () => {
  const { thumbprints, linesOf, read } = capturesIn('haproxy-2.6', { preset: 'haproxy' })

  for (const name of ['rsa-2048', 'ec-p256', 'ed25519', 'san-60']) {
    it(`${name}: the thumbprint of the certificate that the client showed`, () => {
      assert.equal(typeof thumbprints[name], 'string')
      assert.equal(read(name, { verified: false }), thumbprints[name])
    })

    it(`S-6: ${name}: self-signed, and so not verified by the proxy`, () => {
      assert.equal(read(name), 'certificate_unverified')
      assert.equal(read(name, { verified: { header: 'X-SSL-Verify', value: '18' } }), thumbprints[name])
    })
  }

  it('S-1: forged-without-certificate, no-certificate: neither header is there, whatever the client sent', () => {
    for (const name of ['no-certificate', 'forged-without-certificate']) {
      assert.equal(thumbprints[name], null)
      assert.deepEqual(linesOf(name), [])
      assert.equal(read(name), 'certificate_missing')
    }
  })

  it('S-2: forged-with-certificate: HAProxy passes the spelling with underscores on, and that is refused', () => {
    assert.deepEqual(linesOf('forged-with-certificate').map(([name]) => name), ['x_ssl_cert', 'x-ssl-cert', 'x-ssl-verify'])
    assert.equal(read('forged-with-certificate', { verified: false }), 'certificate_ambiguous')
  })

  it('S-6: unconditional-without-certificate: empty beside the verdict 0, which stands for "verified" as well', () => {
    assert.deepEqual(linesOf('unconditional-without-certificate'), [['x-ssl-cert', ' '], ['x-ssl-verify', ' 0']])
    assert.equal(read('unconditional-without-certificate'), 'certificate_placeholder')
  })

  it('oversize: a certificate that does not fit the buffer is an empty header, as if there were none', () => {
    assert.equal(typeof thumbprints['oversize'], 'string')
    assert.equal(read('oversize', { verified: false }), 'certificate_placeholder')
  })

  it('rfc9440: the form of RFC 9440, two colons around nothing without a certificate', () => {
    const options = { preset: 'rfc9440', header: 'x-ssl-cert' } as const
    assert.equal(read('rfc9440', options), thumbprints['rfc9440'])
    assert.equal(read('rfc9440-without-certificate', options), 'certificate_placeholder')
  })

  it('chain: has the intermediates only, and so nothing of a client that sends none', () => {
    assert.equal(read('chain', { verified: false }), 'certificate_placeholder')
  })

  it('x5t: is the thumbprint to the letter, or empty; it is not a certificate', () => {
    const [, value] = linesOf('x5t').find(([name]) => name === 'x-ssl-cert') as [string, string]
    assert.equal(value.trim(), thumbprints['x5t'])
    assert.equal(read('x5t', { verified: false }), 'certificate_malformed')
    assert.equal(read('x5t-without-certificate', { verified: false }), 'certificate_placeholder')
  })

  it('hex: is not guessed; a decoder of one\'s own reads it', () => {
    assert.equal(read('hex', { verified: false }), 'certificate_malformed')
    assert.equal(read('hex', { verified: false, format: (value) => Buffer.from(value, 'hex') }), thumbprints['hex'])
  })
})
