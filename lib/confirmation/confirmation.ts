import { x5tS256 } from './x5t-s256.ts'

/** What the client has shown beside the token. */
export interface Proof {
  /** SHA-256 of the client certificate's DER. */
  readonly digest: Buffer
}

/**
 * A confirmation method (RFC 7800 section 3): reads the member's value once, when the token is resolved.
 *
 * @returns the check that is made on every request, or null when no proof could ever fulfil this value
 */
export type ConfirmationMethod = (value: unknown) => ((proof: Proof) => boolean) | null

// `jkt` (RFC 9449 section 6.1) is known, but nothing here can prove it: a token that carries it is refused, also beside a
// certificate that fits, because every known member must hold.
const neverHolds: ConfirmationMethod = () => null

const methods: ReadonlyMap<string, ConfirmationMethod> = new Map([
  ['x5t#S256', x5tS256],
  ['jkt', neverHolds]
])

/** What a token's `cnf` asks for: nothing, something that no request can fulfil, or a proof. */
export type Requirement =
  | { readonly kind: 'none' }
  | { readonly kind: 'unfulfillable' }
  | { readonly kind: 'proof', readonly holds: (proof: Proof) => boolean }

const none: Requirement = Object.freeze({ kind: 'none' })
const unfulfillable: Requirement = Object.freeze({ kind: 'unfulfillable' })

/**
 * Reads a `cnf` claim. Every known member must hold; unknown ones beside a known one are left alone, since authorization
 * servers add their own; an unknown one alone, or no member at all, means a binding that cannot be checked: never "unbound".
 */
export function readConfirmation (claims: Readonly<Record<string, unknown>>): Requirement {
  if (!Object.hasOwn(claims, 'cnf')) return none
  const { cnf } = claims
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) return unfulfillable
  const checks: Array<(proof: Proof) => boolean> = []
  for (const [member, value] of Object.entries(cnf)) {
    const method = methods.get(member)
    if (method === undefined) continue
    const check = method(value)
    if (check === null) return unfulfillable
    checks.push(check)
  }
  const [only] = checks
  if (only === undefined) return unfulfillable
  return Object.freeze({ kind: 'proof', holds: checks.length === 1 ? only : (proof: Proof) => checks.every((check) => check(proof)) })
}
