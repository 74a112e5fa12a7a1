import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { formats } from '../../lib/certificate/formats.ts'
import { certificateBy, headerSource, type CertificateSource, type HeaderSourceOptions, type RememberedCertificate } from '../../lib/certificate/source.ts'
import { inboundMessage, readFrom, verdictOf } from './inbound.ts'
import { headerCases } from './vectors.ts'

const value = new X509Certificate(headerCases.certificate_pem).raw.toString('base64')
const otherValue = new X509Certificate(headerCases.other_certificate_pem).raw.toString('base64')
const message = inboundMessage([['X-Cert', value]])

/** A source of base64 that counts how often it decodes. */
function countingSource (options: Partial<HeaderSourceOptions> = {}): { source: CertificateSource, decoded: () => number } {
  let decoded = 0
  const decode = (text: string) => {
    decoded++
    return formats['base64-der'](text)
  }
  const source = headerSource({ header: 'X-Cert', decode: certificateBy(decode), mayLackCertificate: false, hasCommas: false, isTrusted: () => true, verified: false, maxBytes: 16_384, ...options })
  return { source, decoded: () => decoded }
}

function rememberedBy (source: CertificateSource): RememberedCertificate {
  const remembered = readFrom(source, message)
  assert.ok(typeof remembered === 'object')
  return remembered
}

describe('a certificate that is remembered beside a token', () => {
  it('is given back for the same value, undecoded', () => {
    const { source, decoded } = countingSource()
    const remembered = rememberedBy(source)
    assert.equal(decoded(), 1)
    assert.equal(readFrom(source, message, remembered), remembered)
    assert.equal(decoded(), 1)
  })

  it('S-26: is not given back for any other value', () => {
    const { source } = countingSource()
    const remembered = rememberedBy(source)
    assert.equal(verdictOf(source, inboundMessage([['X-Cert', otherValue]]), remembered), headerCases['x5t#S256_other'])
    for (const near of [`${value} `.repeat(2), value.slice(0, -1), value.toLowerCase(), `${value}=`, 'A']) {
      assert.equal(verdictOf(source, inboundMessage([['X-Cert', near]]), remembered), 'certificate_malformed')
    }
  })

  it('S-26: is not given back where there is none, or a placeholder', () => {
    const { source } = countingSource()
    const remembered = rememberedBy(source)
    assert.equal(verdictOf(source, inboundMessage([]), remembered), 'certificate_missing')
    assert.equal(verdictOf(source, inboundMessage([['X-Cert', '']]), remembered), 'certificate_placeholder')
  })

  it('S-28: of another source is not used, though the value is the same', () => {
    const { source: first } = countingSource()
    const { source: second, decoded } = countingSource()
    const remembered = rememberedBy(first)
    const outcome = readFrom(second, message, remembered)
    assert.notEqual(outcome, remembered)
    assert.equal(decoded(), 1)
  })

  it('S-28: of a source with another format does not make its value good in this one', () => {
    const { source: first } = countingSource()
    const { source: second } = countingSource({ decode: certificateBy(formats.rfc9440) })
    assert.equal(verdictOf(second, message, rememberedBy(first)), 'certificate_malformed')
  })

  it('S-1: is not given back to a peer that is not trusted', () => {
    let trusted = true
    const { source } = countingSource({ isTrusted: () => trusted })
    const remembered = rememberedBy(source)
    trusted = false
    assert.equal(verdictOf(source, message, remembered), 'certificate_source_untrusted')
  })

  it('S-6: is not given back without the verdict', () => {
    const { source } = countingSource({ verified: { header: 'X-Verify', value: 'SUCCESS' } })
    const verifiedMessage = inboundMessage([['X-Cert', value], ['X-Verify', 'SUCCESS']])
    const remembered = readFrom(source, verifiedMessage)
    assert.ok(typeof remembered === 'object')
    assert.equal(readFrom(source, verifiedMessage, remembered), remembered)
    assert.equal(verdictOf(source, message, remembered), 'certificate_unverified')
    assert.equal(verdictOf(source, inboundMessage([['X-Cert', value], ['X-Verify', 'NONE']]), remembered), 'certificate_unverified')
  })

  it('is frozen', () => {
    const { source } = countingSource()
    const remembered = rememberedBy(source)
    assert.ok(Object.isFrozen(source) && Object.isFrozen(remembered) && Object.isFrozen(remembered.presented) && Object.isFrozen(remembered.presented.certificate))
  })
})

