import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { formats } from '../../lib/certificate/formats.ts'
import { certificateBy, headerSource, type HeaderSourceOptions } from '../../lib/certificate/source.ts'
import { inboundMessage, verdictOf, type FieldLine } from './inbound.ts'
import { spellings, type FormatName } from './spellings.ts'
import { headerCases } from './vectors.ts'

const der = new X509Certificate(headerCases.certificate_pem).raw
const other = new X509Certificate(headerCases.other_certificate_pem).raw
const thumbprint = headerCases['x5t#S256']
const good = der.toString('base64')
const placeholder = '(null)'
const verified = { header: 'X-Verify', value: 'SUCCESS' }

/** What a source of base64 makes of these lines; every request is one of a trusted peer unless the test says otherwise. */
function read (lines: readonly FieldLine[], options: Partial<HeaderSourceOptions> = {}): string {
  const source = headerSource({ header: 'X-Cert', decode: certificateBy(formats['base64-der']), mayLackCertificate: false, hasCommas: false, isTrusted: () => true, verified: false, maxBytes: 16_384, ...options })
  return verdictOf(source, inboundMessage(lines))
}

describe('header source: the order of its checks', () => {
  it('no header: missing, whoever asks and whatever the verdict', () => {
    assert.equal(read([['X-Verify', 'SUCCESS']], { verified, isTrusted: () => assert.fail('the peer was judged') }), 'certificate_missing')
  })

  it('S-1: an untrusted peer comes before everything else that is wrong, so that its value is not even looked at', () => {
    for (const value of ['', placeholder, 'garbage', 'x,y', 'A'.repeat(20_000), good]) {
      const decode = () => assert.fail('the value was decoded')
      assert.equal(read([['X-Cert', value]], { isTrusted: () => false, verified, decode, maxBytes: 256 }), 'certificate_source_untrusted')
    }
  })

  it('a placeholder comes before the verdict: no certificate is not an unverified one', () => {
    for (const verdict of ['SUCCESS', 'NONE', '0']) {
      assert.equal(read([['X-Cert', placeholder], ['X-Verify', verdict]], { verified }), 'certificate_placeholder')
    }
    assert.equal(read([['X-Cert', placeholder]], { verified }), 'certificate_placeholder')
  })

  it('the verdict comes before the size, the commas and the decoder', () => {
    for (const value of ['A'.repeat(20_000), 'x,y', 'garbage']) {
      assert.equal(read([['X-Cert', value], ['X-Verify', 'NONE']], { verified }), 'certificate_unverified')
    }
  })

  it('S-14: the size comes before any decoding', () => {
    const decode = () => assert.fail('the value was decoded')
    assert.equal(read([['X-Cert', `${'A'.repeat(300)},`]], { decode, maxBytes: 256 }), 'certificate_too_large')
  })

  it('a comma comes before the decoder', () => {
    assert.equal(read([['X-Cert', 'x,y']], { decode: () => assert.fail('the value was decoded') }), 'certificate_ambiguous')
  })
})

describe('header source: the header', () => {
  it('C43: is found in any case', () => {
    for (const name of ['x-cert', 'X-Cert', 'X-CERT', 'x-CERT']) assert.equal(read([[name, good]]), thumbprint, name)
    assert.equal(read([['x-cert', good]], { header: 'X-CERT' }), thumbprint)
  })

  it('S-2: may have an underscore in its name, and then that is its name', () => {
    assert.equal(read([['ssl_client_cert', good]], { header: 'ssl_client_cert' }), thumbprint)
    assert.equal(read([['ssl-client-cert', good]], { header: 'ssl_client_cert' }), 'certificate_ambiguous')
  })

  it('is the only one that is read', () => {
    for (const name of ['Client-Cert', 'X-SSL-Cert', 'X-Client-Cert', 'X-Forwarded-Client-Cert', 'X-Cert-Chain', 'Cert', 'X-Certs', 'X--Cert']) {
      assert.equal(read([[name, good]]), 'certificate_missing', name)
    }
  })

  it('is too large only above the limit', () => {
    assert.equal(read([['X-Cert', good]], { maxBytes: good.length }), thumbprint)
    assert.equal(read([['X-Cert', good]], { maxBytes: good.length - 1 }), 'certificate_too_large')
  })
})

describe('header source: the verdict of the proxy', () => {
  const withVerdict = (value: string): string => read([['X-Cert', good], ['X-Verify', value]], { verified })

  it('S-6: must be there', () => {
    assert.equal(read([['X-Cert', good]], { verified }), 'certificate_unverified')
  })

  it('S-6, C32: must be equal to the letter', () => {
    for (const value of ['', 'success', 'Success', 'SUCCES', 'SUCCESSS', 'SUCCESS:', '"SUCCESS"', 'FAILED:SUCCESS', 'FAILED:self-signed certificate', 'NONE', '0',
      'SUCCESS SUCCESS', 'SUCCESS,SUCCESS', 'SUCCESS, SUCCESS', 'SUCCESS\u00a0', '\u00a0SUCCESS', 'SUCCESS\0', 'GENEROUS', 'true']) {
      assert.equal(withVerdict(value), 'certificate_unverified', value)
    }
    assert.equal(withVerdict('SUCCESS'), thumbprint)
  })

  it('is found in any case of its name; white space around it is none of it', () => {
    assert.equal(read([['x-verify', ' SUCCESS\t'], ['X-Cert', good]], { verified }), thumbprint)
  })

  it('of another header does not count', () => {
    assert.equal(read([['X-Cert', good], ['X-Verified', 'SUCCESS']], { verified }), 'certificate_unverified')
  })

  it('S-5: must stand once', () => {
    for (const second of ['SUCCESS', 'FAILED:x', '']) {
      assert.equal(read([['X-Cert', good], ['X-Verify', 'SUCCESS'], ['x-verify', second]], { verified }), 'certificate_ambiguous')
    }
  })

  it('is not asked for where none is configured', () => {
    assert.equal(read([['X-Cert', good], ['X-Verify', 'FAILED:x']]), thumbprint)
  })
})

describe('header source: two values that a proxy joined', () => {
  for (const format of Object.keys(formats) as FormatName[]) {
    it(`S-5: ${format}: a comma is ambiguous, wherever it stands`, () => {
      for (const spell of Object.values(spellings[format])) {
        for (const value of [`${spell(der)},${spell(other)}`, `${spell(der)}, ${spell(der)}`, `${spell(der)},`, `,${spell(der)}`, `evil, ${spell(der)}`]) {
          assert.equal(read([['X-Cert', value]], { decode: certificateBy(formats[format]) }), 'certificate_ambiguous')
        }
      }
    })
  }
})
