import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeCrl, parseCrl } from '../../../lib/certification-path/revocation/index.ts'
import {
  algorithms, authority, bits, bool, certificate, client, directory, extension, generalizedTime, integer, keyUsage, name, now, nul, octets, oid, seq, set, text, tlv, utcTime, type Issued
} from '../pki.ts'
import {
  crl, crlNumber, deltaIndicator, distributionPointName, distributionPoints, flag, issuer, issuingDistributionPoint, leaf, middle, read, reasonCode, root, target, uri,
  type CrlFields
} from './revocation-pki.ts'

const place = 'http://crl.example/a.crl'
const placed = read(client(middle, { serial: 0x2002, extensions: [distributionPoints([distributionPointName(uri(place))])] }))

function judge (fields: CrlFields | Buffer, { of = target, by = issuer, at = now, deltas = [] as readonly Buffer[] } = {}): string {
  const verdict = judgeCrl(Buffer.isBuffer(fields) ? fields : crl(fields as CrlFields), of, by, at, { deltas: deltas.map((der) => parseCrl(der)) })
  return verdict.status === 'good' ? 'good' : verdict.status === 'revoked' ? `revoked: ${verdict.reason}` : verdict.why
}

const listed = { serial: 0x2001 }

test('320, C41: a certificate that is in the list is revoked, with the reason and the date of the entry', () => {
  const verdict = judgeCrl(crl({ revoked: [{ serial: 1 }, { serial: 0x2001, extensions: [reasonCode(1)] }, { serial: 3 }] }), target, issuer, now)
  assert.deepEqual(verdict, { status: 'revoked', reason: 'keyCompromise', date: new Date('2026-03-01T00:00:00Z'), nextUpdate: new Date('2026-06-22T00:00:00Z') })
  assert.equal(judge({ revoked: [listed] }), 'revoked: unspecified')
})

test('one that is not in the list is good until nextUpdate', () => {
  assert.deepEqual(judgeCrl(crl({ revoked: [{ serial: 0x2002 }, { serial: 0x01 }] }), target, issuer, now), { status: 'good', nextUpdate: new Date('2026-06-22T00:00:00Z') })
  assert.equal(judge({}), 'good')
  assert.equal(judge({ entries: seq() }), 'good', 'an empty list is not to be written, and says the same')
})

test('321: the certificate of an intermediate is looked for in the list of its own issuer', () => {
  assert.equal(judge({ signer: root, revoked: [{ serial: 0x1001 }] }, { of: issuer, by: read(root) }), 'revoked: unspecified')
  assert.equal(judge({ signer: root }, { of: issuer, by: read(root) }), 'good')
})

test('serial numbers are compared octet by octet', () => {
  for (const serial of [0x80, 0xff01, 2n ** 152n + 1n]) {
    const other = read(client(middle, { serial }))
    assert.equal(judge({ revoked: [{ serial }] }, { of: other }), 'revoked: unspecified', String(serial))
    assert.equal(judge({ revoked: [{ serial: BigInt(serial) + 1n }, { serial: BigInt(serial) * 256n }] }, { of: other }), 'good', String(serial))
  }
  // 0x80 without its sign octet is -128.
  assert.equal(judge({ revoked: [{ serial: Uint8Array.of(0x80) }] }, { of: read(client(middle, { serial: 0x80 })) }), 'good')
  assert.match(judge({ revoked: [{ serial: Uint8Array.of(0, 0x20, 0x01) }] }), /padded integer/)
})

test('322, C41: the signature has to be by the key of the issuer', () => {
  const stranger = authority({ subject: name('CN=middle') })
  assert.equal(judge({ signer: stranger, revoked: [listed] }), 'the signature is not usable: invalid')
  const changed = crl()
  changed[changed.length - 1] = (changed[changed.length - 1] as number) ^ 1
  assert.match(judge(changed), /the signature is not usable: invalid/)
  assert.equal(judge({ algorithm: algorithms.ecdsaSha1 }), 'the signature is not usable: weak')
  assert.equal(judge({ innerAlgorithm: algorithms.ecdsaSha384.identifier }), 'the signature algorithms inside and outside differ')
})

test('322: a list is verified again for another key', () => {
  const list = parseCrl(crl())
  assert.equal(judgeCrl(list, target, issuer, now).status, 'good')
  assert.equal(judgeCrl(list, target, read(authority({ subject: name('CN=middle') })), now).status, 'unusable')
  assert.equal(judgeCrl(list, target, issuer, now).status, 'good')
})

