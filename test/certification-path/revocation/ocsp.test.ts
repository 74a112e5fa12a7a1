import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeOcspResponse, ocspRequest, type OcspQuestion } from '../../../lib/certification-path/revocation/index.ts'
import { derOf, readDer, type Element } from '../../../lib/certification-path/der.ts'
import {
  algorithms, authority, certificate, client, ecKeys, extendedKeyUsage, extension, generalizedTime, integer, keyUsage, name, now, nul, octets, oid, purposes, seq, tlv, utcTime,
  type CertificateOptions, type Issued
} from '../pki.ts'
import {
  anchor, errorResponse, issuer, keyHash, leaf, middle, nonceExtension, ocspResponse, read, revokedStatus, root, single, target, unknown, type ResponseFields
} from './revocation-pki.ts'

const ocspSigning = '1.3.6.1.5.5.7.3.9'
const responder = (options: CertificateOptions = {}, by: Issued = middle): Issued =>
  certificate({ subject: name('CN=responder'), issuer: by, extensions: [keyUsage(0), extendedKeyUsage(ocspSigning)], ...options })

function judge (response: ResponseFields | Buffer, question: Partial<OcspQuestion> = {}): string {
  const bytes = Buffer.isBuffer(response) ? response : ocspResponse(response as ResponseFields)
  const verdict = judgeOcspResponse(bytes, { target, issuer, at: now, ...question })
  return verdict.status === 'unusable' ? verdict.why : verdict.status
}

const by = (signer: Issued, certs: readonly Issued[] = [signer]): ResponseFields => ({ signer, certs })

test('a good answer is good until nextUpdate', () => {
  const verdict = judgeOcspResponse(ocspResponse(), { target, issuer, at: now })
  assert.deepEqual(verdict, { status: 'good', nextUpdate: new Date('2026-06-16T00:00:00Z'), thisUpdate: new Date('2026-06-15T00:00:00Z'), responder: issuer })
})

test('320, C41: a revoked certificate is revoked, with the reason and the date', () => {
  const verdict = judgeOcspResponse(ocspResponse({ singles: [single({ status: revokedStatus(1) })] }), { target, issuer, at: now })
  assert.ok(verdict.status === 'revoked')
  assert.deepEqual([verdict.reason, verdict.date], ['keyCompromise', new Date('2026-03-01T00:00:00Z')])
  assert.equal(judge({ singles: [single({ status: revokedStatus() })] }), 'revoked')
  assert.equal(judge({ singles: [single({ status: revokedStatus(6) })] }), 'revoked', 'on hold is revoked')
})

test('321: an intermediate is asked about at its own issuer', () => {
  const about = single({ issuer: root, serial: 0x1001, status: revokedStatus() })
  assert.equal(judge({ signer: root, singles: [about] }, { target: issuer, issuer: anchor }), 'revoked')
  assert.equal(judge({ signer: middle, singles: [about] }, { target: issuer, issuer: anchor }), 'no certificate of the responder that is named')
})

test('330, C41: the answer has to be about this certificate of this issuer', () => {
  const other = 'an answer about another certificate'
  assert.equal(judge({ singles: [single({ serial: 0x2002 })] }), other)
  assert.equal(judge({ singles: [single({ nameHash: Buffer.alloc(20) })] }), other)
  assert.equal(judge({ singles: [single({ keyHash: Buffer.alloc(20) })] }), other)
  assert.equal(judge({ singles: [single({ issuer: root })] }), other)
  assert.equal(judge({ singles: [] }), other)
  assert.equal(judge({ singles: [single({ hash: 'sha256' })] }), 'good')
  assert.equal(judge({ singles: [single({ hash: 'sha384' })] }), other, 'a hash that we do not ask with')
  assert.equal(judge({ singles: [single({ hash: 'sha256', keyHash: keyHash(middle) })] }), other)
})

