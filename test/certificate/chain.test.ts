import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { chainFormats, type ChainFormatName } from '../../lib/certificate/chain-formats.ts'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import type { CertificateSource, RememberedCertificate } from '../../lib/certificate/source.ts'
import { isRefusal } from '../../lib/errors.ts'
import type { CertificateOptions } from '../../lib/options.ts'
import { createCertificate } from './certificates.ts'
import { inboundMessage, readFrom, socketFrom, type FieldLine } from './inbound.ts'
import { pemOf } from './spellings.ts'

const trustedProxies = ['127.0.0.1']
const proxy = socketFrom('127.0.0.1')
let leaf: Buffer
let intermediates: Buffer[]
before(async () => {
  const made = await Promise.all(['the client', 'an issuer', 'its issuer'].map(async (name) => (await createCertificate({ name })).der))
  leaf = made[0] as Buffer
  intermediates = made.slice(1)
})

const written: Record<ChainFormatName, (certificates: readonly Buffer[]) => string> = {
  pem: (certificates) => certificates.map((der) => pemOf(der)).join('').replaceAll('\n', ' ').trimEnd(),
  'url-pem': (certificates) => encodeURIComponent(certificates.map((der) => pemOf(der)).join('')),
  'base64-pem': (certificates) => Buffer.from(certificates.map((der) => pemOf(der)).join('')).toString('base64'),
  'base64-der': (certificates) => Buffer.concat(certificates).toString('base64'),
  'base64-der-list': (certificates) => certificates.map((der) => der.toString('base64')).join(','),
  rfc9440: (certificates) => certificates.map((der) => `:${der.toString('base64')}:`).join(', ')
}

/** DER of the chain that is read, else the reason. */
function chainOf (source: CertificateSource, lines: readonly FieldLine[], remembered?: RememberedCertificate): readonly Buffer[] | string {
  try {
    const outcome = readFrom(source, inboundMessage(lines, proxy), remembered)
    return typeof outcome === 'string' ? outcome : outcome.presented.certificate.chain
  } catch (error) {
    if (isRefusal(error)) return error.reason
    throw error
  }
}

function sourceFor (options: CertificateOptions): CertificateSource {
  return compileCertificateSource({ header: 'x-cert', format: 'rfc9440', trustedProxies, ...options }, 'certificate')
}

