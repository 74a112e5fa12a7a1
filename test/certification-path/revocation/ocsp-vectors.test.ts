import assert from 'node:assert/strict'
import { verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseCertificate, type Certificate } from '../../../lib/certification-path/index.ts'
import { verifySignature } from '../../../lib/certification-path/signature.ts'
import { judgeOcspResponse, type OcspVerdict } from '../../../lib/certification-path/revocation/judge-ocsp.ts'
import type { SignatureCheck } from '../../../lib/certification-path/revocation/judge-crl.ts'

interface Case {
  readonly name: string
  readonly trust_anchor: string
  readonly intermediates: readonly string[]
  readonly cert: string
  readonly ocsp_responses: readonly string[]
  readonly moment: string
  readonly rejected: boolean
}

const folder = 'fixtures/vectors/ocsp'
const { cases } = JSON.parse(readFileSync(`${folder}/cases.json`, 'utf8')) as { cases: readonly Case[] }
const der = (file: string): Buffer => Buffer.from(readFileSync(`${folder}/${file}`, 'latin1').replace(/^[^]*?-----BEGIN CERTIFICATE-----|-----END[^]*$/g, ''), 'base64')

// sha1WithRSAEncryption, with NULL or without.
const sha1WithRsa = ['300d06092a864886f70d0101050500', '300b06092a864886f70d010105']

// The vectors are from 2012 and signed with SHA-1, which is otherwise refused.
const withSha1: SignatureCheck = (signed, spki) => {
  if (!sha1WithRsa.includes(Buffer.from(signed.algorithm).toString('hex'))) return verifySignature(signed, spki)
  return verify('sha1', signed.tbs, { key: Buffer.from(spki), format: 'der', type: 'spki' }, signed.signature) ? 'valid' : 'invalid'
}

/** The verdict on each certificate that has a response, the end entity's first; some cases have none for the intermediate. */
function judgePath (one: Case, verifier: SignatureCheck, at = momentOf(one)): readonly OcspVerdict[] {
  const path = [one.cert, ...one.intermediates, one.trust_anchor].map((file) => parseCertificate(der(file)))
  return one.ocsp_responses.map((file, index) => judgeOcspResponse(Buffer.from(readFileSync(`${folder}/${file}`, 'latin1'), 'base64'), {
    target: path[index] as Certificate, issuer: path[index + 1] as Certificate, at, verify: verifier
  }))
}

function momentOf ({ moment }: Case): Date {
  const [year = 0, month = 0, ...rest] = moment.split(',').map(Number)
  return new Date(Date.UTC(year, month - 1, ...rest))
}

/** Some moments of the table are before the response was made: every response that is to be refused is current then. */
const later = new Date('2012-10-12T12:00:00Z')

const statusOf = (verdict: OcspVerdict): string => verdict.status === 'unusable' ? verdict.why : verdict.status

/** What is wrong, by the name of the case. */
const whys: ReadonlyArray<readonly [RegExp, RegExp]> = [
  [/invalid_response_signature/, /^the signature is not usable: invalid$/],
  [/wrong_responder_id/, /^no certificate of the responder/],
  [/wrong_issuer_(name|key)_hash/, /^an answer about another certificate$/],
  [/wrong_key_in_signing_cert/, /^no certificate of the responder|^the certificate of the responder is not signed by the issuer: invalid$/],
  [/signature_on_signing_cert/, /^the certificate of the responder is not signed by the issuer: invalid$/]
]

for (const one of cases) {
  test(`330, 331, 332, C41: ${one.name}: ${one.rejected ? 'no status' : 'good'}`, () => {
    const statuses = judgePath(one, withSha1).map(statusOf)
    const [, why = /^good$/] = whys.find(([name]) => name.test(one.name)) ?? []
    assert.equal(statuses.some((status) => status !== 'good'), one.rejected, statuses.join(' | '))
    const whenCurrent = one.rejected ? judgePath(one, withSha1, later).map(statusOf) : statuses
    assert.ok(whenCurrent.every((status) => status === 'good' || why.test(status)), whenCurrent.join(' | '))
  })
}

test('all 28 are there, and SHA-1 makes every one of them unusable', () => {
  assert.equal(cases.length, 28)
  for (const one of cases) for (const verdict of judgePath(one, verifySignature)) assert.equal(verdict.status, 'unusable', one.name)
})
