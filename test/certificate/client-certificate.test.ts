import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { presentCertificate } from '../../lib/certificate/client-certificate.ts'
import { createCertificate, createKeys } from './certificates.ts'
import { connect2id, rfc8705 } from './vectors.ts'

const names = ['subject', 'issuer', 'serialNumber', 'validFrom', 'validTo', 'subjectAltName', 'x509'] as const

async function present (options: Parameters<typeof createCertificate>[0] = {}) {
  const { der, thumbprint } = await createCertificate(options)
  return { der, thumbprint, ...presentCertificate(der) }
}

describe('client certificate', () => {
  it('has the thumbprint of RFC 8705, and its 32 bytes', async () => {
    const { der, digest, certificate } = await present()
    const expected = createHash('sha256').update(der)
    assert.equal(certificate.thumbprint, expected.copy().digest('base64url'))
    assert.deepEqual(digest, expected.copy().digest())
    assert.match(certificate.thumbprint, /^[A-Za-z0-9_-]{43}$/)
  })

  it('has what stands in it', async () => {
    const { der, certificate } = await present({
      name: 'a client',
      subjectAltNames: [{ type: 'dns', value: 'client.example.com' }, { type: 'url', value: 'spiffe://example.com/client' }],
      notBefore: new Date('2026-01-02T03:04:05Z'),
      notAfter: new Date('2036-11-12T13:14:15Z')
    })
    assert.equal(certificate.subject, 'CN=a client')
    assert.equal(certificate.issuer, 'CN=a client')
    assert.equal(certificate.subjectAltName, 'DNS:client.example.com, URI:spiffe://example.com/client')
    assert.deepEqual(certificate.validFrom, new Date('2026-01-02T03:04:05Z'))
    assert.deepEqual(certificate.validTo, new Date('2036-11-12T13:14:15Z'))
    assert.equal(certificate.serialNumber, new X509Certificate(der).serialNumber)
    assert.match(certificate.serialNumber, /^[0-9A-F]+$/)
    assert.deepEqual(certificate.x509.raw, der)
  })

  it('has no alternative names where there are none', async () => {
    const { certificate } = await present()
    assert.equal(certificate.subjectAltName, undefined)
  })

  it('reads dates of one and two digits, of both forms that X.509 has, and long past ones', async () => {
    const { certificate } = await present({ notBefore: new Date('1950-01-01T00:00:00Z'), notAfter: new Date('9999-12-31T23:59:59Z') })
    assert.deepEqual(certificate.validFrom, new Date('1950-01-01T00:00:00Z'))
    assert.deepEqual(certificate.validTo, new Date('9999-12-31T23:59:59Z'))
    const published = presentCertificate(new X509Certificate(rfc8705.certificate_pem).raw).certificate
    assert.deepEqual([published.validFrom, published.validTo], [new Date('2018-10-18T12:37:09Z'), new Date('2022-05-02T12:37:09Z')])
    const pem = connect2id.value.replace(/(?<=BEGIN CERTIFICATE-----)|(?=-----END)/g, '\n')
    assert.deepEqual(presentCertificate(new X509Certificate(pem).raw).certificate.validFrom, new Date('2017-08-07T14:32:35Z'))
  })

  it('is parsed only when something in it is read, and then once', () => {
    const { certificate } = presentCertificate(Buffer.from('no certificate at all'))
    assert.equal(certificate.thumbprint.length, 43)
    assert.equal(certificate.der.toString(), 'no certificate at all')
    for (const name of names) assert.throws(() => certificate[name], name)

    const parsed = presentCertificate(new X509Certificate(rfc8705.certificate_pem).raw).certificate
    assert.equal(parsed.x509, parsed.x509)
  })

  it('cannot be changed by those who share it', async () => {
    const { der, thumbprint, certificate } = await present()
    assert.ok(Object.isFrozen(certificate))
    assert.throws(() => Object.assign(certificate, { thumbprint: 'another' }), TypeError)
    assert.throws(() => Object.assign(certificate, { subject: 'CN=admin' }), TypeError)
    const original = Buffer.from(der)
    certificate.der.fill(0)
    assert.deepEqual(certificate.der, original)
    certificate.validTo.setFullYear(2999)
    assert.notEqual(certificate.validTo.getFullYear(), 2999)
    assert.equal(certificate.thumbprint, thumbprint)
  })

  it('72, C3, S-8: with the same key and the same names is another one when it was issued again', async () => {
    const keys = await createKeys()
    const [first, second] = [await present({ keys }), await present({ keys })]
    assert.equal(first.certificate.subject, second.certificate.subject)
    assert.notEqual(first.certificate.thumbprint, second.certificate.thumbprint)
  })

  it('C29: says hostile names without breaking a line', async () => {
    const hostile = 'a\r\nX-Admin: true\0\u202e", CN=admin'
    const { certificate } = await present({ name: hostile, subjectAltNames: [{ type: 'dns', value: 'a, DNS:admin' }] })
    assert.ok(!certificate.subject.includes('\r') && !certificate.subject.includes('\0'))
    assert.equal(certificate.subject.split('\n').length, 1)
    // Node quotes what it would otherwise be taken for.
    assert.equal(certificate.subjectAltName, 'DNS:"a\\u002c DNS:admin"')
  })
})
