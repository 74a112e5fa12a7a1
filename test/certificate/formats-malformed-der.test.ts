import assert from 'node:assert/strict'
import { createHash, createPublicKey } from 'node:crypto'
import { before, describe, it } from 'node:test'
import { formats } from '../../lib/certificate/formats.ts'
import { certificateBy, headerSource } from '../../lib/certificate/source.ts'
import { createCertificate, createCertificateRequest, createKeys, createRevocationList, type TestCertificate } from './certificates.ts'
import { der, oid, sequence } from './der.ts'
import { inboundMessage, verdictOf } from './inbound.ts'
import { berInSignedPart, malformations } from './malformed-der.ts'
import { write, type FormatName } from './spellings.ts'

const otherThings: Record<string, Buffer> = {}
let certificate: TestCertificate
let larger: TestCertificate

before(async () => {
  const keys = await createKeys('rsa')
  certificate = await createCertificate()
  larger = await createCertificate({ keys })
  otherThings['a certificate request'] = await createCertificateRequest(keys)
  otherThings['a revocation list'] = await createRevocationList(keys)
  otherThings['a public key'] = createPublicKey(certificate.pem).export({ type: 'spki', format: 'der' })
  otherThings['PKCS #7 around the certificate'] = sequence(oid('1.2.840.113549.1.7.2'), der(0xa0, sequence(
    der(0x02, Buffer.of(1)), der(0x31), sequence(oid('1.2.840.113549.1.7.1')), der(0xa0, certificate.der), der(0x31)
  )))
  otherThings['a private key'] = Buffer.from(certificate.key.replace(/-----.*-----|\s/g, ''), 'base64')
})

for (const [name, decode] of Object.entries(formats)) {
  const format = name as FormatName
  const source = headerSource({ header: 'x-cert', decode: certificateBy(decode), mayLackCertificate: false, hasCommas: false, isTrusted: () => true, verified: false, maxBytes: 16_384 })
  const read = (der: Buffer): string => verdictOf(source, inboundMessage([['x-cert', write(format, der)]]))

  describe(`format ${format}: what it holds must be one certificate in DER`, () => {
    it('and then it is taken', () => {
      assert.equal(read(certificate.der), certificate.thumbprint)
      assert.equal(read(larger.der), larger.thumbprint)
    })

    for (const [what, alter] of Object.entries(malformations)) {
      it(`S-12, 93: refuses ${what}`, () => {
        for (const { der } of [certificate, larger]) assert.equal(read(alter(der)), 'certificate_malformed')
      })
    }

    for (const what of ['a certificate request', 'a revocation list', 'a public key', 'PKCS #7 around the certificate', 'a private key']) {
      it(`C26: refuses ${what}`, () => {
        assert.equal(read(otherThings[what] as Buffer), 'certificate_malformed')
      })
    }

    it('S-11: BER in the part that is signed is no second spelling: its thumbprint is another one', () => {
      const altered = berInSignedPart(certificate.der)
      const outcome = read(altered)
      assert.notEqual(outcome, certificate.thumbprint)
      assert.equal(outcome, createHash('sha256').update(altered).digest('base64url'))
    })
  })
}
