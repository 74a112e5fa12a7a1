import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certificationPaths } from '../../lib/certification-path/index.ts'
import {
  algorithms, alternativeNames, authority, basicConstraints, bits, bool, certificate, client, directory, dns, ecKeys, ed25519Keys, extendedKeyUsage, extension,
  generalizedTime, integer, ip, judge, keyUsage, mail, name, nameConstraints, now, nul, octets, oid, other, outcome, policyConstraints, pss, purposes, rsaKeys, seq, set,
  text, tlv, uri, utcTime, type CertificateOptions, type Issued
} from './pki.ts'

const root = authority({ subject: name('O=Test', 'CN=root') })
const middle = authority({ issuer: root })

interface Expectation { readonly path: readonly Issued[], readonly is: string, readonly at?: Date, readonly options?: Parameters<typeof judge>[1] }

function cases (list: Readonly<Record<string, () => Expectation>>): void {
  for (const [title, make] of Object.entries(list)) {
    test(title, () => {
      const { path, is, at, options } = make()
      assert.equal(outcome(judge(path, options, at)), is)
    })
  }
}

const leaf = (options: CertificateOptions = {}): readonly Issued[] => [root, middle, client(middle, options)]
const bare = (options: CertificateOptions = {}): readonly Issued[] => [root, certificate({ issuer: root, ...options })]
const through = (options: Parameters<typeof authority>[0]): readonly Issued[] => {
  const issuer = authority({ issuer: root, ...options })
  return [root, issuer, client(issuer)]
}
const constrained = (constraints: Buffer, names: readonly Buffer[], options: CertificateOptions = {}): readonly Issued[] => {
  const issuer = authority({ issuer: root, extensions: [constraints] })
  return [root, issuer, client(issuer, { ...options, extensions: names.length === 0 ? [] : [alternativeNames(names)] })]
}
const flipped = ({ der, ...rest }: Issued): Issued => ({ ...rest, der: Buffer.concat([der.subarray(0, -1), Uint8Array.of((der.at(-1) as number) ^ 1)]) })

test('288: a good path, with what it is and how long it is good', () => {
  const end = client(middle, { notAfter: utcTime('260701000000') })
  const verdict = judge([root, middle, end])
  assert.ok(verdict.valid)
  assert.deepEqual(verdict.path.map(({ der }) => Buffer.from(der)), [end.der, middle.der, root.der])
  assert.deepEqual(verdict.goodUntil, new Date('2026-07-01T00:00:00Z'))
})