describe('a certificate that several tokens are bound to', () => {
  it('is decoded for each, but kept once', () => {
    const { source, decoded } = countingSource()
    const [first, second] = [rememberedBy(source), rememberedBy(source)]
    assert.equal(decoded(), 2)
    assert.notEqual(first, second)
    assert.equal(source.share(first), first)
    assert.equal(source.share(second), first)
  })

  it('is decoded no more for further tokens; every other value still is', () => {
    const { source, decoded } = countingSource()
    const first = source.share(rememberedBy(source))
    assert.equal(readFrom(source, message), first)
    assert.equal(decoded(), 1)
    const changed = value.replace(/^.{9}/, (begin) => begin.toLowerCase())
    assert.equal(changed.slice(9), value.slice(9))
    assert.equal(verdictOf(source, inboundMessage([['X-Cert', changed]])), 'certificate_malformed')
    assert.equal(decoded(), 2)
    assert.equal(verdictOf(source, inboundMessage([['X-Cert', otherValue]])), headerCases['x5t#S256_other'])
  })

  it('S-1, S-6: comes from a trusted peer and with the verdict all the same', () => {
    let trusted = true
    const { source } = countingSource({ isTrusted: () => trusted, verified: { header: 'X-Verify', value: 'SUCCESS' } })
    const verifiedMessage = inboundMessage([['X-Cert', value], ['X-Verify', 'SUCCESS']])
    const read = readFrom(source, verifiedMessage)
    assert.ok(typeof read === 'object')
    source.share(read)
    assert.equal(readFrom(source, verifiedMessage), read)
    assert.equal(verdictOf(source, message), 'certificate_unverified')
    trusted = false
    assert.equal(verdictOf(source, verifiedMessage), 'certificate_source_untrusted')
  })

  it('is kept by its value: a second spelling takes the place of the first', () => {
    const { source } = countingSource({ decode: certificateBy((text) => formats['base64-der'](text.replaceAll('.', ''))) })
    const first = rememberedBy(source)
    const spelled = readFrom(source, inboundMessage([['X-Cert', `.${value}`]]))
    assert.ok(typeof spelled === 'object')
    assert.equal(source.share(first), first)
    assert.equal(source.share(spelled), spelled)
    assert.equal(source.share(rememberedBy(source)).value, value)
  })

  it('S-28: is kept apart from those of another source', () => {
    const { source: one } = countingSource()
    const { source: another } = countingSource()
    const [first, second] = [rememberedBy(one), rememberedBy(another)]
    one.share(first)
    assert.equal(another.share(second), second)
  })

  it('is not kept because it was read: somebody must be bound to it', () => {
    const { source } = countingSource()
    const [first, second] = [rememberedBy(source), rememberedBy(source)]
    assert.notEqual(first, second)
    assert.equal(source.share(second), second)
  })

  it('is forgotten after 5000 others', () => {
    const { source, decoded } = countingSource()
    const first = rememberedBy(source)
    const named = (thumbprint: string): RememberedCertificate =>
      ({ ...first, value: `${first.value} ${thumbprint}`.padEnd(first.value.length + 200, thumbprint), presented: { ...first.presented, certificate: { ...first.presented.certificate, thumbprint } } })
    source.share(first)
    for (let i = 0; i < 4999; i++) source.share(named(`thumbprint ${i}`))
    assert.equal(source.share(rememberedBy(source)), first)
    for (let i = 0; i < 5000; i++) source.share(named(`another ${i}`))
    assert.equal(decoded(), 1)
    const again = rememberedBy(source)
    assert.equal(decoded(), 2)
    assert.equal(source.share(again), again)
  })
})
