import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import { presets, type PresetName } from '../../lib/certificate/presets.ts'
import type { CertificateOptions } from '../../types/options.ts'
import { inboundMessage, socketFrom, verdictOf, type FieldLine } from './inbound.ts'
import { spellings, type FormatName } from './spellings.ts'
import { headerCases } from './vectors.ts'

const der = new X509Certificate(headerCases.certificate_pem).raw
const thumbprint = headerCases['x5t#S256']

function spelled (format: FormatName, proxy: string): string {
  const [, spell] = Object.entries(spellings[format]).find(([name]) => name.includes(proxy)) ?? assert.fail(`no spelling of ${proxy}`)
  return spell(der)
}

/** What each proxy sends by the configuration that is recommended for it. */
const sent: Readonly<Record<PresetName, { certificate: FieldLine, verdict?: FieldLine }>> = {
  nginx: { certificate: ['X-SSL-Cert', spelled('url-pem', 'nginx')], verdict: ['X-SSL-Verify', 'SUCCESS'] },
  apache: { certificate: ['X-SSL-Cert', spelled('url-pem', 'Apache')], verdict: ['X-SSL-Verify', 'SUCCESS'] },
  haproxy: { certificate: ['x-ssl-cert', spelled('base64-der', 'HAProxy')], verdict: ['x-ssl-verify', '0'] },
  caddy: { certificate: ['X-Ssl-Cert', spelled('base64-der', 'Caddy')] },
  rfc9440: { certificate: ['Client-Cert', spelled('rfc9440', 'HAProxy')] },
  'ingress-nginx': { certificate: ['ssl-client-cert', spelled('url-pem', 'nginx')], verdict: ['ssl-client-verify', 'SUCCESS'] },
  openshift: { certificate: ['X-SSL-Client-DER', spelled('base64-der', 'HAProxy')], verdict: ['X-SSL-Client-Verify', '0'] },
  envoy: { certificate: ['x-forwarded-client-cert', `Hash=${Buffer.from(thumbprint, 'base64url').toString('hex')};Cert="${spelled('url-pem', 'Azure')}";Subject="CN=a\\, b";URI=spiffe://x/y;DNS=a.example.com`] },
  traefik: { certificate: ['X-Forwarded-Tls-Client-Cert', spelled('base64-der-list', 'with its chain')] },
  kong: { certificate: ['X-Client-Cert', spelled('url-pem', 'nginx')] },
  'aws-alb': { certificate: ['X-Amzn-Mtls-Clientcert-Leaf', spelled('url-pem', 'AWS: ')] },
  'aws-cloudfront': { certificate: ['CloudFront-Viewer-Cert-Pem', spelled('url-pem', 'CloudFront')], verdict: ['CloudFront-Viewer-Cert-Present', '1'] },
  gcp: { certificate: ['X-Client-Cert-Leaf', spelled('rfc9440', 'Google')], verdict: ['X-Client-Cert-Chain-Verified', 'true'] },
  'azure-app-gateway': { certificate: ['X-Client-Cert', spelled('url-pem', 'Azure')], verdict: ['X-Client-Cert-Verification', 'SUCCESS'] },
  'azure-app-service': { certificate: ['X-ARR-ClientCert', spelled('base64-der', 'Azure')] },
  cloudflare: { certificate: ['Client-Cert', spelled('rfc9440', 'Cloudflare')] },
  akamai: { certificate: ['AKAMAI-CC-DER', spelled('rfc9440', 'Akamai')] }
}

function read (options: CertificateOptions, ...lines: FieldLine[]): string {
  const source = compileCertificateSource({ trustedProxies: ['127.0.0.1'], ...options }, 'certificate')
  return verdictOf(source, inboundMessage(lines, socketFrom('127.0.0.1')))
}

describe('presets', () => {
  it('each has an example of what it reads', () => {
    assert.deepEqual(Object.keys(presets).sort(), Object.keys(sent).sort())
  })

  for (const [name, { certificate, verdict }] of Object.entries(sent)) {
    const preset = name as PresetName

    it(`${preset}: reads what its proxy sends`, () => {
      assert.equal(read({ preset }, certificate, ...verdict === undefined ? [] : [verdict]), thumbprint)
    })

    it(`${preset}: the header can be overridden; then its own is not read`, () => {
      const lines = verdict === undefined ? [] : [verdict]
      assert.equal(read({ preset, header: 'X-Other' }, ['X-Other', certificate[1]], ...lines), thumbprint)
      assert.equal(read({ preset, header: 'X-Other' }, certificate, ...lines), 'certificate_missing')
    })

    it(`${preset}: the format can be overridden; then its own is not read`, () => {
      const format = presets[preset].format === 'rfc9440' ? 'base64-der' : 'rfc9440'
      const lines = verdict === undefined ? [] : [verdict]
      assert.equal(read({ preset, format }, certificate, ...lines), certificate[1].includes(',') ? 'certificate_ambiguous' : 'certificate_malformed')
      assert.equal(read({ preset, format: () => der }, [certificate[0], 'anything'], ...lines), thumbprint)
    })

    if (verdict === undefined) {
      it(`${preset}: a verdict can be asked for`, () => {
        const verified = { header: 'X-Verify', value: 'yes' }
        assert.equal(read({ preset, verified }, certificate), 'certificate_unverified')
        assert.equal(read({ preset, verified }, certificate, ['X-Verify', 'yes']), thumbprint)
      })
      continue
    }

    it(`S-6: ${preset}: without its verdict, or with another, the certificate is not verified`, () => {
      assert.equal(read({ preset }, certificate), 'certificate_unverified')
      for (const value of ['NONE', 'FAILED:self-signed certificate', '18', '', verdict[1].toLowerCase() + ' ', `${verdict[1]}0`].filter((value) => value.trim() !== verdict[1])) {
        assert.equal(read({ preset }, certificate, [verdict[0], value]), 'certificate_unverified', value)
      }
    })

    it(`${preset}: the verdict can be done without, or be another`, () => {
      assert.equal(read({ preset, verified: false }, certificate), thumbprint)
      assert.equal(read({ preset, verified: { header: verdict[0], value: 'GENEROUS' } }, certificate, [verdict[0], 'GENEROUS']), thumbprint)
      assert.equal(read({ preset, verified: { header: verdict[0], value: 'GENEROUS' } }, certificate, verdict), 'certificate_unverified')
    })
  }

  it('S-6: haproxy: its verdict 0 also stands for "no certificate", and then there is none', () => {
    assert.equal(read({ preset: 'haproxy' }, ['x-ssl-verify', '0']), 'certificate_missing')
    assert.equal(read({ preset: 'haproxy' }, ['x-ssl-cert', ''], ['x-ssl-verify', '0']), 'certificate_placeholder')
  })

  it('S-14: a value of 16384 characters is decoded, unless maxBytes says otherwise', () => {
    const certificate = (length: number): FieldLine => ['Client-Cert', `:${'A'.repeat(length - 2)}:`]
    assert.equal(read({ preset: 'rfc9440' }, certificate(16_384)), 'certificate_malformed')
    assert.equal(read({ preset: 'rfc9440' }, certificate(16_385)), 'certificate_too_large')
    assert.equal(read({ preset: 'rfc9440', maxBytes: 16_385 }, certificate(16_385)), 'certificate_malformed')
    assert.equal(read({ preset: 'rfc9440', maxBytes: 256 }, certificate(257)), 'certificate_too_large')
  })
})