cases({
  '288, C40: a flipped bit in the signature of the leaf': () => ({ path: [root, middle, flipped(client(middle))], is: 'signature_invalid' }),
  '288: a flipped bit in the signature of the intermediate': () => ({ path: [root, flipped(middle), client(middle)], is: 'signature_invalid' }),
  '288: an issuer of the right name and another key': () => ({ path: [root, authority({ issuer: root, subject: middle.subject }), client(middle)], is: 'signature_invalid' }),
  '288: an anchor of the right name and another key': () => ({ path: [authority({ subject: root.subject }), middle, client(middle)], is: 'signature_invalid' }),
  '288: another authority, also if it is sent along': () => ({ path: [authority(), root, middle, client(middle)], is: 'no_path' }),
  '289: the second of notBefore': () => ({ path: leaf({ notBefore: utcTime('260615120000') }), is: 'valid' }),
  '289: the second before notBefore': () => ({ path: leaf({ notBefore: utcTime('260615120001') }), is: 'leaf_not_yet_valid' }),
  '289: the last moment of the second of notAfter': () => ({ path: leaf({ notAfter: utcTime('260615120000') }), is: 'valid', at: new Date('2026-06-15T12:00:00.999Z') }),
  '289, C31: the second after notAfter': () => ({ path: leaf({ notAfter: utcTime('260615115959') }), is: 'leaf_expired' }),
  '289: an intermediate that has expired': () => ({ path: through({ notAfter: utcTime('260615115959') }), is: 'issuer_expired' }),
  '289: an intermediate of tomorrow': () => ({ path: through({ notBefore: utcTime('260616000000') }), is: 'issuer_not_yet_valid' }),
  '289: a date that is none': () => ({ path: leaf(), is: 'leaf_not_yet_valid', at: new Date(NaN) }),
  '290: another name': () => ({ path: leaf({ issuerName: name('CN=somebody') }), is: 'no_path' }),
  '290: the parts of a name in another order': () => ({ path: [root, certificate({ issuer: root, issuerName: name('CN=root', 'O=Test') })], is: 'no_path' }),
  '290: other case, spaces and encodings': () => ({ path: [root, client(root, { issuerName: seq(set(seq(oid('2.5.4.10'), text('  tEST ', 0x13))), set(seq(oid('2.5.4.3'), text('\0R\0o\0o\0t', 0x1e)))) })], is: 'valid' }),
  '290: other spaces inside': () => {
    const issuer = authority({ subject: name('CN=a  b') })
    return { path: [issuer, client(issuer, { issuerName: name('CN=A b') })], is: 'valid' }
  },
  '290: attributes of one set in another order': () => {
    const one = seq(oid('2.5.4.3'), text('x'))
    const two = seq(oid('2.5.4.11'), text('y'))
    const issuer = authority({ subject: seq(set(one, two)) })
    return { path: [issuer, client(issuer, { issuerName: seq(set(two, one)) })], is: 'valid' }
  },
  '290: one attribute that spells two': () => {
    const issuer = authority({ subject: seq(set(seq(oid('2.5.4.3'), text('a'))), set(seq(oid('2.5.4.3'), text('b')))) })
    return { path: [issuer, client(issuer, { issuerName: name('CN=a,CN=b') })], is: 'no_path' }
  },
  '291: unknown and critical in the leaf': () => ({ path: leaf({ extensions: [extension('1.2.3.4', nul, true)] }), is: 'critical_extension' }),
  '291: unknown and critical in an intermediate': () => ({ path: through({ extensions: [extension('1.2.3.4', nul, true)] }), is: 'critical_extension' }),
  '291: unknown and critical in the anchor': () => {
    const anchor = authority({ extensions: [extension('1.2.3.4', nul, true)] })
    return { path: [anchor, client(anchor)], is: 'critical_extension' }
  },
  '291: unknown and not critical': () => ({ path: leaf({ extensions: [extension('1.2.3.4', nul)] }), is: 'valid' }),
  '291: known, critical and unreadable': () => ({ path: leaf({ extensions: [extension('2.5.29.17', nul, true)] }), is: 'extension_malformed' }),
  '292, C30: an extension twice': () => ({ path: leaf({ extensions: [extension('1.2.3.4', nul), extension('1.2.3.4', nul)] }), is: 'duplicate_extension' }),
  '292: an extension twice in an intermediate': () => ({ path: through({ extensions: [basicConstraints(true)] }), is: 'duplicate_extension' }),
  '293: another algorithm inside': () => ({ path: leaf({ innerAlgorithm: algorithms.ecdsaSha384.identifier }), is: 'algorithm_mismatch' }),
  '293: other parameters inside': () => ({ path: leaf({ innerAlgorithm: seq(oid('1.2.840.10045.4.3.2'), nul) }), is: 'algorithm_mismatch' }),
  '294, C38: cA false': () => {
    const issuer = certificate({ issuer: root, extensions: [basicConstraints(false), keyUsage(5)] })
    return { path: [root, issuer, client(issuer)], is: 'not_a_ca' }
  },
  '294: no basicConstraints': () => {
    const issuer = certificate({ issuer: root, extensions: [keyUsage(5)] })
    return { path: [root, issuer, client(issuer)], is: 'not_a_ca' }
  },
  '294: another client as issuer': () => ({ path: [root, middle, client(middle, { subject: name('CN=mallory') }), client({ ...client(middle, { subject: name('CN=mallory') }) })], is: 'not_a_ca' }),
  '295: an intermediate of version 1': () => {
    const issuer = certificate({ issuer: root, version: 0 })
    return { path: [root, issuer, client(issuer)], is: 'not_a_ca' }
  },
  '295: an anchor of version 1': () => {
    const issuer = certificate({ version: 0 })
    return { path: [issuer, client(issuer)], is: 'not_a_ca' }
  },
  '295, C30: version 1 with extensions': () => ({ path: leaf({ version: 0 }), is: 'leaf_malformed' }),
  '295: a client of version 1': () => ({ path: bare({ version: 0 }), is: 'valid' }),
  '296: no keyCertSign': () => {
    const issuer = certificate({ issuer: root, extensions: [basicConstraints(true), keyUsage(0, 6)] })
    return { path: [root, issuer, client(issuer)], is: 'key_usage' }
  },
  '296: no keyUsage': () => {
    const issuer = certificate({ issuer: root, extensions: [basicConstraints(true)] })
    return { path: [root, issuer, client(issuer)], is: 'valid' }
  },
  '297, C38: one intermediate too many': () => {
    const short = authority({ issuer: root, pathLength: 0 })
    const issuer = authority({ issuer: short })
    return { path: [root, short, issuer, client(issuer)], is: 'path_too_long' }
  },
  '297: a self-issued one is not counted': () => {
    const short = authority({ issuer: root, pathLength: 0 })
    const again = authority({ issuer: short, subject: short.subject })
    return { path: [root, short, again, client(again)], is: 'valid' }
  },
  '297: a longer length below does not lengthen the path': () => {
    const short = authority({ issuer: root, pathLength: 1 })
    const next = authority({ issuer: short, pathLength: 5 })
    const last = authority({ issuer: next })
    return { path: [root, short, next, last, client(last)], is: 'path_too_long' }
  },
  '297: the length in the anchor': () => {
    const anchor = authority({ pathLength: 0 })
    const issuer = authority({ issuer: anchor })
    return { path: [anchor, issuer, client(issuer)], is: 'path_too_long' }
  },
  '298: a permitted directory name': () => ({ path: constrained(nameConstraints([directory('O=Bank')]), [], { subject: name('O=bank', 'CN=a') }), is: 'valid' }),
  '298, C39: a directory name outside': () => ({ path: constrained(nameConstraints([directory('O=Bank')]), [], { subject: name('O=Other', 'CN=a') }), is: 'name_constraints' }),
  '298: an excluded directory name': () => ({ path: constrained(nameConstraints([], [directory('O=Bank')]), [], { subject: name('O=Bank', 'CN=a') }), is: 'name_constraints' }),
  '298: a host below a permitted one': () => ({ path: constrained(nameConstraints([dns('Example.com')]), [dns('a.example.COM'), dns('example.com')]), is: 'valid' }),
  '298: a host that only ends like a permitted one': () => ({ path: constrained(nameConstraints([dns('example.com')]), [dns('badexample.com')]), is: 'name_constraints' }),
  '298: a host below an excluded one': () => ({ path: constrained(nameConstraints([], [dns('example.com')]), [dns('a.b.example.com')]), is: 'name_constraints' }),
  '298: a wildcard over an excluded host': () => ({ path: constrained(nameConstraints([], [dns('a.example.com')]), [dns('*.example.com')]), is: 'name_constraints' }),
  '298: a wildcard beside an excluded host': () => ({ path: constrained(nameConstraints([], [dns('a.example.org')]), [dns('*.example.com')]), is: 'valid' }),
  '298: an address in the network': () => ({ path: constrained(nameConstraints([ip(192, 0, 2, 0, 255, 255, 255, 0)]), [ip(192, 0, 2, 7)]), is: 'valid' }),
  '298: an address outside the network': () => ({ path: constrained(nameConstraints([ip(192, 0, 2, 0, 255, 255, 255, 0)]), [ip(192, 0, 3, 7)]), is: 'name_constraints' }),
  '298: an address of six where four is permitted': () => ({ path: constrained(nameConstraints([ip(0, 0, 0, 0, 0, 0, 0, 0)]), [ip(...Array<number>(16).fill(1))]), is: 'name_constraints' }),
  '298: a URI on a permitted host': () => ({ path: constrained(nameConstraints([uri('example.com')]), [uri('https://user@example.com:80/a?b@c')]), is: 'valid' }),
  '298: a URI below a host is not on it': () => ({ path: constrained(nameConstraints([uri('example.com')]), [uri('https://a.example.com/')]), is: 'name_constraints' }),
  '298: a URI below a domain': () => ({ path: constrained(nameConstraints([uri('.example.com')]), [uri('https://a.example.com/')]), is: 'valid' }),
  '298: a URI with two signs': () => ({ path: constrained(nameConstraints([uri('example.com')]), [uri('https://other.example@a@example.com/')]), is: 'name_constraints' }),
  '298: a URI with an address': () => ({ path: constrained(nameConstraints([], [uri('example.com')]), [uri('https://192.0.2.1/')]), is: 'name_constraints' }),
  '298: a URI without authority': () => ({ path: constrained(nameConstraints([], [uri('example.com')]), [uri('urn:example:a')]), is: 'name_constraints' }),
  '298, C39: a name of another kind that is constrained': () => ({ path: constrained(nameConstraints([], [other()]), [other()]), is: 'name_constraints' }),
  '298: a name of another kind that is constrained, and not there': () => ({ path: constrained(nameConstraints([], [other()]), [dns('a.example')]), is: 'valid' }),
  '298: a mailbox in UTF-8 where mailboxes are constrained (RFC 9598 section 6)': () => {
    const mailbox = other('1.3.6.1.5.5.7.8.9', 'a@example.com')
    return { path: constrained(nameConstraints([mail('example.com')]), [mailbox]), is: 'name_constraints' }
  },
  '298: a name of a form that is not constrained': () => ({ path: constrained(nameConstraints([dns('example.com')]), [mail('a@other.example')]), is: 'valid' }),
  '298: constraints that are not critical': () => ({ path: constrained(nameConstraints([dns('example.com')], [], false), [dns('other.example')]), is: 'name_constraints' }),
  '299: permitted and excluded': () => ({ path: constrained(nameConstraints([dns('example.com')], [dns('a.example.com')]), [dns('a.example.com')]), is: 'name_constraints' }),
  '299: one of two names is excluded': () => ({ path: constrained(nameConstraints([], [dns('a.example.com')]), [dns('b.example.com'), dns('a.example.com')]), is: 'name_constraints' }),
  '300: the mailbox in the subject': () => ({ path: constrained(nameConstraints([mail('example.com')]), [], { subject: name('CN=a', 'E=a@other.example') }), is: 'name_constraints' }),
  '300: the mailbox in the subject, permitted': () => ({ path: constrained(nameConstraints([mail('example.com')]), [], { subject: name('CN=a', 'E=a@Example.com') }), is: 'valid' }),
  '300: a mailbox by its host, another host': () => ({ path: constrained(nameConstraints([mail('example.com')]), [mail('a@b.example.com')]), is: 'name_constraints' }),
  '300: a mailbox below a domain': () => ({ path: constrained(nameConstraints([mail('.example.com')]), [mail('a@b.example.com')]), is: 'valid' }),
  '300: the case of a local part': () => ({ path: constrained(nameConstraints([mail('Ab@example.com')]), [mail('ab@example.com')]), is: 'name_constraints' }),
  '300: a mailbox with two signs': () => ({ path: constrained(nameConstraints([mail('example.com')]), [mail('a@b@example.com')]), is: 'name_constraints' }),
  '301: constraints in the leaf': () => ({ path: leaf({ extensions: [nameConstraints([dns('example.com')])] }), is: 'extension_malformed' }),
  '301: constraints that are empty': () => ({ path: constrained(extension('2.5.29.30', seq(), true), []), is: 'extension_malformed' }),
  '301: empty lists of constraints': () => ({ path: constrained(extension('2.5.29.30', seq(tlv(0xa0)), true), []), is: 'extension_malformed' }),
  '301: a wildcard as a constraint': () => ({ path: constrained(nameConstraints([dns('*.example.com')]), []), is: 'extension_malformed' }),
  '301: a host with a leading period': () => ({ path: constrained(nameConstraints([dns('.example.com')]), []), is: 'extension_malformed' }),
  '301: an address without a mask': () => ({ path: constrained(nameConstraints([ip(192, 0, 2, 0)]), []), is: 'extension_malformed' }),
  '301: a mask with a hole': () => ({ path: constrained(nameConstraints([ip(192, 0, 2, 0, 255, 0, 255, 0)]), []), is: 'extension_malformed' }),
  '301: a minimum': () => ({ path: constrained(extension('2.5.29.30', seq(tlv(0xa0, seq(dns('example.com'), integer(1, 0x80)))), true), []), is: 'extension_malformed' }),
  '302, C37: for servers only': () => ({ path: bare({ extensions: [extendedKeyUsage(purposes.serverAuth)] }), is: 'extended_key_usage' }),
  '302: any purpose': () => ({ path: bare({ extensions: [extendedKeyUsage(purposes.any)] }), is: 'extended_key_usage' }),
  '302: any purpose, where it is allowed': () => ({ path: bare({ extensions: [extendedKeyUsage(purposes.any)] }), is: 'valid', options: { allowAnyExtendedKeyUsage: true } }),
  '302: no purpose in the list': () => ({ path: bare({ extensions: [extendedKeyUsage()] }), is: 'extension_malformed' }),
  '303: no list of purposes': () => ({ path: bare(), is: 'valid' }),
  '303: no list of purposes, where it is required': () => ({ path: bare(), is: 'extended_key_usage', options: { requireExtendedKeyUsage: true } }),
  '304: an intermediate for mail': () => ({ path: through({ extensions: [extendedKeyUsage(purposes.emailProtection)] }), is: 'extended_key_usage' }),
  '304: an intermediate for clients': () => ({ path: through({ extensions: [extendedKeyUsage(purposes.emailProtection, purposes.clientAuth)] }), is: 'valid' }),
  '304: an intermediate for anything': () => ({ path: through({ extensions: [extendedKeyUsage(purposes.any)] }), is: 'valid' }),
  '305: keyEncipherment only': () => ({ path: bare({ extensions: [keyUsage(2)] }), is: 'key_usage' }),
  '305: keyAgreement': () => ({ path: bare({ extensions: [keyUsage(4)] }), is: 'valid' }),
  '305: keyCertSign without cA': () => ({ path: bare({ extensions: [keyUsage(0, 5)] }), is: 'key_usage' }),
  '305: a usage that allows nothing': () => ({ path: bare({ extensions: [keyUsage()] }), is: 'extension_malformed' }),
  '306, C36: an authority as client': () => ({ path: [root, certificate({ issuer: root, extensions: [basicConstraints(true), keyUsage(0, 5)] })], is: 'ca_as_leaf' }),
  '306: an authority as client, where it is allowed': () => ({ path: [root, certificate({ issuer: root, extensions: [basicConstraints(true), keyUsage(0, 5)] })], is: 'valid', options: { allowAuthorityAsLeaf: true } }),
  '307: a policy is required and there is none': () => ({ path: through({ extensions: [policyConstraints(0)] }), is: 'policy' }),
  '308: GeneralizedTime': () => ({ path: leaf({ notBefore: generalizedTime('20260101000000'), notAfter: generalizedTime('20510101000000') }), is: 'valid' }),
  '308: the year 50 is of the last century': () => ({ path: leaf({ notAfter: utcTime('500101000000') }), is: 'leaf_expired' }),
  '308: the year 49 is of this one': () => ({ path: leaf({ notAfter: utcTime('491231235959') }), is: 'valid' }),
  '309: fractions of seconds': () => ({ path: leaf({ notAfter: generalizedTime('20510101000000.5') }), is: 'leaf_malformed' }),
  '309: no seconds': () => ({ path: leaf({ notAfter: utcTime('4912312359') }), is: 'leaf_malformed' }),
  '309: another time zone': () => ({ path: leaf({ notAfter: text('491231235959+0000', 0x17) }), is: 'leaf_malformed' }),
  '309: 30 February': () => ({ path: leaf({ notAfter: utcTime('490230000000') }), is: 'leaf_malformed' }),
  '310: 20 octets': () => ({ path: leaf({ serial: 2n ** 159n - 1n }), is: 'valid' }),
  '310: 21 octets': () => ({ path: leaf({ serial: 2n ** 161n }), is: 'serial_number' }),
  '310: zero': () => ({ path: leaf({ serial: 0 }), is: 'serial_number' }),
  '310, C30: negative': () => ({ path: leaf({ serial: Uint8Array.of(0xff) }), is: 'serial_number' }),
  '311: two intermediates that only certify one another': () => {
    const one = ecKeys()
    const two = ecKeys()
    const issued = (subject: string, keys: typeof one, issuerName: string, issuer: typeof one): Issued =>
      authority({ subject: name(`CN=${subject}`), keys, issuer: { der: Buffer.alloc(0), subject: name(`CN=${issuerName}`), keys: issuer } })
    const a = issued('a', one, 'b', two)
    return { path: [root, a, issued('b', two, 'a', one), client(a)], is: 'no_path' }
  },
  '312: an expired twin, a dead end and a loop beside the path': () => {
    const keys = ecKeys()
    const twin = authority({ issuer: root, subject: name('CN=twin'), keys, notAfter: utcTime('260102000000') })
    const dead = authority({ issuer: authority(), subject: name('CN=twin'), keys })
    const loop = authority({ issuer: dead, subject: root.subject, keys: root.keys })
    const good = authority({ issuer: root, subject: name('CN=twin'), keys })
    return { path: [root, twin, dead, loop, good, good, root, client(good)], is: 'valid' }
  },
  '314: RSA with 2048 bits': () => {
    const keys = rsaKeys()
    const issuer = authority({ issuer: root, keys })
    return { path: [root, issuer, client(issuer)], is: 'valid' }
  },
  '314: RSA with less': () => ({ path: leaf({ keys: rsaKeys(1024) }), is: 'key_weak' }),
  '314: P-192': () => ({ path: leaf({ keys: ecKeys('prime192v1') }), is: 'key_weak' }),
  '314: secp256k1': () => ({ path: leaf({ keys: ecKeys('secp256k1') }), is: 'key_weak' }),
  '314: P-384 and P-521': () => {
    const anchor = authority({ keys: ecKeys('P-521') })
    const issuer = authority({ issuer: anchor, keys: ecKeys('P-384'), algorithm: algorithms.ecdsaSha512 })
    return { path: [anchor, issuer, client(issuer, { algorithm: algorithms.ecdsaSha384 })], is: 'valid' }
  },
  '314: Ed25519': () => {
    const anchor = authority({ keys: ed25519Keys() })
    return { path: [anchor, client(anchor, { keys: ed25519Keys() })], is: 'valid' }
  },
  '314: ECDSA with SHA-1': () => ({ path: leaf({ algorithm: algorithms.ecdsaSha1 }), is: 'signature_weak' }),
  '315: an anchor that has expired': () => {
    const anchor = authority({ notAfter: utcTime('260601000000') })
    return { path: [anchor, client(anchor)], is: 'issuer_expired' }
  },
  '315: an anchor that is no authority': () => {
    const anchor = certificate()
    return { path: [anchor, client(anchor)], is: 'not_a_ca' }
  },
  '315: name constraints in the anchor': () => {
    const anchor = authority({ extensions: [nameConstraints([dns('example.com')])] })
    return { path: [anchor, client(anchor, { extensions: [alternativeNames([dns('example.org')])] })], is: 'name_constraints' }
  },
  '316: a self-signed certificate that is an anchor': () => ({ path: [certificate({ extensions: [basicConstraints(false)] })], is: 'valid' }),
  '316: a self-signed certificate that is an anchor, and has expired': () => ({ path: [certificate({ notAfter: utcTime('260601000000') })], is: 'leaf_expired' }),
  '316: another self-signed certificate': () => ({ path: [root, certificate()], is: 'no_path' }),
  '316: another self-signed certificate of the same name': () => ({ path: [root, certificate({ subject: root.subject })], is: 'signature_invalid' }),
  '317, C30: an empty issuer': () => ({ path: leaf({ issuerName: seq() }), is: 'name_invalid' }),
  '317: an empty subject': () => ({ path: leaf({ subject: seq() }), is: 'name_invalid' }),
  '317: an empty subject with an alternative name that is not critical': () => ({ path: leaf({ subject: seq(), extensions: [alternativeNames([dns('a.example')])] }), is: 'name_invalid' }),
  '317: an empty subject with a critical alternative name': () => ({ path: leaf({ subject: seq(), extensions: [alternativeNames([dns('a.example')], true)] }), is: 'valid' }),
  '318, C29: a host that spells two is no host': () => ({ path: constrained(nameConstraints([dns('example.com')]), [dns('a.org, DNS:example.com')]), is: 'name_constraints' }),
  '318: a zero octet in a name': () => ({ path: leaf({ extensions: [alternativeNames([dns('a.example\0.com')])] }), is: 'extension_malformed' })
})

