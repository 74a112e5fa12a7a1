import { anyPolicy } from './extensions.ts'
import type { Budget } from './name-constraints.ts'
import type { Profile } from './profile.ts'

/** A policy at one depth of the valid policy graph (RFC 9618 section 3): one node for it, however many paths lead there. */
interface PolicyNode {
  readonly policy: string
  readonly expected: ReadonlySet<string>
  readonly parents: readonly PolicyNode[]
}

type Level = ReadonlyMap<string, PolicyNode>

/** The state variables of RFC 5280 section 6.1.2 that speak of policies; the graph by its deepest level, null where there is none. */
export interface PolicyState {
  readonly level: Level | null
  readonly explicitPolicy: number
  readonly policyMapping: number
  readonly inhibitAnyPolicy: number
}

/** The inputs of RFC 5280 section 6.1.1 (c) to (f). */
export interface PolicyOptions {
  /** Policies of which one has to hold; any by default. */
  readonly policies?: readonly string[]
  /** Whether a policy has to hold at all: without it `policies` only counts where a certificate requires one. */
  readonly requireExplicitPolicy?: boolean
  /** Whether no policy of an issuer may stand for another. */
  readonly inhibitPolicyMapping?: boolean
  /** Whether anyPolicy stands for nothing, but in self-issued certificates. */
  readonly inhibitAnyPolicy?: boolean
}

/** Before the first certificate. What the trust anchor says of policies holds as in RFC 5937 section 3.2, its list where it is critical. */
export function initialPolicies (options: PolicyOptions, anchor: Profile): PolicyState {
  const any = node(anyPolicy, new Set([anyPolicy]), [])
  const own = anchor.arePoliciesCritical ? [...anchor.policies ?? []] : [anyPolicy]
  const start: PolicyState = {
    level: levelOf(own.map((policy) => policy === anyPolicy ? any : node(policy, new Set([policy]), [any]))),
    explicitPolicy: options.requireExplicitPolicy === true ? 0 : Infinity,
    policyMapping: options.inhibitPolicyMapping === true ? 0 : Infinity,
    inhibitAnyPolicy: options.inhibitAnyPolicy === true ? 0 : Infinity
  }
  return constrained(start, anchor)
}

/** RFC 5280 section 6.1.3 (d) to (f), with the graph of RFC 9618 section 5. Null where no policy is left and one is required. */
export function withCertificate (state: PolicyState, profile: Profile, isLast: boolean, budget: Budget): PolicyState | null {
  const level = state.level === null || profile.policies === null ? null : nextLevel(state, state.level, profile, profile.policies, isLast, budget)
  return state.explicitPolicy <= 0 && level === null ? null : { ...state, level }
}

function nextLevel (state: PolicyState, above: Level, profile: Profile, policies: ReadonlySet<string>, isLast: boolean, budget: Budget): Level | null {
  const expecting = new Map<string, PolicyNode[]>()
  for (const parent of above.values()) {
    budget.left -= 4 * parent.expected.size
    for (const policy of parent.expected) {
      const parents = expecting.get(policy)
      if (parents === undefined) expecting.set(policy, [parent])
      else parents.push(parent)
    }
  }
  budget.left -= 4 * policies.size
  const nodes: PolicyNode[] = []
  const any = above.get(anyPolicy)
  for (const policy of policies) {
    if (policy === anyPolicy) continue
    const parents = expecting.get(policy) ?? (any === undefined ? undefined : [any])
    if (parents !== undefined) nodes.push(node(policy, new Set([policy]), parents))
  }
  if (policies.has(anyPolicy) && (state.inhibitAnyPolicy > 0 || (!isLast && profile.isSelfIssued))) {
    for (const [policy, parents] of expecting) if (!policies.has(policy) || policy === anyPolicy) nodes.push(node(policy, new Set([policy]), parents))
  }
  return nodes.length === 0 ? null : levelOf(nodes)
}

/** RFC 5280 section 6.1.4 (b) and (h) to (j): after a certificate that is not the last. */
export function afterIssuer (state: PolicyState, profile: Profile): PolicyState {
  const level = state.level === null || profile.policyMappings === null ? state.level : mapped(state.level, profile.policyMappings, state.policyMapping > 0)
  const step = profile.isSelfIssued ? 0 : 1
  return constrained({
    level,
    explicitPolicy: Math.max(0, state.explicitPolicy - step),
    policyMapping: Math.max(0, state.policyMapping - step),
    inhibitAnyPolicy: Math.max(0, state.inhibitAnyPolicy - step)
  }, profile)
}

function mapped (level: Level, mappings: ReadonlyMap<string, ReadonlySet<string>>, isAllowed: boolean): Level | null {
  const next = new Map(level)
  const any = level.get(anyPolicy)
  for (const [policy, expected] of mappings) {
    const known = level.get(policy)
    if (!isAllowed) next.delete(policy)
    else if (known !== undefined) next.set(policy, node(policy, expected, known.parents))
    else if (any !== undefined) next.set(policy, node(policy, expected, any.parents))
  }
  return next.size === 0 ? null : next
}

function constrained (state: PolicyState, { policyConstraints, inhibitAnyPolicy }: Profile): PolicyState {
  return {
    level: state.level,
    explicitPolicy: Math.min(state.explicitPolicy, policyConstraints?.requireExplicitPolicy ?? Infinity),
    policyMapping: Math.min(state.policyMapping, policyConstraints?.inhibitPolicyMapping ?? Infinity),
    inhibitAnyPolicy: Math.min(state.inhibitAnyPolicy, inhibitAnyPolicy ?? Infinity)
  }
}

/** RFC 5280 section 6.1.5 (a), (b) and (g): whether the path is good as to its policies. */
export function arePoliciesMet (state: PolicyState, leaf: Profile, options: PolicyOptions): boolean {
  const isRequired = state.explicitPolicy <= 1 || leaf.policyConstraints?.requireExplicitPolicy === 0
  if (!isRequired) return true
  if (state.level === null) return false
  const wanted = options.policies ?? [anyPolicy]
  if (wanted.includes(anyPolicy)) return true
  // Those that an authority says for itself: nodes right below one that says any policy, or any policy at the last certificate.
  const allowed = state.level.has(anyPolicy) ? wanted : [...topmost(state.level)].filter((policy) => wanted.includes(policy))
  return allowed.length > 0
}

function topmost (level: Level): ReadonlySet<string> {
  const seen = new Set<PolicyNode>(level.values())
  const found = new Set<string>()
  // A set that grows while it is walked: each node once.
  for (const { policy, parents } of seen) {
    if (policy !== anyPolicy && parents.some((parent) => parent.policy === anyPolicy)) found.add(policy)
    for (const parent of parents) seen.add(parent)
  }
  return found
}

function node (policy: string, expected: ReadonlySet<string>, parents: readonly PolicyNode[]): PolicyNode {
  return { policy, expected, parents }
}

function levelOf (nodes: readonly PolicyNode[]): Level {
  return new Map(nodes.map((entry) => [entry.policy, entry]))
}
