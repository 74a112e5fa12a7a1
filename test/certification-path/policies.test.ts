// Families of the path validation suite of NIST (PKITS 4.8 to 4.12), with certificates made here.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TrustOptions } from '../../lib/certification-path/index.ts'
import {
  authority, certificatePolicies, client, extension, inhibitAnyPolicy, integer, judge, oid, outcome, policyConstraints, policyMappings, seq, tlv, type Issued
} from './pki.ts'

const any = '2.5.29.32.0'
const [one, two, three, four] = ['1.2.3.1', '1.2.3.2', '1.2.3.3', '1.2.3.4']
const root = authority()

interface Case {
  /** What the extensions of each certificate below the anchor are; `self` where it is self-issued. */
  readonly path: ReadonlyArray<readonly Buffer[] | 'self'>
  readonly options?: Partial<TrustOptions>
  readonly is?: 'policy' | 'extension_malformed' | 'critical_extension'
}

function outcomeOf ({ path, options }: Case): string {
  const made: Issued[] = [root]
  const selfIssued = [certificatePolicies([any])]
  path.forEach((extensions, index) => {
    const issuer = made.at(-1) as Issued
    if (index === path.length - 1) made.push(client(issuer, { extensions: extensions === 'self' ? [] : extensions }))
    else if (extensions === 'self') made.push(authority({ issuer, subject: issuer.subject, extensions: selfIssued }))
    else made.push(authority({ issuer, extensions }))
  })
  return outcome(judge(made, options))
}

const p = (...list: readonly string[]): Buffer => certificatePolicies(list)
const required = { requireExplicitPolicy: true }

