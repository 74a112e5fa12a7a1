import type { Candidate } from './candidate.ts'
import { fault, type Fault } from './faults.ts'
import { areNamesAllowed, type Budget, type NameConstraints } from './name-constraints.ts'
import { afterIssuer, arePoliciesMet, initialPolicies, withCertificate, type PolicyOptions, type PolicyState } from './policies.ts'
import { faultOfSignatureAlgorithm, isFault, type Profile } from './profile.ts'
import { faultOfIssuer, faultOfValidity } from './rules.ts'
import type { Verifier } from './verification.ts'

/** The state of RFC 5280 section 6.1.2 after the last certificate of `path`, which can issue the next one. */
export interface PathState {
  /** The trust anchor first. */
  readonly path: readonly Candidate[]
  readonly issuer: Profile
  readonly constraints: readonly NameConstraints[]
  readonly policies: PolicyState
  readonly maxPathLength: number
  /** Intermediates that are not self-issued. */
  readonly intermediates: number
}

export interface Judgement {
  readonly at: Date
  readonly options: PolicyOptions
  readonly mostIntermediates: number
  readonly verify: Verifier
  readonly budget: Budget
}

export const exceeded = fault('limit_exceeded', 'too many signatures, comparisons or ways to go')

/**
 * A trust anchor. The RFC takes only its name and key and leaves the rest open; here what its certificate says holds: validity,
 * extensions, path length, name constraints (RFC 5937 section 3.2) and policy constraints.
 */
export function startAt (anchor: Candidate, { at, options }: Judgement): PathState | Fault {
  const profile = anchor.profile()
  if (isFault(profile)) return profile
  const wrong = faultOfValidity(anchor.certificate, at, false) ?? faultOfIssuer(anchor.certificate, profile)
  if (wrong !== null) return wrong
  return {
    path: [anchor],
    issuer: profile,
    constraints: profile.nameConstraints === null ? [] : [profile.nameConstraints],
    policies: initialPolicies(options, profile),
    maxPathLength: profile.basicConstraints?.pathLenConstraint ?? Infinity,
    intermediates: 0
  }
}

/** Section 6.1.3 and 6.1.4 for a certificate that is not the last. What is cheap comes before the signature. */
export function extend (state: PathState, next: Candidate, judgement: Judgement): PathState | Fault {
  const profile = next.profile()
  if (isFault(profile)) return profile
  const { isSelfIssued, nameConstraints, basicConstraints } = profile
  const wrong = faultOfValidity(next.certificate, judgement.at, false) ?? faultOfIssuer(next.certificate, profile)
  if (wrong !== null) return wrong
  const step = isSelfIssued ? 0 : 1
  if (state.maxPathLength < step) return fault('path_too_long', 'beyond the path length constraint')
  if (state.intermediates + step > judgement.mostIntermediates) return fault('path_too_long', 'more intermediates than the limit')
  const policies = isSelfIssued || areAllNamesAllowed(state, profile, judgement.budget) ? policiesWith(state, next, profile, false, judgement) : notAllowed(judgement.budget)
  if ('reason' in policies) return policies
  return {
    path: [...state.path, next],
    issuer: profile,
    constraints: nameConstraints === null ? state.constraints : [...state.constraints, nameConstraints],
    policies: afterIssuer(policies, profile),
    maxPathLength: Math.min(state.maxPathLength - step, basicConstraints?.pathLenConstraint ?? Infinity),
    intermediates: state.intermediates + step
  }
}

/** Section 6.1.3 and 6.1.5 for the client's certificate. Its validity and what it may be used for were judged before. */
export function faultOfEnd (state: PathState, leaf: Candidate, profile: Profile, judgement: Judgement): Fault | null {
  if (!areAllNamesAllowed(state, profile, judgement.budget)) return notAllowed(judgement.budget)
  const policies = policiesWith(state, leaf, profile, true, judgement)
  if ('reason' in policies) return policies
  return arePoliciesMet(policies, profile, judgement.options) ? null : fault('policy', 'no policy that is asked for')
}

function policiesWith (state: PathState, next: Candidate, profile: Profile, isLast: boolean, judgement: Judgement): PolicyState | Fault {
  const policies = withCertificate(state.policies, profile, isLast, judgement.budget)
  if (judgement.budget.left < 0) return exceeded
  if (policies === null) return fault('policy', 'no policy is left and one is required')
  return faultOfSignature(state, next, judgement.verify) ?? policies
}

function faultOfSignature ({ path, issuer }: PathState, child: Candidate, verify: Verifier): Fault | null {
  const wrong = faultOfSignatureAlgorithm(child.certificate)
  if (wrong !== null) return wrong
  const verdict = verify(child, path[path.length - 1] as Candidate, issuer.key)
  if (verdict === null) return exceeded
  return verdict === 'valid' ? null : fault('signature_invalid', 'not signed by the key of the issuer')
}

function areAllNamesAllowed ({ constraints }: PathState, { names }: Profile, budget: Budget): boolean {
  return constraints.every((constraint) => areNamesAllowed(names, constraint, budget))
}

function notAllowed (budget: Budget): Fault {
  return budget.left < 0 ? exceeded : fault('name_constraints', 'a name is not allowed by an issuer')
}
