import type { TokenRecord } from '../access-token.ts'
import { refuse } from '../errors.ts'

/**
 * A JWT that was verified and asked for as well: only what both say. The answer may tell more, and a narrower scope or an earlier
 * end; it may not contradict what was signed.
 *
 * @throws Refusal `issuer_bad_response`: one of the two is wrong, and both are the issuer's
 */
export function agreedClaims (signed: TokenRecord, answered: TokenRecord): Record<string, unknown> {
  const ours = signed.claims
  const theirs = answered.claims
  for (const name of ['iss', 'sub', 'client_id', 'jti', 'cnf', 'acr', 'auth_time']) {
    if (ours[name] !== undefined && theirs[name] !== undefined && canonical(ours[name]) !== canonical(theirs[name])) {
      throw refuse('issuer_bad_response', 'the introspection answer contradicts the JWT')
    }
  }
  const both = { ...theirs, ...ours }
  if (ours.scope !== undefined && theirs.scope !== undefined) Object.assign(both, { scope: common(signed.scopes.set, answered.scopes.set).join(' ') })
  if (theirs.aud !== undefined) Object.assign(both, { aud: common(new Set(signed.audience), new Set(answered.audience)) })
  if (theirs.token_type !== undefined) Object.assign(both, { token_type: theirs.token_type })
  if (ours.exp !== undefined && theirs.exp !== undefined) Object.assign(both, { exp: Math.min(ours.exp, theirs.exp) })
  if (ours.nbf !== undefined && theirs.nbf !== undefined) Object.assign(both, { nbf: Math.max(ours.nbf, theirs.nbf) })
  return both
}

function common (one: ReadonlySet<string>, other: ReadonlySet<string>): string[] {
  return [...one].filter((member) => other.has(member))
}

/** The order of members is no difference. */
function canonical (value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) => typeof member === 'object' && member !== null && !Array.isArray(member)
    ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => a < b ? -1 : 1))
    : member)
}
