import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { capturesIn } from './captures.ts'

describe('S-13: what Caddy 2.6 wrote', () => {
  const { thumbprints, linesOf, read } = capturesIn('caddy-2.6', { preset: 'caddy' })
  const valueOf = (name: string): string => linesOf(name).find(([name]) => name === 'X-Ssl-Cert')?.[1].trim() ?? ''

  for (const name of ['rsa-2048', 'ec-p256', 'ed25519', 'san-60']) {
    it(`${name}: the thumbprint of the certificate that the client showed`, () => {
      assert.equal(typeof thumbprints[name], 'string')
      assert.equal(read(name), thumbprints[name])
    })
  }

  it('S-6: there is no verdict, and a demand for one is not fulfilled', () => {
    assert.deepEqual(linesOf('ec-p256').map(([name]) => name), ['X-Ssl-Cert'])
    assert.equal(read('ec-p256', { verified: { header: 'x-ssl-verify', value: 'SUCCESS' } }), 'certificate_unverified')
  })

  const nothing = {
    'no-certificate': '{http.request.tls.client.certificate_der_base64}',
    'forged-without-certificate': '{http.request.tls.client.certificate_der_base64}',
    'rfc9440-without-certificate': ':{http.request.tls.client.certificate_der_base64}:',
    'fingerprint-without-certificate': '{http.request.tls.client.fingerprint}',
    unknown: '{http.request.tls.client.certificate_chain}',
    'unknown-without-certificate': '{http.request.tls.client.certificate_chain}'
  }
  for (const [name, value] of Object.entries(nothing)) {
    it(`S-1: ${name}: the name of what is missing counts as no certificate`, () => {
      assert.equal(valueOf(name), value)
      assert.equal(read(name), 'certificate_placeholder')
      assert.equal(read(name, { format: 'rfc9440' }), 'certificate_placeholder')
    })
  }

  it('S-2: forged-with-certificate: Caddy passes the spelling with underscores on, and that is refused', () => {
    assert.deepEqual(linesOf('forged-with-certificate').map(([name]) => name).sort(), ['X-Ssl-Cert', 'X_ssl_cert'])
    assert.equal(read('forged-with-certificate'), 'certificate_ambiguous')
  })

  it('rfc9440: the form of RFC 9440', () => {
    assert.equal(read('rfc9440', { format: 'rfc9440' }), thumbprints['rfc9440'])
    assert.equal(read('rfc9440'), 'certificate_malformed', 'not guessed')
  })

  it('fingerprint: is the thumbprint in hex; it is not a certificate', () => {
    assert.equal(Buffer.from(valueOf('fingerprint'), 'hex').toString('base64url'), thumbprints['fingerprint'])
    assert.equal(read('fingerprint'), 'certificate_malformed')
  })
})
