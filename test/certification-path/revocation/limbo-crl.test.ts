import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { certificationPaths, type Certificate } from '../../../lib/certification-path/index.ts'
import { judgeCrl } from '../../../lib/certification-path/revocation/index.ts'
import { outcome } from '../pki.ts'

interface Case {
  readonly id: string
  readonly trusted_certs: readonly string[]
  readonly untrusted_intermediates: readonly string[]
  readonly peer_certificate: string
  readonly validation_time: string
  readonly crls?: readonly string[]
}

const { testcases } = JSON.parse(readFileSync('fixtures/vectors/limbo/limbo-client.json', 'utf8')) as { testcases: readonly Case[] }
const { cases } = JSON.parse(readFileSync('fixtures/vectors/limbo/manifest-client.json', 'utf8')) as { cases: Record<string, { class: string, expected: 'accept' | 'reject' }> }
const der = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')

/** Where our verdict is not the expected one, with the reason. */
const choices: Readonly<Record<string, string>> = {
  'crl::crlnumber-missing': 'issuers have to number their lists, but only a delta CRL needs the number, and what is not believed revokes nobody'
}

/** As a hard policy has it: every certificate has to be good by some list, and revoked by none. */
function decide (one: Case): string {
  const at = new Date(one.validation_time)
  const verdict = certificationPaths({ anchors: one.trusted_certs.map(der) }).validate(der(one.peer_certificate), one.untrusted_intermediates.map(der), at)
  if (!verdict.valid) return outcome(verdict)
  const statuses = verdict.path.slice(0, -1).map((target, index) => {
    const verdicts = (one.crls ?? []).map((crl) => judgeCrl(der(crl), target, verdict.path[index + 1] as Certificate, at))
    if (verdicts.some(({ status }) => status === 'revoked')) return 'revoked'
    return verdicts.some(({ status }) => status === 'good') ? 'good' : verdicts.map((found) => found.status === 'unusable' ? found.why : '').join(', ')
  })
  return statuses.find((status) => status !== 'good') ?? 'good'
}

const withCrls = testcases.filter(({ crls }) => crls !== undefined && crls.length > 0)

for (const one of withCrls) {
  const { class: kind, expected } = cases[one.id] as NonNullable<typeof cases[string]>
  const choice = kind.startsWith('must') ? undefined : choices[one.id]
  test(`320, 322, 323, 324: limbo, ${kind}: ${one.id}${choice === undefined ? '' : `: not ${expected}: ${choice}`}`, () => {
    const found = decide(one)
    assert.equal(found === 'good', (expected === 'accept') === (choice === undefined), found)
  })
}

test('all eight are there, and those that are refused are refused for what is wrong', () => {
  assert.equal(withCrls.length, 8)
  const refused = withCrls.map((one) => [one.id.replace('crl::', ''), decide(one)]).filter(([, found]) => found !== 'good')
  assert.deepEqual(Object.fromEntries(refused), {
    'revoked-certificate-with-crl': 'revoked',
    'crlnumber-critical': 'the critical extension 2.5.29.20 is not known',
    'issuer-missing-crlsign': 'the issuer has no cRLSign'
  })
})
