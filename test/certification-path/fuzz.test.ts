import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { certificationPaths, pathFaults } from '../../lib/certification-path/index.ts'
import {
  alternativeNames, authority, certificatePolicies, client, directory, dns, ip, mail, name, nameConstraints, now, policyConstraints, policyMappings, uri
} from './pki.ts'

const root = authority({ pathLength: 2 })
const middle = authority({
  issuer: root, extensions: [certificatePolicies(['1.2.3']), policyMappings(['1.2.3', '1.2.4']), policyConstraints(0), nameConstraints([dns('example.com'), mail('example.com')], [directory('O=x')])]
})
const names = [dns('a.example.com'), mail('a@example.com'), uri('https://a.example'), ip(1, 2, 3, 4)]
const leaf = client(middle, { subject: name('O=a', 'CN=b', 'E=a@example.com'), extensions: [alternativeNames(names), certificatePolicies(['1.2.4'])] })
const validator = certificationPaths({ anchors: [root.der] })

const change = fc.record({ at: fc.nat(), kind: fc.constantFrom('set', 'insert', 'remove', 'cut'), value: fc.nat(255), length: fc.integer({ min: 1, max: 4 }) })

function changed (der: Buffer, changes: ReadonlyArray<{ at: number, kind: string, value: number, length: number }>): Buffer {
  return changes.reduce((bytes, { at, kind, value, length }) => {
    const place = bytes.length === 0 ? 0 : at % bytes.length
    if (kind === 'cut') return bytes.subarray(0, place)
    const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)]
    if (kind === 'insert') return Buffer.concat([before, Buffer.alloc(length, value), after])
    return Buffer.concat([before, kind === 'set' ? Uint8Array.of(value) : Buffer.alloc(0), after.subarray(kind === 'set' ? 1 : length)])
  }, der)
}

test('C26, C40: a certificate that was changed anywhere gets a verdict, and never a good one', () => {
  assert.ok(validator.validate(leaf.der, [middle.der], now).valid)
  fc.assert(fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), fc.boolean(), (changes, isLeaf) => {
    const original = isLeaf ? leaf.der : middle.der
    const bytes = changed(original, changes)
    if (bytes.equals(original)) return
    const verdict = isLeaf ? validator.validate(bytes, [middle.der], now) : validator.validate(leaf.der, [bytes], now)
    assert.ok(!verdict.valid)
    assert.ok(verdict.reason in pathFaults && verdict.detail.length > 0)
  }), { numRuns: 5000, seed: 5280 })
})

test('C26: anything at all gets a verdict', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 3 }), (bytes, chain) => {
    assert.ok(!validator.validate(bytes, chain, now).valid)
  }), { numRuns: 2000, seed: 5280 })
})