describe('a chain header', () => {
  for (const name of Object.keys(chainFormats) as ChainFormatName[]) {
    describe(name, () => {
      const source = sourceFor({ chain: { header: 'x-chain', format: name } })
      const read = (value: string) => chainOf(source, [['x-cert', `:${leaf.toString('base64')}:`], ['x-chain', value]])
      const write = written[name]

      it('C35: gives the certificates in their order, whatever that is', () => {
        assert.deepEqual(read(write(intermediates)), intermediates)
        assert.deepEqual(read(write([...intermediates].reverse())), [...intermediates].reverse())
        assert.deepEqual(read(write([leaf, ...intermediates])), [leaf, ...intermediates], 'the client\'s own again')
        assert.deepEqual(read(write(intermediates.slice(1))), intermediates.slice(1))
      })

      it('no chain is no fault: absent, empty, and what Apache writes beyond its end', () => {
        for (const value of ['', '(null)', '-']) assert.deepEqual(read(value), [])
        assert.deepEqual(chainOf(source, [['x-cert', `:${leaf.toString('base64')}:`]]), [])
      })

      it('C33: a chain without the client\'s certificate is nothing', () => {
        assert.equal(chainOf(source, [['x-chain', write(intermediates)]]), 'certificate_missing')
      })

      it('C34: ten at the most', () => {
        const many = Array.from({ length: 10 }, () => intermediates[0] as Buffer)
        assert.equal(read(write(many)).length, 10)
        assert.match(String(read(write([...many, ...intermediates]))), /^certificate_(?:malformed|too_large)$/)
      })

      it('what is cut short, followed or mixed with something else is refused', () => {
        const good = write(intermediates)
        const cut = [good.slice(0, -1), good.slice(0, good.length / 3)]
        const mixed = [`${good}x`, `${good},`, `x${good}`, `,${good}`, `(${good})`, `"${good}"`]
        for (const bad of [...cut, ...mixed, write([Buffer.from('no certificate')]), write([Buffer.concat([leaf, Buffer.of(0)])])]) {
          assert.match(String(read(bad)), /^certificate_(?:malformed|ambiguous)$/, bad.slice(0, 30))
        }
      })

      it('with the client\'s own first, that is left out, and must be it', () => {
        const first = sourceFor({ chain: { header: 'x-chain', format: name, leaf: 'first' } })
        const read = (certificates: readonly Buffer[]) => chainOf(first, [['x-cert', `:${leaf.toString('base64')}:`], ['x-chain', write(certificates)]])
        assert.deepEqual(read([leaf, ...intermediates]), intermediates)
        assert.deepEqual(read([leaf]), [])
        assert.equal(read(intermediates), 'certificate_ambiguous')
      })

      it('takes nothing but the certificates that were sent', () => {
        // White space, and escapes, may be written in several ways.
        const plain = (value: string): string => (name === 'url-pem' ? decodeURIComponent(value) : name === 'base64-pem' ? Buffer.from(value, 'base64').toString('latin1') : value).replaceAll(/\s/g, '')
        const good = write(intermediates)
        fc.assert(fc.property(fc.nat(good.length - 1), fc.constantFrom(...'AZ09+/=-:,; %\n\0'), (at, sign) => {
          const outcome = read(good.slice(0, at) + sign + good.slice(at + 1))
          if (typeof outcome === 'string') return
          for (const each of outcome) assert.ok(new X509Certificate(each).raw.equals(each))
          // Node trims what it hands on, as do lists.
          if (outcome.length === 2 && outcome.every((each, index) => each.equals(intermediates[index] as Buffer))) return
          assert.equal(plain(write(outcome)), plain(good.slice(0, at) + sign + good.slice(at + 1)))
        }), { numRuns: 500 })
      })
    })
  }

  it('97, 98, 99: a List of Byte Sequences, over one line or several', () => {
    const source = compileCertificateSource({ preset: 'rfc9440', chain: { header: 'Client-Cert-Chain', format: 'rfc9440' }, trustedProxies }, 'certificate')
    const [one, other] = intermediates.map((der) => `:${der.toString('base64')}:`) as [string, string]
    const own: FieldLine = ['Client-Cert', `:${leaf.toString('base64')}:`]
    assert.deepEqual(chainOf(source, [own, ['Client-Cert-Chain', one], ['client-cert-chain', other]]), intermediates)
    assert.deepEqual(chainOf(source, [own, ['Client-Cert-Chain', `${one} ,\t${other}`]]), intermediates)
    for (const bad of [`${one};a=1`, `${one}, 1`, `${one}, "a"`, `(${one} ${other})`, `${one} ${other}`, `a=${one}`, `${one},,${other}`]) {
      assert.equal(chainOf(source, [own, ['Client-Cert-Chain', bad]]), 'certificate_malformed', bad)
    }
    assert.equal(chainOf(source, [own, ['Client_Cert_Chain', one]]), 'certificate_ambiguous', 'an alias')
    assert.equal(chainOf(source, [own, ['Client-Cert-Chain', one], ['Connection', 'client-cert-chain']]), 'certificate_ambiguous', 'named by Connection')
  })

  it('two lines in a format without lists are refused', () => {
    const source = sourceFor({ chain: { header: 'x-chain', format: 'url-pem' } })
    const line: FieldLine = ['x-chain', written['url-pem'](intermediates)]
    assert.equal(chainOf(source, [['x-cert', `:${leaf.toString('base64')}:`], line, line]), 'certificate_malformed')
  })

  it('is bounded before it is decoded', () => {
    const source = sourceFor({ chain: { header: 'x-chain', format: 'rfc9440' }, maxBytes: 1024 })
    assert.equal(chainOf(source, [['x-cert', `:${leaf.toString('base64')}:`], ['x-chain', 'x'.repeat(1025)]]), 'certificate_too_large')
  })

  it('is not what was remembered when another one comes', () => {
    const source = sourceFor({ chain: { header: 'x-chain', format: 'rfc9440' } })
    const own: FieldLine = ['x-cert', `:${leaf.toString('base64')}:`]
    const read = (chain: readonly Buffer[] | null, remembered?: RememberedCertificate): RememberedCertificate => {
      const outcome = readFrom(source, inboundMessage(chain === null ? [own] : [own, ['x-chain', written.rfc9440(chain)]], proxy), remembered)
      assert.ok(typeof outcome === 'object')
      return outcome
    }
    const first = source.share(read(intermediates))
    assert.equal(read(intermediates, first), first, 'nothing is read twice')
    for (const chain of [null, intermediates.slice(1), [...intermediates].reverse()]) {
      const other = source.share(read(chain, first))
      assert.deepEqual(other.presented.certificate.chain, chain ?? [])
      assert.equal(other.presented.certificate.thumbprint, first.presented.certificate.thumbprint)
    }
    assert.deepEqual(read(intermediates, source.share(read(null))).presented.certificate.chain, intermediates)
  })

  it('gives copies', () => {
    const source = sourceFor({ chain: { header: 'x-chain', format: 'rfc9440' } })
    const outcome = readFrom(source, inboundMessage([['x-cert', `:${leaf.toString('base64')}:`], ['x-chain', written.rfc9440(intermediates)]], proxy))
    assert.ok(typeof outcome === 'object')
    outcome.presented.certificate.chain[0]?.fill(0)
    assert.deepEqual(outcome.presented.certificate.chain, intermediates)
  })
})

