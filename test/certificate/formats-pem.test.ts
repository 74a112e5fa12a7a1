import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { formats } from '../../lib/certificate/formats.ts'
import { decodeAndCheck } from '../contract/certificate-decoder.contract.ts'
import { pemOf } from './spellings.ts'
import { headerCases } from './vectors.ts'

const der = new X509Certificate(headerCases.certificate_pem).raw
const other = new X509Certificate(headerCases.other_certificate_pem).raw
const pem = pemOf(der)
const malformed = 'certificate_malformed'
const ambiguous = 'certificate_ambiguous'

const labels = ['TRUSTED CERTIFICATE', 'X509 CERTIFICATE', 'X.509 CERTIFICATE', 'CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST', 'PKCS7', 'CMS',
  'PUBLIC KEY', 'PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'ATTRIBUTE CERTIFICATE', 'certificate', 'CERTIFICATE ',
  ' CERTIFICATE', 'CERTIFICATE-----\n-----BEGIN CERTIFICATE', '']

const texts: ReadonlyArray<readonly [what: string, text: string, reason: string]> = [
  ['text before it', `hello\n${pem}`, malformed],
  ['a line break before it', `\n${pem}`, malformed],
  ['a byte order mark before it', `\ufeff${pem}`, malformed],
  ['text behind it', `${pem}junk`, malformed],
  ['the letter that a misprint in guides to Apache leaves behind it', `${pem}s`, malformed],
  ['S-12: a NUL behind it', `${pem}\0`, malformed],
  ['S-12: a NUL inside', pem.replace('\n', '\n\0'), malformed],
  ['S-7: two certificates', pem + pemOf(other), ambiguous],
  ['the same certificate twice', pem + pem, ambiguous],
  ['a certificate and a private key', pem + pemOf(other, 'PRIVATE KEY'), ambiguous],
  ['a private key before a certificate', pemOf(other, 'PRIVATE KEY') + pem, ambiguous],
  ['attributes before it, as of PKCS #12', `Bag Attributes\n    localKeyID: 01\n${pem}`, malformed],
  ['headers inside, as of RFC 1421', pem.replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n'), malformed],
  ['a comment inside', pem.replace('\n', '\n# \n'), malformed],
  ['no end', pem.replace('-----END CERTIFICATE-----\n', ''), malformed],
  ['no beginning', pem.replace('-----BEGIN CERTIFICATE-----\n', ''), malformed],
  ['four dashes', pem.replaceAll('-----', '----'), malformed],
  ['six dashes', pem.replaceAll('-----', '------'), malformed],
  ['another label at its end', pem.replace('END CERTIFICATE', 'END X509 CERTIFICATE'), malformed],
  ['another label at its beginning', pem.replace('BEGIN CERTIFICATE', 'BEGIN X509 CERTIFICATE'), malformed],
  ['a label of OpenSSL at its beginning', pem.replace('BEGIN CERTIFICATE', 'BEGIN TRUSTED CERTIFICATE'), malformed],
  ['the end of the second label cut off', pem.trimEnd().slice(0, -1), malformed],
  ['quotes around it', `"${pem}"`, malformed],
  ['armour with nothing inside', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n', 'certificate_placeholder'],
  ['armour with white space inside', '-----BEGIN CERTIFICATE-----\n \t \n-----END CERTIFICATE-----\n', 'certificate_placeholder'],
  ...labels.map((label) => [`the label ${JSON.stringify(label)}`, pemOf(der, label), label.includes('BEGIN') ? ambiguous : malformed] as const)
]

describe('C18, C19, C20: PEM: one block, labelled CERTIFICATE, and nothing else', () => {
  it('and then it is taken', () => {
    assert.deepEqual(decodeAndCheck(formats.pem, pem), der)
  })

  for (const [what, text, reason] of texts) {
    it(`refuses ${what}`, () => {
      assert.equal(decodeAndCheck(formats.pem, text), reason)
      assert.equal(decodeAndCheck(formats.pem, text.replaceAll('\n', ' ')), reason)
      assert.equal(decodeAndCheck(formats['url-pem'], encodeURIComponent(text)), reason)
      assert.equal(decodeAndCheck(formats['base64-pem'], Buffer.from(text).toString('base64')), reason)
    })
  }
})
