import assert from 'node:assert/strict'
import { hash, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isRefusal } from '../../lib/errors.ts'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import { readXfcc, type XfccOptions } from '../../lib/certificate/xfcc.ts'
import type { CertificateOptions } from '../../types/options.ts'
import { inboundMessage, socketFrom, verdictOf } from './inbound.ts'
import { pemOf } from './spellings.ts'
import { headerCases } from './vectors.ts'

const own = new X509Certificate(headerCases.certificate_pem).raw
const victim = new X509Certificate(headerCases.other_certificate_pem).raw
const one: XfccOptions = { elements: 1, client: 'last' }

const hexOf = (der: Buffer): string => hash('sha256', der, 'hex')
const certOf = (der: Buffer): string => `Cert="${encodeURIComponent(pemOf(der))}"`
const base64url = (bytes: Buffer | Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** The thumbprint that comes out, or the reason of the refusal. */
function outcome (value: string, options = one): string {
  try {
    const element = readXfcc(value, options)
    return base64url('der' in element ? hash('sha256', element.der, 'buffer') : element.digest)
  } catch (error) {
    if (isRefusal(error)) return error.reason
    throw error
  }
}

const [mine, theirs] = [headerCases['x5t#S256'], headerCases['x5t#S256_other']]
const [hash1, hash2] = [hexOf(own), hexOf(victim)]

describe('XFCC: what Envoy and its like write', () => {
  const good: Record<string, string> = {
    'Envoy, hash only': `Hash=${hash1}`,
    'Envoy, all of it': `By=spiffe://cluster/gw;Hash=${hash1};${certOf(own)};Chain="${encodeURIComponent(pemOf(own) + pemOf(victim))}";Subject="CN=a,O=b;c=d";URI=spiffe://cluster/a;DNS=a.example.com;DNS=b.example.com`,
    'old Envoy: only some signs escaped': `Hash=${hash1};Cert="${pemOf(own).replace(/[\n+/= ]/g, (sign) => encodeURIComponent(sign))}"`,
    'a subject with quotes and backslashes': `Hash=${hash1};Subject="CN=\\"Zo\\\\C3\\\\AB\\",O=x\\\\";URI=`,
    'several By and URI, one of them empty': `By=spiffe://a;By=spiffe://b;Hash=${hash1};URI=;URI=spiffe://x=y`,
    'Azure Container Apps: a semicolon at the end': `Hash=${hash1};${certOf(own)};Chain="${encodeURIComponent(pemOf(own))}";`,
    'keys in another case': `hash=${hash1};CERT="${encodeURIComponent(pemOf(own))}"`,
    'the certificate alone': certOf(own)
  }
  for (const [name, value] of Object.entries(good)) it(name, () => assert.equal(outcome(value), mine))

  it('of several elements the one that the operator names', () => {
    const value = `Hash=${hash1};Subject="CN=client",By=spiffe://mesh;Hash=${hash2}`
    assert.equal(outcome(value, { elements: 2, client: 'first' }), mine)
    assert.equal(outcome(value, { elements: 2, client: 'last' }), theirs)
    assert.equal(outcome(`Hash=${hash1};,Hash=${hash2};`, { elements: 2, client: 'first' }), mine)
  })
})

describe('C42: XFCC: elements that a client made up', () => {
  const forged: Array<[name: string, value: string, reason: string]> = [
    ['an element before ours', `Hash=${hash2},Hash=${hash1}`, 'certificate_ambiguous'],
    ['an element behind ours', `Hash=${hash1},Hash=${hash2}`, 'certificate_ambiguous'],
    ['a URI with an element in it', `By=spiffe://gw;Hash=${hash1};Subject="";URI=spiffe://x,By=spiffe://gw;Hash=${hash2}`, 'certificate_ambiguous'],
    ['a DNS name with an element in it', `By=spiffe://gw;Hash=${hash1};DNS=a,Hash=${hash2};${certOf(victim)}`, 'certificate_ambiguous'],
    ['a URI with a second hash in it', `By=spiffe://gw;Hash=${hash1};URI=spiffe://x;Hash=${hash2}`, 'certificate_ambiguous'],
    ['a URI with a certificate in it', `By=spiffe://gw;Hash=${hash1};URI=spiffe://x;${certOf(victim)}`, 'certificate_malformed'],
    ['two certificates', `${certOf(own)};${certOf(victim)}`, 'certificate_ambiguous'],
    ['a hash that is not that of the certificate', `Hash=${hash2};${certOf(own)}`, 'certificate_malformed'],
    ['a quote that is never closed', `Hash=${hash1};Subject="CN=a`, 'certificate_malformed'],
    ['a quote in a plain value', `Hash=${hash1};URI=a"b`, 'certificate_malformed'],
    ['text behind a quoted value', `Hash=${hash1};Subject="a"b`, 'certificate_malformed'],
    ['a key that Envoy does not write', `Hash=${hash1};Foo=bar`, 'certificate_malformed'],
    ['a key without a value', `Hash=${hash1};Subject`, 'certificate_malformed'],
    ['a space after a separator', `Hash=${hash1}; Subject="a"`, 'certificate_malformed'],
    ['an empty pair', `Hash=${hash1};;Subject="a"`, 'certificate_malformed'],
    ['an empty element', `Hash=${hash1},,Hash=${hash1}`, 'certificate_malformed'],
    ['a comma at the beginning', `,Hash=${hash1}`, 'certificate_malformed'],
    ['a comma at the end', `Hash=${hash1},`, 'certificate_malformed'],
    ['a short hash', `Hash=${hash1.slice(2)}`, 'certificate_malformed'],
    ['a hash of another kind', `Hash=${hash1.slice(0, 40)}`, 'certificate_malformed'],
    ['neither hash nor certificate', 'Subject="CN=a";URI=spiffe://x', 'certificate_malformed'],
    ['PEM with something behind it', `Cert="${encodeURIComponent(`${pemOf(own)}x`)}"`, 'certificate_malformed'],
    ['a quote of the client\'s that hides the element of Envoy', `Hash=${hash2};URI=",By=spiffe://gw;Hash=${hash1};URI="`, 'certificate_malformed'],
    ['the same in a DNS name', `Hash=${hash2};DNS=",By=spiffe://gw;Hash=${hash1};DNS="`, 'certificate_malformed'],
    ['the same in a subject', `Hash=${hash2};Subject=",By=spiffe://gw;Hash=${hash1};URI="`, 'certificate_malformed'],
    ['the same in a chain', `Hash=${hash2};Chain=",Hash=${hash1};URI="`, 'certificate_malformed'],
    ['the same with the victim\'s certificate', `Hash=${hash2};${certOf(victim)};URI=",By=x;Hash=${hash1};${certOf(own)};URI="`, 'certificate_malformed'],
    ['a semicolon and a comma at the end', `Hash=${hash1};,`, 'certificate_malformed'],
    ['a hash in quotes', `Hash="${hash1}"`, 'certificate_malformed'],
    ['an escaped certificate', `Cert="${encodeURIComponent(pemOf(own)).replace('-', '\\\\-')}"`, 'certificate_malformed'],
    ['a tab', `Hash=${hash1};URI=a\tb`, 'certificate_malformed'],
    ['something else', 'x'.repeat(1000), 'certificate_malformed']
  ]
  for (const [name, value, reason] of forged) it(name, () => assert.equal(outcome(value), reason))

  it('whatever a client writes into its names, the victim\'s thumbprint never comes out', () => {
    const piece = fc.constantFrom(',', ';', '=', '"', '\\', 'Hash=', hash2, certOf(victim), 'By=x', 'URI=', 'DNS=a', ' ', 'a')
    fc.assert(fc.property(fc.array(piece, { maxLength: 8 }), fc.array(piece, { maxLength: 8 }), (uri, dns) => {
      // Envoy quotes neither of the two.
      const written = `By=spiffe://gw;Hash=${hash1};${certOf(own)};Subject="CN=x";URI=${uri.join('')};DNS=${dns.join('')}`
      assert.notEqual(outcome(written), theirs)
      assert.notEqual(outcome(`Hash=${hash1};URI=${uri.join('')};DNS=${dns.join('')}`), theirs)
    }), { numRuns: 5000 })
  })

  it('whatever a client puts before and behind the element that Envoy adds, the victim\'s thumbprint never comes out', () => {
    const piece = fc.constantFrom(',', ';', '=', '"', '\\\\', 'Hash=', hash2, `Hash=${hash2}`, 'By=x', 'URI=', 'DNS=', 'Subject="', 'Chain="', 'Cert="', certOf(victim), ' ', 'a')
    const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
    fc.assert(fc.property(text, text, text, fc.boolean(), (sent, uri, dns, isWhole) => {
      // APPEND_FORWARD: what the client sent, a comma, and the element of the one that is nearest.
      const element = `By=spiffe://gw;Hash=${hash1}${isWhole ? `;${certOf(own)};Subject="CN=x"` : ''};URI=${uri};DNS=${dns}`
      assert.notEqual(outcome(`Hash=${hash2}${sent},${element}`), theirs)
      assert.notEqual(outcome(`${sent},${element}`), theirs)
      for (const elements of [2, 3]) assert.notEqual(outcome(element, { elements, client: 'last' }), theirs)
    }), { numRuns: 10_000 })
  })

  it('of several elements the last is none that a name made up', () => {
    for (const name of [`URI=spiffe://x,Hash=${hash2}`, `DNS=a,Hash=${hash2}`, `${certOf(own)};Subject="CN=x";URI=spiffe://x,Hash=${hash2};${certOf(victim)}`]) {
      assert.equal(outcome(`By=spiffe://gw;Hash=${hash1};${name}`, { elements: 2, client: 'last' }), 'certificate_ambiguous')
    }
  })

  it('any text gives a thumbprint that stands in it, or a refusal', () => {
    fc.assert(fc.property(fc.string(), (text) => {
      assert.match(outcome(text), /^certificate_/)
    }), { numRuns: 5000 })
  })

  it('ends in time for what makes patterns slow', () => {
    for (const value of [`Subject="${'\\\\'.repeat(8000)}`, `Subject="${'a'.repeat(16_000)}`, 'URI='.repeat(4000), ';'.repeat(16_000), `Hash=${hash1}${';DNS=a'.repeat(2500)}`]) {
      const startedAt = performance.now()
      outcome(value)
      assert.ok(performance.now() - startedAt < 100)
    }
  })
})

describe('XFCC: options', () => {
  const compile = (more: Partial<CertificateOptions>) => compileCertificateSource({ preset: 'envoy', trustedProxies: ['127.0.0.1'], ...more }, 'certificate')

  it('one element by default; lines that were repeated are refused as ever', () => {
    const socket = socketFrom('127.0.0.1')
    assert.equal(verdictOf(compile({}), inboundMessage([['X-Forwarded-Client-Cert', `Hash=${hash1}`]], socket)), mine)
    assert.equal(verdictOf(compile({}), inboundMessage([['X-Forwarded-Client-Cert', `Hash=${hash1}`], ['X-Forwarded-Client-Cert', `Hash=${hash1}`]], socket)), 'certificate_ambiguous')
    assert.equal(verdictOf(compile({ xfcc: { elements: 2, client: 'first' } }), inboundMessage([['X-Forwarded-Client-Cert', `Hash=${hash1},Hash=${hash2}`]], socket)), mine)
  })

  it('with several elements the operator must say which', () => {
    assert.throws(() => compile({ xfcc: { elements: 2 } }), { message: /^certificate\.xfcc\.client: missing; with 2 elements one of "first" and "last" is the client/ })
  })

  it('a certificate that was first known by its thumbprint is read when it comes', () => {
    const source = compile({})
    const read = (value: string) => {
      const certificate = source.read({ authorization: undefined, certificate: value, verdict: undefined, chain: undefined, secret: undefined }, socketFrom('127.0.0.1'), undefined)
      assert.ok(typeof certificate === 'object')
      return source.share(certificate).presented
    }
    assert.equal(read(`Hash=${hash1}`).isWhole, false)
    const whole = read(`Hash=${hash1};${certOf(own)}`)
    assert.deepEqual([whole.isWhole, whole.certificate.der], [true, own])
    assert.equal(read(certOf(own)).isWhole, true)
  })

  it('have no meaning with another format', () => {
    assert.throws(() => compile({ format: 'base64-der', xfcc: {} }), { message: 'certificate.xfcc: has no meaning with another format; allowed: with format "xfcc"' })
  })
})
