import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formats } from '../../lib/certificate/formats.ts'
import { certificateBy, headerSource } from '../../lib/certificate/source.ts'
import { decodeAndCheck } from '../contract/certificate-decoder.contract.ts'
import { inboundMessage, verdictOf } from './inbound.ts'
import { isOneSequence } from './one-sequence.ts'
import { spellings, write, type FormatName } from './spellings.ts'
import { headerCases } from './vectors.ts'

const der = new X509Certificate(headerCases.certificate_pem).raw
const other = new X509Certificate(headerCases.other_certificate_pem).raw

/** What a value says, read without any of our code; only for values that were taken. */
const saysBase64: Readonly<Record<FormatName, (value: string) => string>> = {
  pem: withoutArmour,
  'url-pem': (value) => withoutArmour(decodeURIComponent(value)),
  'base64-der': (value) => value,
  'base64-pem': (value) => withoutArmour(Buffer.from(value, 'base64').toString()),
  'base64-der-list': (value) => value.split(',')[0] as string,
  'hex-der': (value) => Buffer.from(value, 'hex').toString('base64'),
  rfc9440: (value) => value.slice(1, -1)
}

function withoutArmour (pem: string): string {
  return pem.replace(/\s/g, '').replace('-----BEGINCERTIFICATE-----', '').replace('-----ENDCERTIFICATE-----', '')
}

interface Edit { readonly kind: 'replace' | 'insert' | 'remove' | 'double', readonly at: number, readonly sign: string }

const sign = fc.oneof(fc.constantFrom(...'AZaz09+/=-_.~%:,; \t\n\0"\'{}()'), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }))
const edit: fc.Arbitrary<Edit> = fc.record({ kind: fc.constantFrom('replace', 'insert', 'remove', 'double'), at: fc.double({ min: 0, max: 1, noNaN: true }), sign })

function apply (value: string, { kind, at, sign }: Edit): string {
  const index = Math.floor(at * (value.length - 1))
  const [before, here, after] = [value.slice(0, index), value.slice(index, index + 1), value.slice(index + 1)]
  return before + { replace: sign, insert: here + sign, remove: '', double: here + here }[kind] + after
}

const bytesNearIt = fc.tuple(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, change]) => {
  const altered = Buffer.from(der)
  altered[at] = (altered[at] as number) ^ change
  return altered
})

for (const [name, decode] of Object.entries(formats)) {
  const format = name as FormatName
  const good = fc.constantFrom(...Object.values(spellings[format]).map((spell) => spell(der)))
  const nearIt = fc.tuple(good, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([value, edits]) => edits.reduce(apply, value))

  /** Throws nothing but a refusal; what is taken is one certificate, and says nothing more than its value does. */
  const isRefusedOrExact = (value: string): void => {
    const outcome = decodeAndCheck(decode, value)
    if (typeof outcome === 'string') return
    assert.ok(isOneSequence(outcome))
    assert.equal(Buffer.from(outcome).toString('base64'), saysBase64[format](value))
  }

  describe(`format ${format}, whatever comes`, () => {
    it('refuses any text', () => {
      fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.base64String()), (value) => {
        assert.equal(typeof decodeAndCheck(decode, value), 'string')
      }), { numRuns: 1000 })
    })

    it('refuses any bytes that are no certificate, however well they are written', () => {
      fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 600 }), (bytes) => {
        assert.equal(decodeAndCheck(decode, write(format, Buffer.from(bytes))), 'certificate_malformed')
      }), { numRuns: 300 })
    })

    it('near a good value: refuses it, or takes exactly what it says', () => {
      fc.assert(fc.property(nearIt, isRefusedOrExact), { numRuns: 2000 })
    })

    it('near good bytes: refuses them, or takes exactly these', () => {
      fc.assert(fc.property(bytesNearIt, (altered) => {
        const outcome = decodeAndCheck(decode, write(format, altered))
        if (typeof outcome !== 'string') assert.deepEqual(outcome, altered)
      }), { numRuns: 1000 })
    })

    it('S-11: no other bytes ever have the thumbprint of a certificate, also when it is known', () => {
      const source = headerSource({ header: 'x-cert', decode: certificateBy(decode), mayLackCertificate: false, hasCommas: false, isTrusted: () => true, verified: false, maxBytes: 16_384 })
      const read = (value: string): string => verdictOf(source, inboundMessage([['x-cert', value]]))
      const thumbprint = read(write(format, der))
      assert.notEqual(read(write(format, other)), thumbprint)
      const nearEither = fc.oneof(nearIt, bytesNearIt.map((altered) => write(format, altered)))
      fc.assert(fc.property(nearEither, (value) => {
        const outcome = read(value)
        if (outcome.startsWith('certificate_')) return
        const said = Buffer.from(saysBase64[format](value.trim()), 'base64')
        assert.equal(outcome, createHash('sha256').update(said).digest('base64url'))
        assert.equal(outcome === thumbprint, said.equals(der))
      }), { numRuns: 1000 })
    })
  })
}