test('330: among several answers that about the certificate counts; of several about it the worst', () => {
  assert.equal(judge({ singles: [single({ serial: 1, status: revokedStatus() }), single(), single({ serial: 2, status: unknown })] }), 'good')
  for (const singles of [[single(), single({ status: revokedStatus() })], [single({ status: revokedStatus() }), single({ status: unknown })]]) {
    assert.equal(judge({ singles }), 'revoked')
    assert.equal(judge({ singles: singles.toReversed() }), 'revoked')
  }
  assert.equal(judge({ singles: [single(), single({ status: unknown })] }), 'unknown')
})

test('331, C41: the signature has to be right, and by an algorithm that is not weak', () => {
  const changed = ocspResponse()
  changed[changed.length - 1] = (changed[changed.length - 1] as number) ^ 1
  assert.match(judge(changed), /^the signature is not usable: invalid/)
  assert.equal(judge({ algorithm: algorithms.ecdsaSha1 }), 'the signature is not usable: weak')
  assert.equal(judge({ signer: { ...middle, keys: ecKeys() } }), 'the signature is not usable: invalid')
})

test('332: the issuer itself may answer, named by name or by key', () => {
  assert.equal(judge({ responderId: tlv(0xa2, octets(keyHash(middle))) }), 'good')
  assert.equal(judge({ responderId: tlv(0xa1, name('CN=MIDDLE')) }), 'good')
  assert.equal(judge({ responderId: tlv(0xa2, octets(keyHash(root))) }), 'no certificate of the responder that is named')
  assert.equal(judge({ responderId: tlv(0xa1, name('CN=other')) }), 'no certificate of the responder that is named')
})

test('332: a delegate of the issuer may answer, named by name or by key', () => {
  const delegate = responder()
  assert.equal(judge(by(delegate)), 'good')
  assert.equal(judge({ ...by(delegate), responderId: tlv(0xa2, octets(keyHash(delegate))) }), 'good')
  assert.equal(judge(by(delegate, [root, delegate])), 'good')
  assert.equal(judge(by(delegate, [])), 'no certificate of the responder that is named')
  assert.equal(judge(by(responder({ subject: middle.subject }))), 'good', 'one of the same name as the issuer')
  const verdict = judgeOcspResponse(ocspResponse(by(delegate)), { target, issuer, at: now })
  assert.ok(verdict.status === 'good' && Buffer.from(verdict.responder.der).equals(delegate.der))
})

test('332, C41: nobody else may answer', () => {
  const not: ReadonlyArray<readonly [string, Issued, RegExp]> = [
    ['a client', leaf, /not meant for OCSP/],
    ['a delegate of the anchor', responder({}, root), /from another issuer/],
    ['a delegate of a delegate', responder({}, responder()), /from another issuer/],
    ['one that a stranger of the same name delegated', responder({}, authority({ subject: middle.subject })), /not signed by the issuer: invalid/],
    ['one without a purpose', responder({ extensions: [keyUsage(0)] }), /not meant for OCSP/],
    ['one for any purpose', responder({ extensions: [extendedKeyUsage(purposes.any)] }), /not meant for OCSP/],
    ['one for clients', responder({ extensions: [extendedKeyUsage(purposes.clientAuth)] }), /not meant for OCSP/],
    ['one without digitalSignature', responder({ extensions: [keyUsage(2), extendedKeyUsage(ocspSigning)] }), /no digitalSignature/],
    ['an expired one', responder({ notAfter: utcTime('260301000000') }), /not valid now/],
    ['one that is not valid yet', responder({ notBefore: utcTime('260701000000') }), /not valid now/],
    ['one with a critical extension', responder({ extensions: [extendedKeyUsage(ocspSigning), extension('1.2.3.4', nul, true)] }), /critical one that is not known/],
    ['one with an extension twice', responder({ extensions: [extendedKeyUsage(ocspSigning), extension('1.2.3.4', nul), extension('1.2.3.4', nul)] }), /an extension twice/],
    ['one with purposes that cannot be read', responder({ extensions: [extension('2.5.29.37', nul)] }), /cannot be read/],
    ['one signed with SHA-1', responder({ algorithm: algorithms.ecdsaSha1 }), /not signed by the issuer: weak/],
    ['one with another algorithm inside', responder({ innerAlgorithm: algorithms.ecdsaSha384.identifier }), /not signed by the issuer: invalid/],
    ['the client itself, with the purpose', responder({ issuer: root, subject: leaf.subject }), /from another issuer/]
  ]
  for (const [title, signer, why] of not) assert.match(judge(by(signer)), why, title)
})