test('297: a length that is negative, or where no authority is', () => {
  const negative = extension('2.5.29.19', seq(bool(true), integer(Uint8Array.of(0xff))), true)
  const issuer = certificate({ issuer: root, extensions: [negative, keyUsage(5)] })
  assert.equal(outcome(judge([root, issuer, client(issuer)])), 'extension_malformed')
  assert.equal(outcome(judge(bare({ extensions: [basicConstraints(false, 3)] }))), 'extension_malformed')
})

test('314: RSASSA-PSS, with the parameters it was made with', () => {
  const anchor = authority({ keys: rsaKeys(), algorithm: pss('sha256') })
  assert.equal(outcome(judge([anchor, client(anchor, { algorithm: pss('sha384', 48) })])), 'valid')
  const lying = { identifier: pss('sha256', 20).identifier, sign: pss('sha256', 32).sign }
  assert.equal(outcome(judge([anchor, client(anchor, { algorithm: lying })])), 'signature_invalid')
  assert.equal(outcome(judge([anchor, client(anchor, { algorithm: { identifier: pss('sha256', 32, 'sha512').identifier, sign: pss('sha256', 32).sign } })])), 'signature_weak')
  const defaults = { identifier: seq(oid('1.2.840.113549.1.1.10'), seq()), sign: pss('sha1', 20).sign }
  assert.equal(outcome(judge([anchor, client(anchor, { algorithm: defaults })])), 'signature_weak')
})