const cases: Readonly<Record<string, Case>> = {
  'no policy is asked for, and there is none': { path: [[], []] },
  'one is required, and there is none': { path: [[], []], options: required, is: 'policy' },
  'the same policy all along': { path: [[p(one)], [p(one)]], options: required },
  'the same policy all along, of two': { path: [[p(one, two)], [p(three, two)]], options: { ...required, policies: [two] } },
  'the same policy all along, not the one asked for': { path: [[p(one)], [p(one)]], options: { ...required, policies: [two] }, is: 'policy' },
  'different policies': { path: [[p(one)], [p(two)]], options: required, is: 'policy' },
  'different policies, and none is required': { path: [[p(one)], [p(two)]] },
  'a policy is lost on the way': { path: [[p(one)], [p(two)], [p(one)]], options: required, is: 'policy' },
  'no policy in the middle': { path: [[p(one)], [], [p(one)]], options: required, is: 'policy' },
  'any policy in the middle': { path: [[p(one)], [p(any)], [p(one)]], options: { ...required, policies: [one] } },
  'any policy first, then one': { path: [[p(any)], [p(one)]], options: { ...required, policies: [one] } },
  'any policy all along': { path: [[p(any)], [p(any)]], options: { ...required, policies: [four] } },
  'any policy in the leaf': { path: [[p(one)], [p(any)]], options: { ...required, policies: [one] } },
  'any policy in the leaf is not a policy that the issuer has not': { path: [[p(one)], [p(any)]], options: { ...required, policies: [two] }, is: 'policy' },
  'any policy, inhibited from the start': { path: [[p(any)], [p(any)]], options: { ...required, inhibitAnyPolicy: true }, is: 'policy' },
  'any policy, inhibited at once': { path: [[p(any), inhibitAnyPolicy(0)], [p(any)]], options: required, is: 'policy' },
  'any policy, inhibited after one more': { path: [[p(any), inhibitAnyPolicy(1)], [p(any)], [p(one)]], options: required },
  'any policy, inhibited after one more, which is the leaf': { path: [[p(any), inhibitAnyPolicy(1)], [p(any)], [p(any)]], options: required, is: 'policy' },
  'any policy, inhibited, in a self-issued certificate': { path: [[p(one), inhibitAnyPolicy(0)], 'self', [p(one)]], options: required },
  'inhibited twice: the nearer one counts': { path: [[p(any), inhibitAnyPolicy(0)], [p(one), inhibitAnyPolicy(5)], [p(any)]], options: required, is: 'policy' },
  'required at once by an issuer': { path: [[p(one), policyConstraints(0)], [p(two)]], is: 'policy' },
  'required at once by an issuer, met': { path: [[p(one), policyConstraints(0)], [p(one)]] },
  'required later than the path is long': { path: [[policyConstraints(5)], [], []] },
  'required from the leaf on': { path: [[policyConstraints(1)], []], is: 'policy' },
  'required from beyond the leaf on': { path: [[policyConstraints(2)], []] },
  'required, and self-issued ones are not counted': { path: [[policyConstraints(2)], 'self', []] },
  'required twice: the nearer one counts': { path: [[p(one), policyConstraints(1)], [p(one), policyConstraints(9)], [p(one)], [p(two)]], is: 'policy' },
  'required by the leaf of itself': { path: [[p(one)], [p(two), policyConstraints(0)]], is: 'policy' },
  mapped: { path: [[p(one), policyMappings([one, two])], [p(two)]], options: { ...required, policies: [one] } },
  'mapped: the name in the other domain is not the one asked for': { path: [[p(one), policyMappings([one, two])], [p(two)]], options: { ...required, policies: [two] }, is: 'policy' },
  'mapped, but the leaf has the unmapped one': { path: [[p(one), policyMappings([one, two])], [p(one)]], options: required, is: 'policy' },
  'mapped to two': { path: [[p(one), policyMappings([one, two], [one, three])], [p(three)]], options: { ...required, policies: [one] } },
  'mapped twice': { path: [[p(one), policyMappings([one, two])], [p(two), policyMappings([two, three])], [p(three)]], options: { ...required, policies: [one] } },
  'mapped to one another': { path: [[p(one, two), policyMappings([one, two], [two, one])], [p(one)]], options: { ...required, policies: [one] }, is: 'policy' },
  'mapped from a policy that is not there': { path: [[p(one), policyMappings([four, two])], [p(two)]], options: required, is: 'policy' },
  'mapped from any policy that stands for it': { path: [[p(any), policyMappings([one, two])], [p(two)]], options: { ...required, policies: [one] } },
  'mapping is inhibited from the start': { path: [[p(one), policyMappings([one, two])], [p(two)]], options: { ...required, inhibitPolicyMapping: true }, is: 'policy' },
  'mapping is inhibited, and the policy that is mapped ends there': { path: [[p(one), policyMappings([one, two])], [p(one)]], options: { ...required, inhibitPolicyMapping: true }, is: 'policy' },
  'mapping is inhibited, others stay': { path: [[p(one, three), policyMappings([one, two])], [p(three)]], options: { ...required, inhibitPolicyMapping: true } },
  'mapping is inhibited below an issuer': { path: [[p(one), policyConstraints(0, 0)], [p(one), policyMappings([one, two])], [p(two)]], is: 'policy' },
  'mapping is inhibited one later': { path: [[p(one), policyConstraints(0, 1)], [p(one), policyMappings([one, two])], [p(two)]] },
  'mapping is inhibited, any policy is not': { path: [[p(one), policyConstraints(0, 0)], [p(any)]] },
  'mapped from any policy': { path: [[p(one), policyMappings([any, one])], [p(one)]], is: 'extension_malformed' },
  'mapped to any policy': { path: [[p(one), policyMappings([one, any])], [p(one)]], is: 'extension_malformed' },
  'a policy twice': { path: [[p(one, one)], [p(one)]], is: 'extension_malformed' },
  'no policy in the list': { path: [[p()], []], is: 'extension_malformed' },
  'constraints without content': { path: [[policyConstraints()], []], is: 'extension_malformed' },
  'a negative number': { path: [[extension('2.5.29.54', integer(Uint8Array.of(0xff)), true)], []], is: 'extension_malformed' },
  'a critical policy with a qualifier that is not known': { path: [[], [extension('2.5.29.32', seq(seq(oid(one), seq(seq(oid('1.2.3'), tlv(0x05))))), true)]], is: 'critical_extension' },
  'a critical policy with a notice': { path: [[], [extension('2.5.29.32', seq(seq(oid(one), seq(seq(oid('1.3.6.1.5.5.7.2.2'), seq())))), true)]] }
}

for (const [title, one] of Object.entries(cases)) {
  test(`307: ${title}`, () => assert.equal(outcomeOf(one), one.is ?? 'valid'))
}

test('307: what the anchor says of policies holds', () => {
  const anchored = (...extensions: readonly Buffer[]): string => {
    const anchor = authority({ extensions })
    return outcome(judge([anchor, client(anchor, { extensions: [p(one)] })], required))
  }
  assert.equal(anchored(), 'valid')
  assert.equal(anchored(certificatePolicies([two])), 'valid')
  assert.equal(anchored(certificatePolicies([two], true)), 'policy')
  assert.equal(anchored(certificatePolicies([two, one], true)), 'valid')
  const anchor = authority({ extensions: [policyConstraints(0)] })
  assert.equal(outcome(judge([anchor, client(anchor)])), 'policy')
})

test('307: any policy that is inhibited stands for nothing in the last certificate, self-issued or not', () => {
  const issuer = authority({ issuer: root, extensions: [p(one), policyConstraints(0), inhibitAnyPolicy(0)] })
  const outcomeWith = (policy: string): string => outcome(judge([root, issuer, client(issuer, { subject: issuer.subject, extensions: [p(policy)] })]))
  assert.equal(outcomeWith(one), 'valid')
  assert.equal(outcomeWith(any), 'policy')
})