test('333, 335: thisUpdate and producedAt are not in the future, but for a minute', () => {
  const at = (time: string): OcspQuestion['at'] => new Date(time)
  assert.equal(judge({}, { at: at('2026-06-14T23:59:00Z') }), 'good')
  assert.equal(judge({}, { at: at('2026-06-14T23:58:59Z') }), 'producedAt is in the future')
  const late = { singles: [single({ thisUpdate: generalizedTime('20260615120101') })] }
  assert.equal(judge(late), 'outside of thisUpdate and nextUpdate')
  assert.equal(judge(late, { clockTolerance: 61_000 }), 'good')
  assert.equal(judge({ singles: [single({ thisUpdate: generalizedTime('20260617000000') })] }, { at: at('2026-06-15T12:00:00Z'), clockTolerance: 1e9 }), 'outside of thisUpdate and nextUpdate', 'from back to front')
})

test('333: an answer without nextUpdate is believed for five minutes', () => {
  const open = { singles: [single({ nextUpdate: null, thisUpdate: generalizedTime('20260615115500') })] }
  assert.equal(judge(open, { clockTolerance: 0 }), 'good')
  assert.equal(judge(open, { clockTolerance: 0, at: new Date(now.getTime() + 1) }), 'outside of thisUpdate and nextUpdate')
})

test('334, 335, C41: nextUpdate is not over, but for a minute', () => {
  const stale = { singles: [single({ status: revokedStatus() })] }
  assert.equal(judge(stale, { at: new Date('2026-06-16T00:01:00Z') }), 'revoked')
  assert.equal(judge(stale, { at: new Date('2026-06-16T00:01:00.001Z') }), 'outside of thisUpdate and nextUpdate')
  assert.equal(judge(stale, { at: new Date('2026-06-16T00:00:00.001Z'), clockTolerance: 0 }), 'outside of thisUpdate and nextUpdate')
  assert.equal(judge(stale, { at: new Date(NaN) }), 'producedAt is in the future')
})

test('336: unknown critical extensions refuse the answer', () => {
  const odd = extension('1.2.3.4', nul, true)
  assert.equal(judge({ extensions: [odd] }), 'the critical extension 1.2.3.4 is not known')
  assert.equal(judge({ singles: [single({ extensions: [odd] })] }), 'the critical extension 1.2.3.4 is not known')
  assert.equal(judge({ singles: [single(), single({ serial: 1, extensions: [odd] })] }), 'the critical extension 1.2.3.4 is not known')
  assert.equal(judge({ extensions: [extension('1.2.3.4', nul)], singles: [single({ extensions: [extension('1.2.3.5', nul)] })] }), 'good')
})

test('337: what is no status says so', () => {
  assert.equal(judge({ singles: [single({ status: unknown })] }), 'unknown')
  const names = { 1: 'malformedRequest', 2: 'internalError', 3: 'tryLater', 4: 'a status that is not known', 5: 'sigRequired', 6: 'unauthorized', 99: 'a status that is not known' }
  for (const [status, title] of Object.entries(names)) assert.equal(judge(errorResponse(Number(status))), `the responder answered ${title}`)
})

const nonce = Buffer.alloc(32, 7)

