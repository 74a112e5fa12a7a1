import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answerOfNode, capturesIn } from './captures.ts'

describe('S-13: what nginx 1.22 wrote', () => {
  const { thumbprints, textOf, read } = capturesIn('nginx-1.22', { preset: 'nginx' })

  for (const name of ['rsa-2048', 'ec-p256', 'ed25519', 'san-60', 'forged-with-certificate']) {
    it(`${name}: the thumbprint of the certificate that the client showed`, () => {
      assert.equal(typeof thumbprints[name], 'string')
      assert.equal(read(name, { verified: false }), thumbprints[name])
    })

    it(`S-6: ${name}: self-signed, and so not verified by the proxy`, () => {
      assert.equal(read(name), 'certificate_unverified')
      assert.equal(read(name, { verified: { header: 'X-SSL-Verify', value: 'FAILED:self-signed certificate' } }), thumbprints[name])
    })
  }

  for (const name of ['no-certificate', 'forged-without-certificate']) {
    it(`S-1: ${name}: no certificate, whatever the client sent`, () => {
      assert.equal(thumbprints[name], null)
      assert.equal(read(name, { verified: false }), 'certificate_missing')
    })
  }

  it('folded-ssl-client-cert: Node refuses the deprecated $ssl_client_cert before anybody reads it', async () => {
    const lines = textOf('folded-ssl-client-cert').replace('\nX-SSL-Verify', '\r\nX-SSL-Verify').replace(/\n$/, '\r\n')
    assert.match(lines, /-----BEGIN CERTIFICATE-----\n\tMII/)
    assert.equal(await answerOfNode(lines), 400)
  })
})
