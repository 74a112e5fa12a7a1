import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answerOfNode, capturesIn } from './captures.ts'

describe('S-13: what Apache 2.4 wrote', () => {
  const { thumbprints, textOf, linesOf, read } = capturesIn('apache-2.4', { preset: 'apache' })
  const valueOf = (name: string): string | undefined => linesOf(name).find(([name]) => name === 'X-SSL-Cert')?.[1].trim()

  for (const name of ['rsa-2048', 'ec-p256', 'ed25519', 'san-60', 'unconditional']) {
    it(`${name}: the thumbprint of the certificate that the client showed`, () => {
      assert.equal(typeof thumbprints[name], 'string')
      assert.equal(read(name, { verified: false }), thumbprints[name])
    })

    it(`S-6: ${name}: self-signed, and so not verified by the proxy`, () => {
      assert.equal(read(name), 'certificate_unverified')
      assert.equal(read(name, { verified: { header: 'X-SSL-Verify', value: 'FAILED:self-signed certificate' } }), thumbprints[name])
    })
  }

  it('escape: leaves plus, slash and equals sign as they are', () => {
    assert.match(valueOf('rsa-2048') as string, /^-----BEGIN%20CERTIFICATE-----%0a[A-Za-z0-9+/=]{64}%0a/)
    assert.match(valueOf('rsa-2048') as string, /\+/)
    assert.match(valueOf('rsa-2048') as string, /=%0a-----END%20CERTIFICATE-----%0a$/)
  })

  it('S-1: no-certificate, forged-without-certificate: neither header is there, whatever the client sent', () => {
    for (const name of ['no-certificate', 'forged-without-certificate']) {
      assert.equal(thumbprints[name], null)
      assert.deepEqual(linesOf(name), [])
      assert.equal(read(name), 'certificate_missing')
    }
  })

  it('S-2: forged-with-certificate: Apache passes the spelling with underscores on, and that is refused', () => {
    assert.deepEqual(linesOf('forged-with-certificate').map(([name]) => name), ['X_SSL_Cert', 'X-SSL-Cert', 'X-SSL-Verify'])
    assert.equal(read('forged-with-certificate', { verified: false }), 'certificate_ambiguous')
  })

  it('connection-takes-both: both are still there, since their names are edited out of Connection', () => {
    assert.equal(read('connection-takes-both', { verified: false }), thumbprints['connection-takes-both'])
    assert.equal(read('connection-takes-both'), 'certificate_unverified')
  })

  it('spaces, base64, rfc9440: each in the format of its name', () => {
    const formats = { spaces: 'pem', base64: 'base64-pem', rfc9440: 'rfc9440' } as const
    for (const [name, format] of Object.entries(formats)) {
      assert.equal(read(name, { format, verified: false }), thumbprints[name])
      assert.equal(read(name, { verified: false }), 'certificate_malformed', 'not guessed')
      assert.equal(read(`${name}-without-certificate`, { format, verified: false }), 'certificate_placeholder')
    }
  })

  it('escape-with-stray-s: the letter that guides print behind it is refused, with a certificate and without', () => {
    assert.match(valueOf('escape-with-stray-s') as string, /-----END%20CERTIFICATE-----%0as$/)
    assert.equal(read('escape-with-stray-s', { verified: false }), 'certificate_malformed')
    assert.equal(valueOf('escape-with-stray-s-without-certificate'), 's')
    assert.equal(read('escape-with-stray-s-without-certificate', { verified: false }), 'certificate_malformed')
  })

  const nothing = {
    'spaces-without-certificate': '(null)',
    'chain-0': '(null)',
    'chain-0-without-certificate': '(null)',
    'b64cert-of-2.5': ':(null):',
    'b64cert-of-2.5-without-certificate': ':(null):',
    'rfc9440-without-certificate': '(null)',
    'unconditional-without-certificate': '',
    'base64-without-certificate': '',
    'expression-without-certificate': ''
  }
  for (const [name, value] of Object.entries(nothing)) {
    it(`${name}: "${value}" counts as no certificate`, () => {
      assert.equal(valueOf(name), value)
      assert.equal(read(name, { verified: false }), 'certificate_placeholder')
      assert.equal(read(name), 'certificate_placeholder')
    })
  }

  it('expression: its bare line feeds are refused by Node before anybody reads them', async () => {
    assert.match(textOf('expression'), /-----BEGIN CERTIFICATE-----\nMII/)
    assert.equal(await answerOfNode(textOf('expression').replace('\nX-SSL-Verify', '\r\nX-SSL-Verify').replace(/\n$/, '\r\n')), 400)
    assert.equal(await answerOfNode(textOf('spaces').replaceAll('\n', '\r\n')), 200)
  })
})
