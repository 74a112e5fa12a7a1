import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { certificationPaths, type PathVerdict } from '../../lib/certification-path/index.ts'
import { outcome } from './pki.ts'

interface Case {
  readonly id: string
  readonly trusted_certs: readonly string[]
  readonly untrusted_intermediates: readonly string[]
  readonly peer_certificate: string
  readonly validation_time: string | null
  readonly max_chain_depth: number | null
}

const { testcases } = JSON.parse(readFileSync('fixtures/vectors/limbo/limbo-client.json', 'utf8')) as { testcases: readonly Case[] }
const manifest = (JSON.parse(readFileSync('fixtures/vectors/limbo/manifest-client.json', 'utf8')) as { cases: Record<string, { class: string, expected: 'accept' | 'reject' }> }).cases

// Nothing but a revocation list says that these are to be refused.
const needsRevocation = new Set(['crl::revoked-certificate-with-crl', 'crl::crlnumber-critical', 'crl::crlnumber-missing', 'crl::issuer-missing-crlsign'])

/** Where our answer is not the expected one, among the cases that are a matter of choice; with the reason. */
const choices: Readonly<Record<string, string>> = {
  'pathlen::validation-ignores-pathlen-in-leaf': 'the certificate of an authority is no client by default; `allowAuthorityAsLeaf` accepts it',
  'rfc5280::ca-as-leaf': 'the same',
  'rfc5280::pc::ica-noncritical-pc': 'processed all the same, critical or not',
  'rfc5280::nc::permitted-dns-match-noncritical': 'processed all the same, critical or not, as its twin of webpki wants it',
  'rfc5280::root-non-critical-basic-constraints': 'processed all the same, critical or not (as PKITS 4.6.4 wants it)',
  'rfc5280::aki::leaf-missing-aki': 'key identifiers only say which certificate to try first',
  'rfc5280::aki::intermediate-missing-aki': 'the same',
  'rfc5280::aki::cross-signed-root-missing-aki': 'the same',
  'rfc5280::ski::root-missing-ski': 'the same',
  'rfc5280::ski::intermediate-missing-ski': 'the same',
  'webpki::aki::root-with-aki-missing-keyidentifier': 'the same',
  'webpki::aki::root-with-aki-authoritycertissuer': 'the same',
  'webpki::aki::root-with-aki-authoritycertserialnumber': 'the same',
  'webpki::aki::root-with-aki-all-fields': 'the same',
  'webpki::aki::root-with-aki-ski-mismatch': 'the same',
  'webpki::san::san-critical-with-nonempty-subject': 'RFC 5280 section 4.2.1.6 only says SHOULD',
  'webpki::malformed-aia': 'not critical and not looked at',
  'webpki::forbidden-rsa-not-divisible-by-8-in-root': 'a rule for servers of the web; 2052 bits are not weak',
  'webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf': 'the same',
  'webpki::v1-cert': 'a client without extensions needs no version 3 (RFC 5280 section 4.1.2.1)'
}

const der = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')

function decide (one: Case): PathVerdict {
  const limits = one.max_chain_depth === null ? {} : { intermediates: one.max_chain_depth }
  const at = one.validation_time === null ? new Date() : new Date(one.validation_time)
  return certificationPaths({ anchors: one.trusted_certs.map(der), limits }).validate(der(one.peer_certificate), one.untrusted_intermediates.map(der), at)
}

for (const one of testcases) {
  const entry = manifest[one.id]
  // The rest is about the name of a server.
  if (entry === undefined || entry.class === 'not-applicable') continue
  if (needsRevocation.has(one.id)) {
    test(`limbo, ${entry.class}: ${one.id}: accepted as long as revocation is not looked at`, () => assert.equal(outcome(decide(one)), 'valid'))
    continue
  }
  const choice = entry.class.startsWith('must') ? undefined : choices[one.id]
  test(`limbo, ${entry.class}: ${one.id}${choice === undefined ? '' : `: not ${entry.expected}: ${choice}`}`, () => {
    const verdict = decide(one)
    assert.equal(verdict.valid ? 'accept' : 'reject', choice === undefined ? entry.expected : entry.expected === 'accept' ? 'reject' : 'accept', outcome(verdict))
  })
}

test('every choice is about a case of limbo', () => {
  assert.deepEqual(Object.keys(choices).filter((id) => manifest[id] === undefined || manifest[id].class.startsWith('must')), [])
})

test('287: each case that has to be decided is decided', () => {
  const musts = Object.values(manifest).filter((entry) => entry.class.startsWith('must'))
  assert.equal(musts.length, 96)
})

/** What an operator reads: the reason of each refusal that has to be one. */
const reasons: Readonly<Record<string, string>> = {
  'rfc5280::validity::expired-leaf': 'leaf_expired',
  'rfc5280::validity::expired-intermediate': 'issuer_expired',
  'rfc5280::validity::not-yet-valid-1-second': 'leaf_not_yet_valid',
  'rfc5280::chain-untrusted-root': 'no_path',
  'rfc5280::intermediate-ca-without-ca-bit': 'not_a_ca',
  'rfc5280::duplicate-extensions': 'duplicate_extension',
  'rfc5280::unknown-critical-extension-ee': 'critical_extension',
  'rfc5280::mismatching-signature-algorithm': 'algorithm_mismatch',
  'rfc5280::eku::ee-wrong-eku': 'extended_key_usage',
  'rfc5280::nc::excluded-dns-match': 'name_constraints',
  'rfc5280::san::malformed': 'extension_malformed',
  'pathlen::intermediate-violates-pathlen-0': 'path_too_long',
  'invalid::invalid-issuer-key': 'key_weak',
  'pathological::nc-dos-1': 'limit_exceeded',
  'pathological::intermediate-cycle-distinct-cas': 'no_path',
  'webpki::cryptographydotio-chain-missing-intermediate': 'no_path',
  'webpki::forbidden-weak-rsa-in-leaf': 'key_weak'
}

for (const [id, reason] of Object.entries(reasons)) {
  test(`limbo: ${id} is refused as ${reason}`, () => assert.equal(outcome(decide(testcases.find((one) => one.id === id) as Case)), reason))
}