test('339: a nonce that was sent comes back equal', () => {
  assert.equal(judge({ extensions: [nonceExtension(nonce)] }, { nonce }), 'good')
  assert.equal(judge({ extensions: [nonceExtension(nonce, true)] }, { nonce }), 'good')
  assert.equal(judge({ extensions: [nonceExtension(Buffer.alloc(32, 8))] }, { nonce }), 'another nonce in the answer')
  assert.equal(judge({ extensions: [nonceExtension(nonce.subarray(0, 16))] }, { nonce }), 'another nonce in the answer')
  assert.equal(judge({ extensions: [extension('1.3.6.1.5.5.7.48.1.2', seq())] }, { nonce }), 'another nonce in the answer')
  assert.match(judge({ extensions: [extension('1.3.6.1.5.5.7.48.1.2', nonce)] }, { nonce }), /^not an OCSP response|another nonce/)
})

test('339: an answer without the nonce is believed unless it is required', () => {
  assert.equal(judge({}, { nonce }), 'good')
  assert.equal(judge({}, { nonce, requireNonce: true }), 'no nonce in the answer')
  assert.equal(judge({ extensions: [nonceExtension(nonce)] }, { nonce, requireNonce: true }), 'good')
  assert.equal(judge({ extensions: [nonceExtension(nonce)] }, { requireNonce: true }), 'no nonce was sent')
  assert.equal(judge({ extensions: [nonceExtension(nonce)] }), 'good', 'made for somebody else, and kept by the responder')
})

test('what is not exactly one basic response is none', () => {
  const whole = ocspResponse()
  const malformed: Readonly<Record<string, Buffer>> = {
    nothing: Buffer.alloc(0),
    'a byte after it': Buffer.concat([whole, Uint8Array.of(0)]),
    'cut off': whole.subarray(0, -1),
    'success without an answer': errorResponse(0),
    'another type': ocspResponse({ type: '1.2.3.4' }),
    'version 2': ocspResponse({ version: [tlv(0xa0, integer(1))] }),
    'a status that is none': ocspResponse({ singles: [single({ status: seq() })] }),
    'good with content': ocspResponse({ singles: [single({ status: tlv(0x80, nul) })] }),
    UTCTime: ocspResponse({ singles: [single({ thisUpdate: utcTime('260615000000') })] }),
    'extensions twice': ocspResponse({ extensions: [nonceExtension(nonce), nonceExtension(nonce)] }),
    'nine certificates': ocspResponse({ certs: Array.from({ length: 9 }, () => root) }),
    'more than 64 KB': ocspResponse({ extensions: [extension('1.2.3.4', Buffer.alloc(65_536))] }),
    'a responder that is none': ocspResponse({ responderId: tlv(0xa2, oid('1.2.3')) })
  }
  for (const [title, bytes] of Object.entries(malformed)) assert.match(judge(bytes), /^not an OCSP response: ./, title)
  assert.equal(judge({ version: [tlv(0xa0, integer(0))] }), 'good', 'the default version is not to be written, and harms nobody')
  assert.equal(judge({ certs: [{ ...root, der: seq(nul) }] }), 'good', 'a certificate that cannot be read is not needed')
})

test('the request asks for one certificate, with SHA-1 and the nonce, in DER', () => {
  const bytes = Buffer.from(ocspRequest(target, issuer, nonce))
  const about = derOf(readDer(single()).children[0] as Element)
  const expected = seq(seq(seq(seq(about)), tlv(0xa2, seq(nonceExtension(nonce)))))
  assert.equal(bytes.toString('hex'), expected.toString('hex'))
  assert.equal(Buffer.from(ocspRequest(target, issuer, null)).toString('hex'), seq(seq(seq(seq(about)))).toString('hex'))
})

test('the name of the issuer is hashed as the certificate has it, not as its issuer writes it', () => {
  const odd = read(client(middle, { issuerName: name('CN=MIDDLE'), serial: 0x2001 }))
  assert.equal(judge({}, { target: odd }), 'an answer about another certificate')
  assert.equal(judge({ singles: [single({ issuer: { ...middle, subject: name('CN=MIDDLE') } })] }, { target: odd }), 'good')
})
