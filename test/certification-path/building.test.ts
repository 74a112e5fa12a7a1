import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certificationPaths, pathFaults, type PathVerdict } from '../../lib/certification-path/index.ts'
import {
  alternativeNames, authority, basicConstraints, certificate, client, directory, dns, ecKeys, extendedKeyUsage, extension, keyUsage, name, nameConstraints, now, nul, outcome,
  policyConstraints, purposes, utcTime, type AuthorityOptions, type Issued
} from './pki.ts'

const root = authority({ subject: name('CN=root') })
const keys = ecKeys()
const subject = name('CN=issuer')
const ders = (list: readonly Issued[]): Buffer[] => list.map(({ der }) => der)

function validate (leaf: Issued, chain: readonly Issued[], anchors: readonly Issued[] = [root]): PathVerdict {
  return certificationPaths({ anchors: ders(anchors) }).validate(leaf.der, ders(chain), now)
}

const twin = (options: AuthorityOptions = {}): Issued => authority({ issuer: root, subject, keys, ...options })
const bare = (...extensions: readonly Buffer[]): Issued => certificate({ issuer: root, subject, keys, extensions })

/** Certificates for the same name and key, of which each is of no use, and what is told where there is no other. */
const useless: ReadonlyArray<readonly [string, Issued, keyof typeof pathFaults]> = [
  ['has expired', twin({ notAfter: utcTime('260201000000') }), 'issuer_expired'],
  ['is of tomorrow', twin({ notBefore: utcTime('260701000000') }), 'issuer_not_yet_valid'],
  ['is no authority', bare(basicConstraints(false), keyUsage(5)), 'not_a_ca'],
  ['may not sign', bare(basicConstraints(true), keyUsage(6)), 'key_usage'],
  ['is for mail', twin({ extensions: [extendedKeyUsage(purposes.emailProtection)] }), 'extended_key_usage'],
  ['excludes the name', twin({ extensions: [nameConstraints([], [directory('CN=client')])] }), 'name_constraints'],
  ['has an unknown critical extension', twin({ extensions: [extension('1.2.3', nul, true)] }), 'critical_extension'],
  ['has an extension twice', twin({ extensions: [extension('1.2.3', nul), extension('1.2.3', nul)] }), 'duplicate_extension'],
  ['requires a policy', twin({ extensions: [policyConstraints(0)] }), 'policy'],
  ['is signed by somebody else', authority({ issuer: { ...root, keys: ecKeys() }, subject, keys }), 'signature_invalid'],
  ['is of a stranger', authority({ issuer: authority(), subject, keys }), 'no_path'],
  ['is of itself', authority({ subject, keys }), 'no_path'],
  ['has another key', authority({ issuer: root, subject }), 'signature_invalid']
]

const good = twin()
const leaf = client(good, { subject: name('CN=client') })

for (const [title, certificate, reason] of useless) {
  test(`312: a certificate of the issuer ${title}: ${reason}, unless there is another`, () => {
    assert.equal(outcome(validate(leaf, [certificate])), reason)
    assert.equal(outcome(validate(leaf, [certificate, good])), 'valid')
    assert.equal(outcome(validate(leaf, [good, certificate])), 'valid')
  })
}

test('312: all of them at once, in any order', () => {
  const all = useless.map(([, certificate]) => certificate)
  assert.equal(outcome(validate(leaf, [...all, good])), 'valid')
  assert.equal(outcome(validate(leaf, [good, ...all])), 'valid')
  assert.notEqual(outcome(validate(leaf, all)), 'valid')
})

test('312: of two anchors the one that holds', () => {
  const old = authority({ subject: root.subject, keys: root.keys, notAfter: utcTime('260201000000') })
  const other = authority({ subject: root.subject })
  for (const anchors of [[old, other, root], [root, other, old]]) assert.equal(outcome(validate(leaf, [good], anchors)), 'valid')
  assert.equal(outcome(validate(leaf, [good], [old])), 'issuer_expired')
  assert.equal(outcome(validate(leaf, [good], [old, other])), 'issuer_expired')
})

