// Each was possible once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import boundToken from '../../lib/index.ts'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import { formats } from '../../lib/certificate/formats.ts'
import { trustedPeers } from '../../lib/certificate/trusted-proxy.ts'
import { inboundMessage, socketFrom, verdictOf } from '../certificate/inbound.ts'
import { headerCases } from '../certificate/vectors.ts'
import type { CertificateOptions } from '../../types/options.ts'
import { optionsFor } from '../guard/protected-app.ts'

test('white space that no proxy writes is not white space', () => {
  for (const space of ['\u00a0', '\v', '\f', '\ufeff', '\u2028', '\u3000']) {
    assert.throws(() => formats.pem(headerCases.certificate_pem.replace('\n', space)), { reason: 'certificate_malformed' })
    assert.throws(() => formats['url-pem'](encodeURIComponent(headerCases.certificate_pem.replace('\n', space))), { reason: 'certificate_malformed' })
  }
})

test('a range of IPv6 that holds all of IPv4, or nearly everything, is nobody\'s network', () => {
  for (const range of ['::ffff:0:0/96', '::/1', '::/80', '::ffff:0:0/95', '::/0', '0.0.0.0/1', '128.0.0.0/1', '2000::/3', '10.0.0.0/7']) {
    assert.throws(() => trustedPeers([range], 'p'), /^FastifyError.*: p\[0\]: found ".*", which trusts so many addresses/, range)
  }
  for (const range of ['10.0.0.0/8', 'fc00::/7', '::ffff:10.0.0.0/104', '::1']) assert.equal(trustedPeers([range], 'p').isTrusted(socketFrom('8.8.8.8'), undefined), false, range)
  assert.equal(trustedPeers(['::ffff:10.0.0.0/104'], 'p').isTrusted(socketFrom('10.1.2.3'), undefined), true)
})

test('a zone in a range would be lost: it is refused', () => {
  assert.throws(() => trustedPeers(['fe80::1%eth0'], 'p'), /p\[0\]: found "fe80::1%eth0"; allowed: /)
})

test('a reserved name is reported where it stands', () => {
  const options: CertificateOptions = { format: 'pem', trustedProxies: ['unix'], header: 'x-cert', verified: { header: 'host', value: 'x' } }
  assert.throws(() => compileCertificateSource(options, 'c'), /c\.verified\.header: found "host"/)
})

test('an async decoder refuses, and what it rejects with ends nothing', async () => {
  const decode = (async () => { throw new Error('secret') }) as unknown as () => Uint8Array
  const source = compileCertificateSource({ header: 'x-cert', format: decode, trustedProxies: ['127.0.0.1'] }, 'c')
  // An unhandled rejection would fail this test.
  assert.equal(verdictOf(source, inboundMessage([['x-cert', 'x']], socketFrom('127.0.0.1'))), 'certificate_malformed')
  await new Promise((resolve) => setImmediate(resolve))
})

test('a route with source "tls" on a plain server stops the boot', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(boundToken, optionsFor('http://127.0.0.1:1'))
  assert.throws(() => app.get('/', { config: { boundToken: { certificate: { source: 'tls' } } } }, async () => ''),
    /route GET \/: config\.boundToken\.certificate\.source: found "tls", but this server does not speak TLS/)
})

test('an option that is undefined is not there', () => {
  assert.ok(compileCertificateSource({ source: 'tls', preset: undefined } as object, 'c', { server: { asksForCertificate: true, authorities: () => undefined as unknown }, onTrouble () {} }))
})
