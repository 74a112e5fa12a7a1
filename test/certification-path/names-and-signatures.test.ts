import assert from 'node:assert/strict'
import { sign } from 'node:crypto'
import { test } from 'node:test'
import { isSameName, parseName } from '../../lib/certification-path/name.ts'
import { verifySignature } from '../../lib/certification-path/signature.ts'
import { algorithms, authority, client, directory, ecKeys, ed25519Keys, judge, name, nameConstraints, oid, outcome, pss, rsaKeys, seq, set, text, tlv } from './pki.ts'

const one = (value: Buffer): ReturnType<typeof parseName> => parseName(seq(set(seq(oid('2.5.4.3'), value))))
const same = (a: Buffer, b: Buffer): boolean => isSameName(one(a), one(b))

test('290: strings that say the same are the same, whatever type they have', () => {
  assert.ok(same(text('Größe'), text('GRÖSSE'.replace('SS', 'ẞ'))))
  assert.ok(same(text('Ａ'), text('a', 0x13)))
  assert.ok(same(text('a\u00a0b'), text('A  b', 0x13)))
  assert.ok(same(text('\0\0\0A', 0x1c), text('a', 0x16)))
  assert.ok(!same(text('a b'), text('ab')))
  assert.ok(!same(text('a'), text('a\0')))
})

test('290: what is no good string is compared octet by octet', () => {
  assert.ok(same(text('a', 0x14), text('a', 0x14)))
  assert.ok(!same(text('a', 0x14), text('A', 0x14)))
  assert.ok(!same(text('a', 0x14), text('a')))
  assert.ok(same(text('\xff', 0x13), text('\xff', 0x13)))
  assert.ok(!same(text('\xff', 0x13), text('\xfe', 0x13)))
  assert.ok(!same(text('\xd8\x00', 0x1e), text('\xd8\x01', 0x1e)))
  assert.ok(!same(text('x'.repeat(2000)), text('X'.repeat(2000))))
})

test('290: a name has its parts in order', () => {
  assert.ok(isSameName(parseName(name('O=a', 'CN=b')), parseName(name('O=A', 'CN=B'))))
  assert.ok(!isSameName(parseName(name('O=a', 'CN=b')), parseName(name('CN=b', 'O=a'))))
  assert.ok(!isSameName(parseName(name('O=a')), parseName(name('O=a', 'CN=b'))))
  assert.throws(() => parseName(seq(set())), SyntaxError)
  assert.throws(() => parseName(set()), SyntaxError)
})

test('288, 314: a signature is judged by its algorithm and key', () => {
  const tbs = Buffer.from('anything')
  const ec = ecKeys()
  const good = { algorithm: algorithms.ecdsaSha256.identifier, tbs, signature: sign('sha256', tbs, ec.privateKey) }
  assert.equal(verifySignature(good, ec.spki), 'valid')
  assert.equal(verifySignature({ ...good, tbs: Buffer.from('another') }, ec.spki), 'invalid')
  assert.equal(verifySignature({ ...good, signature: Buffer.alloc(0) }, ec.spki), 'invalid')
  assert.equal(verifySignature(good, ed25519Keys().spki), 'invalid')
  assert.equal(verifySignature({ ...good, algorithm: algorithms.ecdsaSha1.identifier }, ec.spki), 'weak')
  assert.equal(verifySignature({ ...good, algorithm: seq(oid('1.2.3')) }, ec.spki), 'unsupported')
  assert.equal(verifySignature({ ...good, algorithm: Buffer.from('no') }, ec.spki), 'unsupported')
  assert.equal(verifySignature({ ...good, algorithm: algorithms.rsaSha256.identifier }, rsaKeys(1024).spki), 'key_weak')
})

test('299: a name that nobody can read, or that holds what says nothing, does not get round an excluded directory', () => {
  const root = authority()
  const constrained = authority({ issuer: root, extensions: [nameConstraints([], [directory('O=Evil')])] })
  const subjectOf = (value: Buffer): Buffer => seq(tlv(0x31, seq(oid('2.5.4.10'), value)), tlv(0x31, seq(oid('2.5.4.3'), text('client'))))
  const outcomeOf = (value: Buffer): string => outcome(judge([root, constrained, client(constrained, { subject: subjectOf(value) })]))
  assert.equal(outcomeOf(text('Good')), 'valid')
  for (const value of [text('Evil'), text('evil', 0x13), text('Evil', 0x14), text(`Evil${' '.repeat(1100)}`), text('Ev\u00adil'), text('E\u200dvil')]) {
    assert.equal(outcomeOf(value), 'name_constraints', value.toString('hex').slice(0, 20))
  }
})

test('RSASSA-PSS with the longest salt that fits, as OpenSSL makes it unless told otherwise; a root with the serial number zero', () => {
  const keys = rsaKeys()
  const root = authority({ keys, algorithm: pss('sha256', 222), serial: 0 })
  assert.equal(outcome(judge([root, client(root, { algorithm: pss('sha256', 222) })])), 'valid')
  assert.equal(outcome(judge([authority(), client(authority(), { serial: 0 })])), 'serial_number')
})