test('312: an authority that changed its key, certified each way by itself', () => {
  const before = authority({ subject: name('CN=ca') })
  const after = authority({ subject: name('CN=ca') })
  const newWithOld = authority({ issuer: before, subject: after.subject, keys: after.keys })
  assert.equal(outcome(validate(client(after), [newWithOld], [before])), 'valid')
  assert.equal(outcome(validate(client(before), [newWithOld], [after])), 'signature_invalid')
  const oldWithNew = authority({ issuer: after, subject: before.subject, keys: before.keys })
  assert.equal(outcome(validate(client(before), [oldWithNew, newWithOld], [after])), 'valid')
})

test('312: a cross certificate leads to the other hierarchy', () => {
  const foreign = authority()
  const cross = authority({ issuer: root, subject: foreign.subject, keys: foreign.keys })
  const issuer = authority({ issuer: foreign })
  assert.equal(outcome(validate(client(issuer), [issuer, foreign])), 'no_path')
  assert.equal(outcome(validate(client(issuer), [issuer, foreign, cross])), 'valid')
})

test('312: names that are not constrained on the shorter way', () => {
  const anchor = authority()
  const constrained = authority({ issuer: root, subject: anchor.subject, keys: anchor.keys, extensions: [nameConstraints([dns('example.com')])] })
  const free = authority({ issuer: root, subject: anchor.subject, keys: anchor.keys })
  const end = client(anchor, { extensions: [alternativeNames([dns('example.org')])] })
  assert.equal(outcome(validate(end, [constrained])), 'name_constraints')
  assert.equal(outcome(validate(end, [constrained, free])), 'valid')
})

test('313: as many intermediates as the limit, and one more', () => {
  const path = [root]
  while (path.length <= 9) path.push(authority({ issuer: path.at(-1) as Issued }))
  const eight = path.slice(1, 9)
  assert.equal(outcome(validate(client(eight.at(-1) as Issued), eight)), 'valid')
  assert.equal(outcome(validate(client(path.at(-1) as Issued), path)), 'path_too_long')
})

test('298: constraints of all issuers hold together, and not for self-issued intermediates', () => {
  const first = authority({ issuer: root, subject: name('O=x'), extensions: [nameConstraints([directory('O=y')])] })
  const again = authority({ issuer: first, subject: name('O=x') })
  assert.equal(outcome(validate(client(again, { subject: name('O=y', 'CN=a') }), [first, again])), 'valid')
  assert.equal(outcome(validate(client(again, { subject: name('O=x') }), [first, again])), 'name_constraints')
  const second = authority({ issuer: first, subject: name('O=y'), extensions: [nameConstraints([directory('O=y', 'OU=z')])] })
  assert.equal(outcome(validate(client(second, { subject: name('O=y', 'OU=z') }), [first, second])), 'valid')
  assert.equal(outcome(validate(client(second, { subject: name('O=y', 'OU=a') }), [first, second])), 'name_constraints')
  const wider = authority({ issuer: first, subject: name('O=y'), extensions: [nameConstraints([directory('O=y'), directory('O=w')])] })
  assert.equal(outcome(validate(client(wider, { subject: name('O=y', 'CN=a') }), [first, wider])), 'valid')
  assert.equal(outcome(validate(client(wider, { subject: name('O=w', 'CN=a') }), [first, wider])), 'name_constraints')
  const twice = authority({ issuer: first, subject: name('O=y', 'OU=v'), extensions: [nameConstraints([], [directory('O=y', 'CN=b')])] })
  assert.equal(outcome(validate(client(twice, { subject: name('O=w', 'CN=a') }), [first, twice])), 'name_constraints')
})

test('every fault has a meaning, and says where it is without a word of the client', () => {
  for (const meaning of Object.values(pathFaults)) assert.match(meaning, /^[a-zA-Z][^\n]{10,150}[^.]$/)
  const verdict = validate(client(good, { subject: name('CN=secret') }), [twin({ extensions: [nameConstraints([directory('CN=client')])] })])
  assert.deepEqual(verdict, { valid: false, reason: 'name_constraints', detail: 'the client certificate: a name is not allowed by an issuer' })
})