test('314: RSA with SHA-1 and MD5, and with parameters that do not belong', () => {
  const anchor = authority({ keys: rsaKeys() })
  assert.equal(outcome(judge([anchor, client(anchor, { algorithm: algorithms.rsaSha512 })])), 'valid')
  for (const algorithm of [algorithms.rsaSha1, algorithms.rsaMd5]) assert.equal(outcome(judge([anchor, client(anchor, { algorithm })])), 'signature_weak')
  const odd = { ...algorithms.rsaSha512, identifier: seq(oid('1.2.840.113549.1.1.13'), integer(1)) }
  assert.equal(outcome(judge([anchor, client(anchor, { algorithm: odd })])), 'signature_weak')
})

test('315: an anchor that was signed with SHA-1 by itself is good: nobody relies on that signature', () => {
  const anchor = authority({ algorithm: algorithms.ecdsaSha1 })
  assert.equal(outcome(judge([anchor, client(anchor)])), 'valid')
})

test('315: what cannot be an anchor stops the boot', () => {
  assert.throws(() => certificationPaths({ anchors: [] }), /^TypeError: anchors: there is none$/)
  assert.throws(() => certificationPaths({ anchors: [root.der, Buffer.from('no')] }), /^TypeError: anchors\[1\]: /)
  assert.throws(() => certificationPaths({ anchors: [root.der], intermediates: [root.der.subarray(1)] }), /^TypeError: intermediates\[0\]: /)
  assert.throws(() => certificationPaths({ anchors: [root.der], limits: { steps: -1 } }), /^TypeError: limits\.steps /)
})