test('322: an issuer with a keyUsage needs cRLSign', () => {
  const withUsage = (...usages: readonly number[]): Issued => certificate({ subject: name('CN=middle'), issuer: root, keys: middle.keys, extensions: usages.length === 0 ? [] : [keyUsage(...usages)] })
  assert.equal(judge({}, { by: read(withUsage(5)) }), 'the issuer has no cRLSign')
  assert.equal(judge({}, { by: read(withUsage(5, 6)) }), 'good')
  assert.equal(judge({}, { by: read(withUsage()) }), 'good')
})

test('323, C41: the list of another issuer says nothing', () => {
  assert.equal(judge({ signer: root, revoked: [listed] }), 'a CRL of another issuer')
  assert.equal(judge({ issuerName: name('CN=somebody') }), 'a CRL of another issuer')
  assert.equal(judge({ issuerName: name('CN=MIDDLE') }), 'good', 'names are compared as RFC 5280 section 7.1 says')
  assert.equal(judge({}, { of: read(client(root)) }), 'a CRL of another issuer', 'neither about what another one issued')
})

test('323: a list of some kinds of certificates speaks of no others', () => {
  const onlyUsers = [crlNumber(1), issuingDistributionPoint(flag(0x81))]
  const onlyAuthorities = [crlNumber(1), issuingDistributionPoint(flag(0x82))]
  const rootOf = { of: issuer, by: read(root) }
  assert.equal(judge({ extensions: onlyUsers }), 'good')
  assert.equal(judge({ extensions: onlyUsers, revoked: [listed] }), 'revoked: unspecified')
  assert.equal(judge({ extensions: onlyAuthorities }), 'a CRL of the certificates of authorities only')
  assert.equal(judge({ extensions: onlyAuthorities, signer: root }, rootOf), 'good')
  assert.equal(judge({ extensions: onlyUsers, signer: root }, rootOf), 'a CRL without the certificates of authorities')
  assert.equal(judge({ extensions: [issuingDistributionPoint(flag(0x85))] }), 'a CRL of attribute certificates')
  assert.equal(judge({ extensions: [issuingDistributionPoint(flag(0x84))] }), 'an indirect CRL, which is not supported')
})

test('323: a list for some reasons revokes, but its silence says nothing', () => {
  const some = [issuingDistributionPoint(tlv(0x83, Uint8Array.of(6, 0x40)))]
  assert.equal(judge({ extensions: some, revoked: [listed] }), 'revoked: unspecified')
  assert.equal(judge({ extensions: some }), 'a CRL for some reasons of revocation only')
  const forReasons = read(client(middle, { extensions: [distributionPoints([distributionPointName(uri(place)), tlv(0x81, Uint8Array.of(6, 0x40))])] }))
  assert.equal(judge({ extensions: [issuingDistributionPoint(distributionPointName(uri(place)))] }, { of: forReasons }), 'a CRL for some reasons of revocation only')
  assert.equal(judge({}, { of: forReasons }), 'good')
})

test('323: a list of a distribution point speaks of the certificates that name it', () => {
  const from = (...names: readonly Buffer[]): Buffer[] => [issuingDistributionPoint(distributionPointName(...names))]
  assert.equal(judge({ extensions: from(uri(place)) }, { of: placed }), 'good')
  assert.equal(judge({ extensions: from(uri('http://other.example/'), uri(place)) }, { of: placed }), 'good')
  assert.equal(judge({ extensions: from(uri('http://crl.example/b.crl')) }, { of: placed }), 'a CRL of another distribution point')
  assert.equal(judge({ extensions: from(uri(place)) }), 'a CRL of another distribution point', 'the certificate names none')
  assert.equal(judge({ extensions: from(directory('CN=middle')) }), 'good', 'the issuer is always assumed (section 6.3.3)')
  assert.equal(judge({ extensions: from(directory('CN=other')) }), 'a CRL of another distribution point')
  assert.equal(judge({}, { of: placed }), 'good', 'a list without a name is of all of them')
  const relative = issuingDistributionPoint(tlv(0xa0, tlv(0xa1, seq(oid('2.5.4.3'), text('x')))))
  assert.equal(judge({ extensions: [relative] }, { of: placed }), 'a CRL of another distribution point', 'a relative name is equal to none')
  const indirect = read(client(middle, { extensions: [distributionPoints([distributionPointName(uri(place)), tlv(0xa2, directory('CN=other'))])] }))
  assert.equal(judge({ extensions: from(uri(place)) }, { of: indirect }), 'a CRL of another distribution point', 'this one is made by somebody else')
})

