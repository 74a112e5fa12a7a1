import type { Candidate } from './candidate.ts'
import { fault, type Fault } from './faults.ts'
import { exceeded, extend, faultOfEnd, startAt, type Judgement, type PathState } from './path-state.ts'
import { isFault, type Profile } from './profile.ts'

/** Candidates by the name of their issuer, and how many steps each is from the client's certificate. */
interface Reach {
  readonly byIssuer: ReadonlyMap<string, readonly Candidate[]>
  readonly distances: ReadonlyMap<Candidate, number>
  /** The names that some certificate names as its issuer. */
  readonly issuers: ReadonlySet<string>
}

/**
 * Finds a path from a trust anchor to the leaf in which every rule holds: the anchor first. Only what a chain of names leads to
 * from the leaf is looked at, and the search goes down from the anchors, signature by signature: so certificates that no anchor
 * vouches for, in whatever number and tangle, are never followed further.
 */
export function findPath (
  leaf: Candidate, profile: Profile, anchors: readonly Candidate[], candidates: readonly Candidate[], mostSteps: number, judgement: Judgement
): readonly Candidate[] | Fault {
  const reach = reachFrom(leaf, candidates)
  let left = mostSteps
  let worst: { readonly fault: Fault, readonly rank: number } | null = null

  // Of all paths the one that came nearest to the leaf tells why; that a key is not the issuer's says less than any other fault.
  const note = (found: Fault, at: Candidate): void => {
    const rank = (reach.distances.get(at) ?? reach.distances.size) + (found.reason === 'signature_invalid' ? 1e6 : 0)
    const where = at === leaf ? 'the client certificate' : at.isConfigured ? 'a configured certificate' : 'an intermediate'
    if (worst === null || rank < worst.rank) worst = { fault: fault(found.reason, `${where}: ${found.detail}`), rank }
  }

  const descend = (state: PathState): readonly Candidate[] | Fault | null => {
    const issuer = state.path[state.path.length - 1] as Candidate
    for (const next of inOrder(issuer, leaf, reach.byIssuer.get(issuer.subject) ?? [])) {
      if (state.path.some(({ entity }) => entity === next.entity)) continue
      if (--left < 0) return exceeded
      const step = next === leaf ? faultOfEnd(state, leaf, profile, judgement) ?? [...state.path, leaf] : extend(state, next, judgement)
      if (Array.isArray(step)) return step
      if (step === exceeded) return exceeded
      if (isFault(step)) {
        note(step, next)
        continue
      }
      const found = descend(step as PathState)
      if (found !== null) return found
    }
    return null
  }

  for (const anchor of anchors.filter(({ subject }) => reach.issuers.has(subject))) {
    const start = startAt(anchor, judgement)
    if (isFault(start)) {
      note(start, anchor)
      continue
    }
    const found = descend(start)
    if (found !== null) return found
  }
  return (worst as { readonly fault: Fault } | null)?.fault ?? fault('no_path', 'no trust anchor is reached by names')
}

function reachFrom (leaf: Candidate, candidates: readonly Candidate[]): Reach {
  const bySubject = groupBy(candidates, ({ subject }) => subject)
  const distances = new Map([[leaf, 0]])
  const issuers = new Set<string>()
  // A map that grows while it is walked: each name is followed once.
  for (const [{ issuer }, distance] of distances) {
    if (issuers.has(issuer)) continue
    issuers.add(issuer)
    for (const next of bySubject.get(issuer) ?? []) if (!distances.has(next)) distances.set(next, distance + 1)
  }
  return { byIssuer: groupBy([...distances.keys()], ({ issuer }) => issuer), distances, issuers }
}

function groupBy (candidates: readonly Candidate[], keyOf: (one: Candidate) => string): ReadonlyMap<string, readonly Candidate[]> {
  const groups = new Map<string, Candidate[]>()
  for (const one of candidates) {
    const key = keyOf(one)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return groups
}

// The leaf first, then those that name the issuer's key; the order decides on no verdict, only on how soon it is found.
function inOrder (issuer: Candidate, leaf: Candidate, children: readonly Candidate[]): readonly Candidate[] {
  const rank = (child: Candidate): number => {
    if (child === leaf) return 0
    if (child.authorityKeyIdentifier === null || issuer.subjectKeyIdentifier === null) return 2
    return child.authorityKeyIdentifier === issuer.subjectKeyIdentifier ? 1 : 3
  }
  return children.toSorted((one, other) => rank(one) - rank(other))
}
