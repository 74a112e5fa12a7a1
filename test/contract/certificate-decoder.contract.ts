import assert from 'node:assert/strict'
import { it } from 'node:test'
import { refuseUnlessOneCertificate } from '../../lib/certificate/client-certificate.ts'
import { isRefusal } from '../../lib/errors.ts'
import type { CertificateDecoder } from '../../types/client-certificate.ts'

export interface CertificateDecoderSubject {
  readonly decode: CertificateDecoder
  /** Writes one certificate as a proxy does. */
  readonly write: (der: Buffer) => string
  /** Certificates of several kinds, DER. */
  readonly certificates: () => readonly Buffer[]
}

/** What a decoder and the check that follows it make of a value: the DER, or the reason for the refusal. */
export function decodeAndCheck (decode: CertificateDecoder, value: string): Uint8Array | string {
  try {
    const der = decode(value)
    refuseUnlessOneCertificate(der)
    return der
  } catch (error) {
    if (isRefusal(error)) return error.reason
    throw error
  }
}

/** Holds for every header format, those to come included. */
export function certificateDecoderContract ({ decode, write, certificates }: CertificateDecoderSubject): void {
  it('gives the very bytes of each certificate', () => {
    for (const der of certificates()) assert.deepEqual(Buffer.from(decode(write(der))), der)
  })

  it('gives bytes of their own: what becomes of them changes no later answer', () => {
    const [der] = certificates()
    assert.ok(der !== undefined)
    const value = write(der)
    decode(value).fill(0)
    assert.deepEqual(Buffer.from(decode(value)), der)
  })

  it('keeps no state: after a refusal it reads as before', () => {
    for (const der of certificates()) {
      assert.equal(typeof decodeAndCheck(decode, `${write(der)}!`), 'string')
      assert.deepEqual(decodeAndCheck(decode, write(der)), decode(write(der)))
    }
  })

  const hopeless = ['', ' ', '\t', 'x', '1', '?1', '=', '====', ':', '::', ':::', '%', '%%', '%2', '%zz', '%00', '%C3%28', '%E2%82', '\0', '\u00e9',
    '\ufeff', '(null)', '-', 'NONE', 'null', 'undefined', '{}', '__proto__', '"', '""', '*', ',', ';', '-----BEGIN CERTIFICATE-----',
    '-----BEGIN CERTIFICATE----------END CERTIFICATE-----', 'A'.repeat(43), 'A'.repeat(44), 'A'.repeat(100_000), '%41'.repeat(10_000),
    ' '.repeat(100_000), '-'.repeat(100_000)]
  for (const value of hopeless) {
    it(`refuses ${JSON.stringify(value.length > 60 ? `${value.slice(0, 4)}… of ${value.length}` : value)}, and with nothing but a refusal`, () => {
      assert.match(String(decodeAndCheck(decode, value)), /^certificate_(?:malformed|placeholder)$/)
    })
  }

  it('tells nothing of the value in its refusal', () => {
    const secret = 'c2VjcmV0LXNlY3JldA'
    for (const value of [secret, `:${secret}!:`, `-----BEGIN PRIVATE KEY-----${secret}-----END PRIVATE KEY-----`, `%zz${secret}`]) {
      assert.throws(() => refuseUnlessOneCertificate(decode(value)), (error: Error & { detail?: string }) =>
        ![error.message, error.stack, error.detail, JSON.stringify(error)].join().includes(secret))
    }
  })
}