test('316: an intermediate of the operator ends a path only where that is allowed', () => {
  const end = client(middle)
  const stranger = authority()
  const validate = (allowPartialChain: boolean): string =>
    outcome(certificationPaths({ anchors: [stranger.der], intermediates: [middle.der], allowPartialChain }).validate(end.der, [], now))
  assert.equal(validate(false), 'no_path')
  assert.equal(validate(true), 'valid')
  assert.equal(outcome(certificationPaths({ anchors: [root.der], intermediates: [middle.der] }).validate(end.der, [], now)), 'valid')
})

test('316: an authority that is an anchor is no client by that, unless it is self-signed', () => {
  const usual = [basicConstraints(true), keyUsage(0, 5)]
  const anchor = certificate({ issuer: root, extensions: usual })
  assert.equal(outcome(judge([anchor])), 'ca_as_leaf')
  assert.equal(outcome(judge([certificate({ extensions: usual })])), 'valid')
})

test('319: the path says which certificate it is about, byte for byte, for the comparison of thumbprints', () => {
  const end = client(root)
  const copy = Buffer.from(end.der)
  const verdict = certificationPaths({ anchors: [root.der] }).validate(copy, [], now)
  copy.fill(0)
  assert.ok(verdict.valid)
  assert.deepEqual(Buffer.from(verdict.path[0]?.der ?? []), end.der)
})