test('324: unknown critical extensions of the list or of any entry spoil it', () => {
  assert.equal(judge({ extensions: [extension('1.2.3.4', nul, true)], revoked: [listed] }), 'the critical extension 1.2.3.4 is not known')
  assert.equal(judge({ extensions: [extension('1.2.3.4', nul)] }), 'good')
  assert.equal(judge({ extensions: [extension('2.5.29.20', integer(1), true)] }), 'the critical extension 2.5.29.20 is not known', 'the number must not be critical')
  const odd = { serial: 5, extensions: [extension('1.2.3.4', nul, true)] }
  assert.match(judge({ revoked: [odd, listed] }), /an entry with the critical extension 1\.2\.3\.4/)
  assert.equal(judge({ revoked: [{ serial: 5, extensions: [extension('1.2.3.4', nul)] }] }), 'good')
  const ofAnother = extension('2.5.29.29', seq(directory('CN=other')), true)
  assert.match(judge({ revoked: [{ serial: 5, extensions: [ofAnother] }] }), /the certificate of another issuer/)
  assert.match(judge({ extensions: [crlNumber(1), crlNumber(1)] }), /an extension that is there twice/)
})

test('325, C41: a list is believed from thisUpdate to nextUpdate, both included', () => {
  const at = (text: string): string => judge({ revoked: [listed] }, { at: new Date(text) })
  assert.equal(at('2026-05-31T23:59:59.999Z'), 'before thisUpdate')
  assert.equal(at('2026-06-01T00:00:00Z'), 'revoked: unspecified')
  assert.equal(at('2026-06-22T00:00:00.999Z'), 'revoked: unspecified')
  assert.equal(judge({}, { at: new Date('2026-06-22T00:00:01Z') }), 'after nextUpdate')
  // Who was revoked stays so; who was only held is not known of.
  assert.equal(at('2026-06-22T00:00:01Z'), 'revoked: unspecified')
  const held = { ...listed, extensions: [reasonCode(6)] }
  assert.equal(judge({ revoked: [held] }), 'revoked: certificateHold')
  assert.equal(judge({ revoked: [held] }, { at: new Date('2026-06-22T00:00:01Z') }), 'after nextUpdate')
  assert.equal(judge({}, { at: new Date(NaN) }), 'before thisUpdate')
  assert.equal(judge({ nextUpdate: null }), 'no nextUpdate')
  assert.equal(judge({ thisUpdate: generalizedTime('20260601000000') }), 'good')
})

const base = { extensions: [crlNumber(10)] }
const delta = (fields: CrlFields = {}, number = 12, from = 10): Buffer => crl({ ...fields, extensions: [crlNumber(number), deltaIndicator(from), ...fields.extensions ?? []] })

test('327: a delta CRL alone is not a CRL', () => {
  assert.equal(judge(delta({ revoked: [listed] })), 'a delta CRL without the CRL that it is about')
})

test('327: a delta CRL changes the CRL that it is about', () => {
  assert.equal(judge(base, { deltas: [delta({ revoked: [{ serial: 0x2001, extensions: [reasonCode(4)] }] })] }), 'revoked: superseded')
  assert.equal(judge({ ...base, revoked: [listed] }, { deltas: [delta()] }), 'revoked: unspecified')
  const verdict = judgeCrl(crl(base), target, issuer, now, { deltas: [parseCrl(delta({ nextUpdate: utcTime('260616000000') }))] })
  assert.deepEqual(verdict, { status: 'good', nextUpdate: new Date('2026-06-16T00:00:00Z') }, 'and is good no longer than the delta')
})

test('327: a delta CRL that may not be used leaves the CRL as it is', () => {
  const all = { revoked: [listed] }
  const strangers = { ...all, signer: authority({ subject: name('CN=middle') }) }
  const list: Readonly<Record<string, Buffer>> = {
    'of a newer base': delta(all, 12, 11),
    'older than the base': delta(all, 10, 9),
    'signed by a stranger': delta(strangers),
    'out of date': delta({ ...all, nextUpdate: utcTime('260602000000') }),
    'of another scope': delta({ ...all, extensions: [issuingDistributionPoint(flag(0x81))] }),
    'without a number': crl({ ...all, extensions: [deltaIndicator(10)] }),
    'with a number that is none': crl({ ...all, extensions: [extension('2.5.29.20', nul), deltaIndicator(10)] })
  }
  for (const [title, one] of Object.entries(list)) assert.equal(judge(base, { deltas: [one] }), 'good', title)
  assert.equal(judge({ extensions: [] }, { deltas: [delta(all)] }), 'good', 'the base has no number')
})

test('327: of several delta CRLs the newest counts', () => {
  const older = delta({ thisUpdate: utcTime('260602000000'), revoked: [{ serial: 0x2001, extensions: [reasonCode(6)] }] }, 11)
  const newer = delta({ thisUpdate: utcTime('260603000000'), revoked: [{ serial: 0x2001, extensions: [reasonCode(8)] }] }, 12)
  assert.equal(judge(base, { deltas: [older, newer] }), 'good')
  assert.equal(judge(base, { deltas: [newer, older] }), 'good')
  assert.equal(judge(base, { deltas: [older] }), 'revoked: certificateHold')
})

