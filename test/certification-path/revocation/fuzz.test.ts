import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { judgeCrl, judgeOcspResponse } from '../../../lib/certification-path/revocation/index.ts'
import { distributionPointsOf, respondersOf } from '../../../lib/certification-path/revocation/distribution-point.ts'
import { parseOcspResponse, type OcspResponse } from '../../../lib/certification-path/revocation/ocsp-response.ts'
import { certificate, client, extendedKeyUsage, extension, name, now, nul } from '../pki.ts'
import {
  crl, crlNumber, distributionPointName, distributionPoints, flag, issuer, issuingDistributionPoint, middle, nonceExtension, ocspResponse, read, reasonCode, responderAccess, single, uri
} from './revocation-pki.ts'

const place = 'http://crl.example/a'
const leaf = client(middle, { serial: 0x2001, extensions: [distributionPoints([distributionPointName(uri(place))]), responderAccess(place)] })
const target = read(leaf)
const list = crl({
  revoked: [{ serial: 1 }, { serial: 0x2002, extensions: [reasonCode(1)] }, { serial: 3, extensions: [reasonCode(2), extension('1.2.3', nul)] }],
  extensions: [crlNumber(5), issuingDistributionPoint(distributionPointName(uri(place)), flag(0x81))]
})
const delegate = certificate({ subject: name('CN=responder'), issuer: middle, extensions: [extendedKeyUsage('1.3.6.1.5.5.7.3.9')] })
const response = ocspResponse({ signer: delegate, certs: [delegate], singles: [single({ serial: 1 }), single({ extensions: [extension('1.2.3', nul)] })], extensions: [nonceExtension(Buffer.alloc(32))] })

const change = fc.record({ at: fc.nat(), kind: fc.constantFrom('set', 'insert', 'remove', 'cut'), value: fc.nat(255), length: fc.integer({ min: 1, max: 4 }) })

function changed (der: Buffer, changes: ReadonlyArray<{ at: number, kind: string, value: number, length: number }>): Buffer {
  return changes.reduce((bytes, { at, kind, value, length }) => {
    const spot = bytes.length === 0 ? 0 : at % bytes.length
    if (kind === 'cut') return bytes.subarray(0, spot)
    const [before, after] = [bytes.subarray(0, spot), bytes.subarray(spot)]
    if (kind === 'insert') return Buffer.concat([before, Buffer.alloc(length, value), after])
    return Buffer.concat([before, kind === 'set' ? Uint8Array.of(value) : Buffer.alloc(0), after.subarray(kind === 'set' ? 1 : length)])
  }, der)
}

const changes = fc.array(change, { minLength: 1, maxLength: 3 })

test('C41: a CRL that was changed anywhere gets a verdict, and never one that is believed', () => {
  assert.equal(judgeCrl(list, target, issuer, now).status, 'good')
  fc.assert(fc.property(changes, (all) => {
    const bytes = changed(list, all)
    if (!bytes.equals(list)) assert.equal(judgeCrl(bytes, target, issuer, now).status, 'unusable')
  }), { numRuns: 5000, seed: 5280 })
})

test('C41: so does an OCSP response', () => {
  const question = { target, issuer, at: now }
  assert.equal(judgeOcspResponse(response, question).status, 'good')
  const { tbs } = parseOcspResponse(response) as OcspResponse
  fc.assert(fc.property(changes, (all) => {
    const bytes = changed(response, all)
    const { status } = judgeOcspResponse(bytes, question)
    // What is not signed, as the other certificates, may be anything.
    assert.ok(status === 'unusable' || (status === 'good' && bytes.includes(Buffer.from(tbs))), status)
  }), { numRuns: 5000, seed: 6960 })
})

test('anything at all gets a verdict', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    assert.equal(judgeCrl(bytes, target, issuer, now).status, 'unusable')
    assert.equal(judgeOcspResponse(bytes, { target, issuer, at: now }).status, 'unusable')
  }), { numRuns: 2000, seed: 5280 })
})

test('extensions of a certificate that were changed are read or refused with a SyntaxError', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), changes, (anything, all) => {
    for (const value of [anything, ...[...target.extensions.values()].map((one) => changed(Buffer.from(one.value), all))]) {
      const extensions = new Map(['2.5.29.31', '1.3.6.1.5.5.7.1.1'].map((oid) => [oid, { oid, critical: false, value }]))
      const odd = { ...target, extensions }
      for (const reader of [distributionPointsOf, respondersOf]) {
        try {
          reader(odd)
        } catch (error) {
          assert.ok(error instanceof SyntaxError)
        }
      }
      assert.notEqual(judgeCrl(list, odd, issuer, now).status, 'revoked')
    }
  }), { numRuns: 2000, seed: 5280 })
})