test('C26: what is not one certificate in DER', () => {
  const { validate } = certificationPaths({ anchors: [root.der] })
  const good = client(root).der
  const indefinite = Buffer.concat([Uint8Array.of(0x30, 0x80), good.subarray(4), Uint8Array.of(0, 0)])
  const padded = Buffer.concat([Uint8Array.of(0x30, 0x83, 0), good.subarray(2)])
  for (const bad of [Buffer.alloc(0), Buffer.alloc(400), good.subarray(0, -1), Buffer.concat([good, Uint8Array.of(0)]), Buffer.concat([good, good]), indefinite, padded, ecKeys().spki]) {
    assert.equal(outcome(validate(bad, [], now)), 'leaf_malformed')
  }
  const laxBoolean = leaf({ extensions: [seq(oid('1.2.3.4'), tlv(1, Uint8Array.of(1)), octets(nul))] })
  assert.equal(outcome(judge(laxBoolean)), 'leaf_malformed')
})

test('C27: keys that slow a verifier down, or are no keys', () => {
  const rsa = (modulus: bigint, exponent: bigint): Buffer => seq(seq(oid('1.2.840.113549.1.1.1'), nul), bits(seq(integer(modulus), integer(exponent))))
  const modulus = 2n ** 2048n - 1n
  for (const spki of [rsa(modulus, 1n), rsa(modulus, 65_536n), rsa(modulus, 2n ** 64n + 1n), rsa(modulus - 1n, 3n), rsa(2n ** 8193n - 1n, 3n)]) {
    assert.equal(outcome(judge(leaf({ spki }))), 'key_weak')
  }
  const explicit = seq(seq(oid('1.2.840.10045.2.1'), seq(integer(1))), bits(Buffer.alloc(65, 4)))
  assert.equal(outcome(judge(leaf({ spki: explicit }))), 'key_weak')
})

test('C35: order and repetition of the chain do not matter, and the leaf in it neither', () => {
  const last = authority({ issuer: middle })
  const end = client(last)
  const validator = certificationPaths({ anchors: [root.der] })
  for (const chain of [[middle, last], [last, middle], [last, last, middle, root], [end, last, authority(), middle]]) {
    assert.equal(outcome(validator.validate(end.der, chain.map(({ der }) => der), now)), 'valid')
  }
  assert.equal(outcome(validator.validate(end.der, [Buffer.from('junk'), middle.der, last.der], now)), 'valid')
})
