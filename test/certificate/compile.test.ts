import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import { OptionsError } from '../../lib/errors.ts'
import type { CertificateOptions } from '../../lib/options.ts'

const presets = 'nginx, apache, haproxy, caddy, ingress-nginx, openshift, envoy, traefik, kong, aws-alb, aws-cloudfront, gcp, azure-app-gateway, azure-app-service, cloudflare, akamai, rfc9440'
const formats = '"pem", "url-pem", "base64-der", "base64-der-list", "base64-pem", "hex-der", "rfc9440", "x5t#S256", "sha256-hex", "sha256-base64", "xfcc", a function'
const trustedProxies = ['127.0.0.1']

// Each names the path, what was found, and what is allowed.
const wrong: ReadonlyArray<readonly [what: string, options: CertificateOptions, message: string]> = [
  ['no header', { format: 'pem', trustedProxies },
    `certificate.header: missing; allowed: the name of a header, or a preset (${presets})`],
  ['nothing at all', {},
    `certificate.header: missing; allowed: the name of a header, or a preset (${presets})`],
  ['no format', { header: 'x-cert', trustedProxies },
    `certificate.format: missing; allowed: ${formats}, or a preset (${presets})`],
  ['S-1: no trusted proxies', { header: 'x-cert', format: 'pem' },
    'certificate.trustedProxies: missing; without it every caller could forge a certificate; allowed: a list of IP addresses, CIDRs, "unix" for a unix socket, and { addresses, clientCertificate, secretHeader }'],
  ['S-1: no trusted proxies beside a preset', { preset: 'nginx' },
    'certificate.trustedProxies: missing; without it every caller could forge a certificate; allowed: a list of IP addresses, CIDRs, "unix" for a unix socket, and { addresses, clientCertificate, secretHeader }'],
  ['a trusted proxy that is none', { preset: 'nginx', trustedProxies: ['localhost'] },
    'certificate.trustedProxies[0]: found "localhost"; allowed: an IP address, a CIDR such as "10.0.0.0/8", or "unix"'],
  ['a verdict in the header of the certificate', { header: 'X-Cert', format: 'pem', trustedProxies, verified: { header: 'x-cERT', value: 'SUCCESS' } },
    'certificate.verified.header: found the same header as in certificate.header; allowed: another name'],
  ['a certificate in the header of the preset\'s verdict', { preset: 'nginx', header: 'X-SSL-Verify', trustedProxies },
    'certificate.verified.header: found the same header as in certificate.header; allowed: another name'],
  ...['Authorization', 'connection', 'Host', 'COOKIE'].map((header) => [
    `a header that has a meaning of its own: ${header}`,
    { header, format: 'pem', trustedProxies },
    `certificate.header: found "${header}", which has a meaning of its own; allowed: another name`
  ] as [string, CertificateOptions, string]),
  ['a secret name that is too short', { header: 'x-cert', format: 'pem', trustedProxies, secretName: {} },
    'certificate.header: found a name of 6 characters; allowed: at least 32, since it is a secret'],
  ['a secret name one sign too short', { header: 'a'.repeat(31), format: 'pem', trustedProxies, secretName: {} },
    'certificate.header: found a name of 31 characters; allowed: at least 32, since it is a secret'],
  ['a secret name shorter than it says', { header: 'a'.repeat(32), format: 'pem', trustedProxies, secretName: { minLength: 40 } },
    'certificate.header: found a name of 32 characters; allowed: at least 40, since it is a secret'],
  ['a secret name that everybody knows', { preset: 'nginx', trustedProxies, secretName: {} },
    'certificate.header: missing; a secret name cannot come from a preset; allowed: a name of at least 32 characters'],
  ...(['preset', 'header', 'format', 'trustedProxies', 'verified', 'secretName', 'maxBytes'] as const).map((name) => [
    `TLS with ${name}`,
    { source: 'tls', [name]: { preset: 'nginx', header: 'x-cert', format: 'pem', trustedProxies, verified: false, secretName: {}, maxBytes: 4096 }[name] },
    `certificate.${name}: has no meaning with source "tls"; allowed: source "header", or no ${name}`
  ] as [string, CertificateOptions, string])
]

describe('certificate options that do not fit together stop the boot', () => {
  for (const [what, options, message] of wrong) {
    it(what, () => {
      assert.throws(() => compileCertificateSource(options, 'certificate'), (error: Error & { code?: string }) => {
        assert.ok(error instanceof OptionsError && error instanceof TypeError)
        assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
        assert.equal(error.message, message)
        return true
      })
    })
  }

  it('the path is that of the route, where the route says so', () => {
    assert.throws(() => compileCertificateSource({}, 'route GET /a: config.boundToken.certificate'), {
      message: `route GET /a: config.boundToken.certificate.header: missing; allowed: the name of a header, or a preset (${presets})`
    })
  })
})

describe('a secret name', () => {
  const secret = 'sec-client-x509-cert-Ahx6Thah9ohn'
  const whole: CertificateOptions = { header: secret, format: 'pem', trustedProxies, secretName: {} }

  it('is accepted when it is long enough', () => {
    assert.deepEqual(compileCertificateSource(whole, 'certificate').fields, { certificate: secret })
    assert.deepEqual(compileCertificateSource({ ...whole, header: secret.slice(0, 16), secretName: { minLength: 16 } }, 'certificate').fields, { certificate: secret.slice(0, 16) })
  })

  it('S-38: stands in no message', () => {
    const { format, trustedProxies: _, ...bare } = whole
    const broken: CertificateOptions[] = [
      { ...whole, secretName: { minLength: 256 } },
      { ...whole, verified: { header: secret, value: 'SUCCESS' } },
      { ...whole, verified: { header: secret.toUpperCase(), value: 'SUCCESS' } },
      { ...whole, trustedProxies: ['everywhere'] },
      { ...bare, trustedProxies },
      { ...bare, format: 'pem' },
      { ...whole, source: 'tls' }
    ]
    for (const options of broken) {
      assert.throws(() => compileCertificateSource(options, 'certificate'), (error: Error) => {
        assert.ok(error instanceof OptionsError)
        assert.ok(![error.message, error.stack, JSON.stringify(error)].join().toLowerCase().includes(secret.toLowerCase()), error.message)
        return true
      })
    }
    assert.equal(format, 'pem')
  })
})
