import type { EvictionSelector } from '../../types/bound-token.ts'
import { setFault } from './set-fault.ts'

/** Where the tokens that events are about have what events name. */
export interface SubjectRules {
  /** Whose tokens they are. */
  readonly tokenIssuer: string
  /** Claims, by their names or by the names that lead to them; null for what it is by its nature. */
  readonly opaque: ClaimPath | null
  readonly session: ClaimPath
  /** Null: nowhere. */
  readonly email: ClaimPath | null
}

export type ClaimPath = string | readonly string[]

/** What a subject comes to in tokens: a claim and its value. Null where it is in none that we know of. */
interface Claim {
  readonly path: ClaimPath
  readonly value: string
}

type Members = Readonly<Record<string, unknown>>

/** Far longer than any identifier; each is remembered. */
const mostCharacters = 1024
const mostAliases = 8
const named: Readonly<Record<string, 'subject' | 'sessionId' | 'jwtId'>> = { sub: 'subject', sid: 'sessionId', jti: 'jwtId' }

/**
 * The tokens of a subject (RFC 9493; SSF 1.0 section 3), which are always those of one issuer. Of a complex subject the user and the
 * session count: what else it names could only make it narrower, and who is revoked too much can log in again.
 *
 * @param isOfSession - whether an `opaque` subject is a session, where nothing else says so
 * @returns none for a subject that is in no tokens of this issuer, as far as the rules say
 * @throws SetFault for one that is not what its format says
 */
export function selectorsOf (subject: unknown, rules: SubjectRules, isOfSession: boolean): readonly EvictionSelector[] {
  const members = object(subject)
  switch (members['format']) {
    case 'complex':
      return complex(members, rules)
    case 'aliases':
      return aliases(members['identifiers']).flatMap((alias) => selector(simple(alias, rules, isOfSession), rules))
    default:
      return selector(simple(members, rules, isOfSession), rules)
  }
}

function complex (members: Members, rules: SubjectRules): readonly EvictionSelector[] {
  const user = members['user'] === undefined ? null : simple(object(members['user']), rules, false)
  const session = members['session'] === undefined ? null : simple(object(members['session']), { ...rules, opaque: rules.session }, true)
  // A user of somebody else's is a subject of somebody else's.
  if (user === 'another issuer' || session === 'another issuer') return []
  if (user === null || session === null) return selector(session ?? user, rules)
  const [ofUser] = selector(user, rules)
  const [ofSession] = selector(session, rules)
  // Of two claims that have no name of their own, that of the session says all.
  return [{ ...ofUser, ...ofSession } as EvictionSelector]
}

/** RFC 9493 section 3.2.7: each names the same subject, and none is one of aliases itself. */
function aliases (identifiers: unknown): readonly Members[] {
  if (!Array.isArray(identifiers) || identifiers.length === 0 || identifiers.length > mostAliases) throw wrong()
  const all = identifiers.map(object)
  if (all.some(({ format }) => format === 'aliases' || format === 'complex')) throw wrong()
  return all
}

function simple (members: Members, rules: SubjectRules, isOfSession: boolean): Claim | 'another issuer' | null {
  const { format } = members
  switch (format) {
    case 'iss_sub':
      return ofIssuer(members, 'sub', rules)
    case 'jwt_id':
      return ofIssuer(members, 'jti', rules)
    case 'opaque':
      return { path: rules.opaque ?? (isOfSession ? rules.session : 'sub'), value: text(members['id']) }
    case 'email': {
      const value = text(members['email'])
      return rules.email === null ? null : { path: rules.email, value }
    }
    default:
      if (typeof format !== 'string' || format === '') throw wrong()
      return null
  }
}

function ofIssuer (members: Members, claim: 'sub' | 'jti', { tokenIssuer }: SubjectRules): Claim | 'another issuer' {
  const value = text(members[claim])
  return text(members['iss']) === tokenIssuer ? { path: claim, value } : 'another issuer'
}

function selector (claim: Claim | 'another issuer' | null, { tokenIssuer: issuer }: SubjectRules): readonly EvictionSelector[] {
  if (claim === null || claim === 'another issuer') return []
  const { path, value } = claim
  const name = typeof path === 'string' && Object.hasOwn(named, path) ? named[path] : undefined
  return [name === undefined ? { claim: { path, value }, issuer } : { [name]: value, issuer }]
}

function object (value: unknown): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong()
  return value as Members
}

function text (value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > mostCharacters) throw wrong()
  return value
}

function wrong (): Error {
  return setFault('invalid_request', 'the subject is not what its format says')
}