describe('a chain behind the certificate, in its own header', () => {
  for (const format of ['pem', 'url-pem', 'base64-pem', 'base64-der-list'] as const) {
    it(`S-7: ${format}: the first is the client's, and is never passed over`, () => {
      const source = sourceFor({ format, chain: 'appended' })
      const read = (value: string): string | [string, number] => {
        try {
          const outcome = readFrom(source, inboundMessage([['x-cert', value]], proxy))
          return typeof outcome === 'string' ? outcome : [outcome.presented.certificate.der.toString('base64'), outcome.presented.certificate.chain.length]
        } catch (error) {
          return (error as { reason: string }).reason
        }
      }
      assert.deepEqual(read(written[format]([leaf, ...intermediates])), [leaf.toString('base64'), 2])
      assert.deepEqual(read(written[format]([leaf])), [leaf.toString('base64'), 0])
      assert.equal(read(written[format]([Buffer.from('no certificate'), leaf])), 'certificate_malformed')
      assert.equal(read(written[format]([leaf, Buffer.from('no certificate')])), 'certificate_malformed')
      assert.equal(read(''), 'certificate_placeholder')
      assert.match(String(read(written[format](Array.from({ length: 11 }, () => leaf)))), /^certificate_malformed$/)
    })
  }

  it('the same certificate with another chain has that one, also when the certificate is known', () => {
    const source = sourceFor({ format: 'url-pem', chain: 'appended' })
    const read = (certificates: readonly Buffer[]) => {
      const outcome = readFrom(source, inboundMessage([['x-cert', written['url-pem'](certificates)]], proxy))
      assert.ok(typeof outcome === 'object')
      return source.share(outcome).presented.certificate.chain
    }
    assert.deepEqual(read([leaf, ...intermediates]), intermediates)
    assert.deepEqual(read([leaf]), [])
    assert.deepEqual(read([leaf, ...intermediates.slice(1)]), intermediates.slice(1))
  })

  it('XFCC: `Chain` begins with the client\'s own', () => {
    const source = compileCertificateSource({ preset: 'envoy', chain: 'appended', trustedProxies }, 'certificate')
    const element = (chain: readonly Buffer[]): string => `Cert="${encodeURIComponent(pemOf(leaf))}";Chain="${written['url-pem'](chain)}"`
    const read = (value: string) => chainOf(source, [['x-forwarded-client-cert', value]])
    assert.deepEqual(read(element([leaf, ...intermediates])), intermediates)
    assert.equal(read(element(intermediates)), 'certificate_ambiguous')
    assert.equal(read(element([leaf, Buffer.from('x')])), 'certificate_malformed')
    assert.deepEqual(read(`Cert="${encodeURIComponent(pemOf(leaf))}"`), [])
    const without = compileCertificateSource({ preset: 'envoy', trustedProxies }, 'certificate')
    assert.deepEqual(chainOf(without, [['x-forwarded-client-cert', element([leaf, ...intermediates])]]), [])
  })

  it('where nothing can follow, it stops the boot', () => {
    for (const format of ['base64-der', 'hex-der', 'rfc9440', 'x5t#S256', () => leaf] as const) {
      assert.throws(() => sourceFor({ format, chain: 'appended' }), {
        message: /^certificate\.chain: found "appended", but nothing follows a certificate in this format; allowed: with pem, url-pem, base64-pem, base64-der-list, xfcc$/
      })
    }
  })

  it('a chain in the header of something else stops the boot', () => {
    for (const header of ['X-Cert', 'x_cert', 'x-verify']) {
      assert.throws(() => sourceFor({ verified: { header: 'X-Verify', value: '1' }, chain: { header, format: 'pem' } }), {
        message: /^certificate\.chain\.header: found the same header as in certificate\.(?:header|verified\.header); allowed: another name$/
      })
    }
  })
})
