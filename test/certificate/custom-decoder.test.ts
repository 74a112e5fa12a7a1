import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { isRefusal } from '../../lib/errors.ts'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import { certificateBy, headerSource, type RememberedCertificate } from '../../lib/certificate/source.ts'
import type { CertificateDecoder } from '../../types/client-certificate.ts'
import { inboundMessage, readFrom, socketFrom, verdictOf } from './inbound.ts'
import { malformations } from './malformed-der.ts'
import { headerCases } from './vectors.ts'

const der = new X509Certificate(headerCases.certificate_pem).raw
const thumbprint = headerCases['x5t#S256']
const secret = 'a-value-that-must-not-be-told'
const message = inboundMessage([['X-Cert', secret]])

function sourceOf (decode: unknown) {
  return headerSource({ header: 'X-Cert', decode: certificateBy(decode as CertificateDecoder), mayLackCertificate: false, hasCommas: false, isTrusted: () => true, verified: false, maxBytes: 16_384 })
}

describe('a decoder of the user\'s own', () => {
  it('gives the DER in any view of bytes', () => {
    const shared = new Uint8Array([0, ...der, 0])
    const views = [der, new Uint8Array(der), shared.subarray(1, -1)]
    for (const view of views) assert.equal(verdictOf(sourceOf(() => view), message), thumbprint)
  })

  it('gets the value, trimmed, and nothing else', () => {
    const calls: unknown[][] = []
    verdictOf(sourceOf((...parameters: unknown[]) => { calls.push(parameters) }), inboundMessage([['X-Cert', ' a value ']]))
    assert.deepEqual(calls, [['a value']])
  })

  it('is asked again when a token is new: what it finds good now may be bad later', () => {
    let isExpired = false
    const format = (): Uint8Array => {
      if (isExpired) throw new Error('expired')
      return der
    }
    const source = compileCertificateSource({ header: 'x-cert', format, trustedProxies: ['127.0.0.1'] }, 'c')
    const value = inboundMessage([['x-cert', secret]], socketFrom('127.0.0.1'))
    source.share(readFrom(source, value) as RememberedCertificate)
    isExpired = true
    assert.equal(verdictOf(source, value), 'certificate_malformed')
  })

  it('is not asked where there is no value', () => {
    const source = sourceOf(() => assert.fail('it was asked'))
    assert.equal(verdictOf(source, inboundMessage([])), 'certificate_missing')
    assert.equal(verdictOf(source, inboundMessage([['X-Cert', '']])), 'certificate_placeholder')
  })

  for (const [what, thrown] of Object.entries({
    'an error': new Error(`cannot read ${secret}`),
    'an error with the value as its cause': new Error('cannot read', { cause: secret }),
    'an error that looks like a refusal': Object.assign(new Error(secret), { reason: 'certificate_missing', statusCode: 200, answer: 'missing', detail: secret }),
    'the value': secret,
    nothing: undefined,
    null: null
  })) {
    it(`S-38: throws ${what}: malformed, and none of it goes further`, () => {
      const source = sourceOf(() => { throw thrown })
      assert.throws(() => readFrom(source, message), (error: Error) => {
        assert.ok(isRefusal(error))
        assert.equal(error.reason, 'certificate_malformed')
        assert.equal(error.statusCode, 401)
        const told = [error.message, error.stack, error.detail, String(error.cause), JSON.stringify(error), String(error)].join()
        assert.ok(!told.includes(secret))
        return true
      })
    })
  }

  for (const [what, result] of Object.entries({
    undefined,
    null: null,
    true: true,
    'a number': 42,
    'a bigint': 42n,
    'a symbol': Symbol('der'),
    'a function': () => der,
    'an object': {},
    'a promise': Promise.resolve(der),
    'an empty string': '',
    'text of PEM': headerCases.certificate_pem,
    'text of base64': der.toString('base64'),
    'text of the bytes': der.toString('latin1'),
    'no bytes': Buffer.alloc(0),
    'bytes that are no certificate': Buffer.alloc(400),
    'the certificate as Node\'s object': new X509Certificate(der)
  })) {
    it(`gives ${what}: malformed`, () => {
      assert.equal(verdictOf(sourceOf(() => result), message), 'certificate_malformed')
    })
  }

  for (const [what, alter] of Object.entries(malformations)) {
    it(`S-12: gives ${what}: malformed, because its result is checked like that of ours`, () => {
      assert.equal(verdictOf(sourceOf(() => alter(der)), message), 'certificate_malformed')
    })
  }

  it('cannot change the certificate afterwards', () => {
    const bytes = Buffer.from(der)
    const outcome = readFrom(sourceOf(() => bytes), message)
    bytes.fill(0)
    assert.ok(typeof outcome === 'object')
    assert.deepEqual(outcome.presented.certificate.der, der)
    assert.equal(outcome.presented.certificate.thumbprint, thumbprint)
  })
})
