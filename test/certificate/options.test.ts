import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import Fastify from 'fastify'
import boundToken from '../../lib/index.ts'
import type { CertificateOptions } from '../../types/options.ts'
import { pluginOptions } from './guarded-app.ts'

const good = { header: 'x-cert', format: 'pem', trustedProxies: ['127.0.0.1'] } as const
const secret = 'a-secret-name-Ahx6Thah9ohnJ8ai$%'

// Wrong by themselves: the schema says so, at boot, with path, finding and what is allowed.
const wrong: ReadonlyArray<readonly [options: unknown, message: RegExp]> = [
  [undefined, /^options\.certificate: found nothing; allowed: an object with source, preset, header, .*$/],
  ['nginx', /^options\.certificate: found "nginx"; allowed: an object with source, preset, .*$/],
  [{ ...good, source: 'socket' }, /^options\.certificate\.source: found "socket"; allowed: "header", "tls"$/],
  [{ ...good, preset: 'nginy' }, /^options\.certificate\.preset: found "nginy"; allowed: "nginx", "apache", .*"akamai", "rfc9440"$/],
  [{ ...good, format: 'PEM' }, /^options\.certificate\.format: found "PEM"; allowed: "pem", "url-pem", .*"xfcc", a function$/],
  [{ ...good, format: null }, /^options\.certificate\.format: found null; allowed: "pem", .*$/],
  [{ ...good, format: 'toString' }, /^options\.certificate\.format: found "toString"; allowed: .*$/],
  [{ ...good, header: `${secret} ` }, /^options\.certificate\.header: found a string of 33 characters; allowed: the name of a header$/],
  [{ ...good, header: `${secret}:` }, /^options\.certificate\.header: found a string of 33 characters; allowed: the name of a header$/],
  [{ ...good, header: '' }, /^options\.certificate\.header: found a string of 0 characters; allowed: the name of a header$/],
  [{ ...good, header: [secret] }, /^options\.certificate\.header: found a list of 1; allowed: the name of a header$/],
  [{ ...good, header: { name: secret } }, /^options\.certificate\.header: found an object; allowed: the name of a header$/],
  [{ ...good, trustedProxies: [] }, /^options\.certificate\.trustedProxies: found a list of 0; allowed: a list of IP addresses, CIDRs, "unix" for a unix socket, and \{ addresses, clientCertificate, secretHeader \}$/],
  [{ ...good, trustedProxies: '127.0.0.1' }, /^options\.certificate\.trustedProxies: found "127\.0\.0\.1"; allowed: a list of IP addresses, .*$/],
  [{ ...good, trustedProxies: true }, /^options\.certificate\.trustedProxies: found true; allowed: a list of IP addresses, .*$/],
  [{ ...good, trustedProxies: [1] }, /^options\.certificate\.trustedProxies\[0\]: found 1; allowed: .*$/],
  [{ ...good, verified: true }, /^options\.certificate\.verified: found true; allowed: \{ header, value \}, or false$/],
  [{ ...good, verified: { header: 'x-verify' } }, /^options\.certificate\.verified\.value: (?:missing|found ""); allowed: a string that is not empty$/],
  [{ ...good, verified: { header: 'x-verify', value: '' } }, /^options\.certificate\.verified\.value: (?:missing|found ""); allowed: a string that is not empty$/],
  [{ ...good, secretName: true }, /^options\.certificate\.secretName: found true; allowed: an object with minLength$/],
  [{ ...good, secretName: { minLength: 8 } }, /^options\.certificate\.secretName\.minLength: found 8; allowed: an integer from 16 to 256$/],
  [{ ...good, maxBytes: 255 }, /^options\.certificate\.maxBytes: found 255; allowed: an integer from 256 to 1048576$/],
  [{ ...good, maxBytes: Infinity }, /^options\.certificate\.maxBytes: found Infinity; allowed: an integer from 256 to 1048576$/],
  // Within what may have several forms, the member that is wrong is named.
  [{ ...good, match: { subject: { cn: 'x' } } }, /^options\.certificate\.match\.subject\.cn: unknown option; allowed: CN, O, OU, .*$/],
  [{ ...good, match: [{ subject: { CN: 'x' } }, { subjectAltName: { DNS: 'x' } }] }, /^options\.certificate\.match\[1\]\.subjectAltName\.DNS: unknown option; allowed: dns, uri, email, ip$/],
  [{ ...good, match: { issuer: { CN: 5 } } }, /^options\.certificate\.match\.issuer\.CN: found 5; allowed: a string or a list of strings$/],
  [{ ...good, trustedProxies: [{ adresses: ['127.0.0.1'] }] }, /^options\.certificate\.trustedProxies\[0\]\.adresses: unknown option; allowed: addresses, clientCertificate, secretHeader$/],
  [{ ...good, trustedProxies: [{ secretHeader: { name: 'x-y' } }] }, /^options\.certificate\.trustedProxies\[0\]\.secretHeader\.value: missing; allowed: a string, .*$/],
  [{ ...good, trustedProxies: [{ addresses: ['localhost'] }] }, /^options\.certificate\.trustedProxies\[0\]\.addresses\[0\]: found "localhost"; allowed: an IP address.*$/],
  [{ ...good, trustedProxies: ['127.0.0.1', secret] }, /^options\.certificate\.trustedProxies\[1\]: found text of 32 characters; allowed: an IP address.*$/],
  [{ ...good, chain: { header: 'x-chain' } }, /^options\.certificate\.chain\.format: missing; allowed: "pem", .*$/],
  [{ ...good, trust: { ca: { fil: 'x' } } }, /^options\.certificate\.trust\.ca\.fil: unknown option; allowed: file$/],
  [{ ...good, trustedProxy: ['127.0.0.1'] }, /^options\.certificate\.trustedProxy: unknown option; allowed: source, preset, header, format, xfcc, trustedProxies, verified, chain, trust, match, secretName, maxBytes$/]
]

describe('certificate options that are wrong by themselves stop the boot', () => {
  for (const [options, message] of wrong) {
    it(message.source, async () => {
      const app = Fastify()
      app.register(boundToken, pluginOptions('http://127.0.0.1:1', options as CertificateOptions))
      await assert.rejects(async () => await app.ready(), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
        assert.match(error.message, message)
        assert.ok(!error.message.includes(secret))
        return true
      })
      await app.close()
    })
  }

  it('and these are right', async () => {
    const app = Fastify()
    app.register(boundToken, pluginOptions('http://127.0.0.1:1', good as unknown as CertificateOptions))
    await app.ready()
    await app.close()
  })
})