test('328: on hold is revoked; a delta CRL can end a hold, and nothing else', () => {
  const removed = [delta({ revoked: [{ serial: 0x2001, extensions: [reasonCode(8)] }] })]
  const held = { ...base, revoked: [{ serial: 0x2001, extensions: [reasonCode(6)] }] }
  assert.equal(judge(held), 'revoked: certificateHold')
  assert.equal(judge(held, { deltas: removed }), 'good')
  assert.equal(judge({ ...base, revoked: [{ serial: 0x2001, extensions: [reasonCode(1)] }] }, { deltas: removed }), 'revoked: keyCompromise')
  assert.match(judge({ revoked: [{ serial: 0x2001, extensions: [reasonCode(8)] }] }), /removeFromCRL outside a delta/)
})

test('a number that is there twice is revoked as soon as one entry says so', () => {
  const twice = [{ serial: 0x2001, extensions: [reasonCode(8)] }, { serial: 0x2001, extensions: [reasonCode(1)] }]
  for (const revoked of [twice, twice.toReversed()]) assert.equal(judge(base, { deltas: [delta({ revoked })] }), 'revoked: keyCompromise')
})

test('a reason that has no name revokes all the same', () => {
  for (const code of [7, 11, 200]) assert.equal(judge({ revoked: [{ serial: 0x2001, extensions: [reasonCode(code)] }] }), 'revoked: unspecified')
  assert.equal(judge({ entries: seq(seq(integer(0x2001), utcTime('269901000000'))) }), 'revoked: unspecified', 'and so does a date that is none')
})

test('a list of version 1 and one without a number are believed: only a delta CRL needs the number', () => {
  assert.equal(judge({ version: [], extensions: [] }), 'good')
  assert.equal(judge({ extensions: [] }), 'good')
})

test('what is not exactly one CRL is none', () => {
  const whole = crl({ revoked: [listed] })
  const malformed: Readonly<Record<string, Buffer>> = {
    nothing: Buffer.alloc(0),
    'a byte after it': Buffer.concat([whole, Uint8Array.of(0)]),
    'cut off': whole.subarray(0, -1),
    'a certificate': leaf.der,
    'version 3': crl({ version: [integer(2)] }),
    'extensions in version 1': crl({ version: [] }),
    'no extensions in the list of them': crl({ extensions: [seq().subarray(0, 0)] }),
    'an entry that is none': crl({ entries: seq(set()) }),
    'an entry without a date': crl({ entries: seq(seq(integer(5))) }),
    'an entry with more': crl({ entries: seq(seq(integer(5), utcTime('260301000000'), seq(reasonCode(1)), nul)) }),
    'a serial number of another type': crl({ entries: seq(seq(octets(), utcTime('260301000000'))) }),
    'a reason of two octets': crl({ revoked: [{ serial: 5, extensions: [extension('2.5.29.21', tlv(0x0a, Uint8Array.of(1, 1)))] }] }),
    'an empty issuing distribution point': crl({ extensions: [issuingDistributionPoint()] }),
    'a flag that is false': crl({ extensions: [issuingDistributionPoint(tlv(0x81, Uint8Array.of(0)))] }),
    'fields out of order': crl({ extensions: [issuingDistributionPoint(flag(0x84), flag(0x81))] }),
    'a field that is unknown': crl({ extensions: [issuingDistributionPoint(flag(0x86))] }),
    'ten parts': seq(...Array.from({ length: 10 }, () => nul)),
    'a signature in part of an octet': seq(seq(), seq(), bits(Uint8Array.of(0x80), 7))
  }
  for (const [title, bytes] of Object.entries(malformed)) assert.match(judge(bytes), /^not a CRL: ./, title)
  assert.match(judge(malformed['ten parts'] as Buffer), /more fields than a CRL has/, 'and is not read on')
  assert.throws(() => parseCrl(whole, whole.length - 1), /too large/)
  assert.equal(parseCrl(whole, whole.length).entries.size, 1)
})

test('distribution points that cannot be read leave the certificate undetermined', () => {
  const odd = read(client(middle, { extensions: [extension('2.5.29.31', bool(true))] }))
  assert.match(judge({}, { of: odd }), /^not a CRL/)
})

test('the bytes that were judged cannot be changed later', () => {
  const bytes = crl({ revoked: [listed] })
  const list = parseCrl(bytes)
  bytes.fill(0)
  assert.equal(judgeCrl(list, target, issuer, now).status, 'revoked')
})
