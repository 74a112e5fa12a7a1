import { readClaims, withBounds, type Issuer, type TokenRecord } from '../access-token.ts'
import { isRefusal, refuse } from '../errors.ts'
import { sharedLists, type SharedLists } from '../shared-lists.ts'
import { agreedClaims } from './agreement.ts'
import type { Resolved, TokenResolver } from './resolver.ts'
import { restored } from './facts.ts'
import { beginsLikeJwt, namedIssuer, shapeOf, type Shape } from './shape.ts'
import { invalid } from './signature.ts'

/** How tokens of an issuer are verified; `by-shape` verifies JWTs here and asks for the others. */
export type Verify = 'jwt' | 'introspection' | 'both' | 'by-shape'

/** An issuer with what can tell its tokens. */
export interface VerifyingIssuer {
  readonly issuer: Issuer
  readonly jwt: TokenResolver | null
  /** Seconds of difference between clocks that its JWTs are allowed. */
  readonly clockTolerance: number
  readonly takesEncrypted: boolean
  readonly introspection: TokenResolver | null
  /** What an introspection answer gives: a JWT for upstream or not. */
  readonly givesJwt: boolean
  readonly verify: Verify
  /** Ends what it keeps fresh, and its connections. */
  close (): Promise<void>
}

/** Whether an issuer takes a token that is no JWT. */
export function takesOpaque ({ verify }: Pick<VerifyingIssuer, 'verify'>): boolean {
  return verify !== 'jwt'
}

/**
 * Gives each token to the one issuer that its shape and its `iss` name, and never to a second one: a JWT that fails does not become
 * an opaque token, and no issuer sees what another one issued. Until it is verified, an `iss` only picks.
 */
export function dispatcher (issuers: readonly VerifyingIssuer[]): TokenResolver {
  const byName = new Map(issuers.map((each) => [each.issuer.name, each]))
  const [opaque = null, ...otherOpaque] = issuers.filter(takesOpaque)
  const [encrypted = null, ...otherEncrypted] = issuers.filter(({ takesEncrypted, verify }) => takesEncrypted && verify !== 'introspection')
  const [only] = issuers
  const shared = sharedLists()
  const asksForAll = issuers.length === 1 && only?.verify === 'introspection'

  return {
    identity: issuers.flatMap(({ verify, jwt, introspection }) => [verify, ...(jwt?.identity ?? []), '/', ...(introspection?.identity ?? []), '/']),
    async resolve (token) {
      const shape = shapeOf(token)
      if (asksForAll) return await askTheOnly(token, shape)
      // Maimed so that it no longer has three parts or five: it must not pass for another kind of token.
      if (shape === 'opaque' && beginsLikeJwt(token)) throw invalid('a JWT that is not whole')
      if (shape === 'opaque') return await askFor(token)
      const verifying = shape === 'jws' ? signerOf(token) : recipientOf(token)
      return await resolveJwt(token, verifying, shared).catch(namingIssuer(verifying.issuer))
    },
    restore (facts, token) {
      const issuer = byName.get(facts.issuer)?.issuer
      return issuer === undefined ? null : restored(facts, issuer, shared, token)
    },
    // Other dispatchers share the issuers; who made them closes them.
    async close () {}
  }

  /** It is asked about whatever is not plainly another one's. */
  async function askTheOnly (token: string, shape: Shape): Promise<Resolved> {
    const { issuer, introspection } = only as VerifyingIssuer
    const named = shape === 'opaque' ? null : namedIssuer(token)
    if (named !== null && named !== issuer.name) throw refuse('token_issuer_mismatch')
    return await (introspection as TokenResolver).resolve(token).catch(namingIssuer(issuer))
  }

  async function askFor (token: string): Promise<Resolved> {
    if (opaque === null) throw invalid('not a JWT')
    if (otherOpaque.length > 0) throw invalid('an opaque token, and several issuers that take them')
    return await (opaque.introspection as TokenResolver).resolve(token).catch(namingIssuer(opaque.issuer))
  }

  function signerOf (token: string): VerifyingIssuer {
    const named = namedIssuer(token)
    if (named === null) throw invalid('a JWT without `iss`')
    const issuer = byName.get(named)
    if (issuer === undefined) throw refuse('token_issuer_mismatch')
    return issuer
  }

  /** RFC 7519 section 5.3: an encrypted token may say in its header who issued it. */
  function recipientOf (token: string): VerifyingIssuer {
    const named = namedIssuer(token)
    if (named !== null && byName.has(named)) return byName.get(named) as VerifyingIssuer
    if (named !== null) throw refuse('token_issuer_mismatch')
    if (encrypted !== null && otherEncrypted.length === 0) return encrypted
    if (encrypted === null && opaque !== null && otherOpaque.length === 0 && opaque.verify === 'introspection') return opaque
    throw invalid(encrypted === null ? 'it is encrypted, and no decryption is configured' : 'it is encrypted, and does not say by whom')
  }
}

/** With several issuers, whoever mends it must know which one. */
function namingIssuer ({ name }: Issuer): (error: unknown) => never {
  return (error) => {
    if (isRefusal(error)) error.issuer = name
    throw error
  }
}

async function resolveJwt (token: string, { jwt, introspection, issuer, verify, clockTolerance }: VerifyingIssuer, shared: SharedLists): Promise<Resolved> {
  if (verify === 'introspection') return await (introspection as TokenResolver).resolve(token)
  const verified = await (jwt as TokenResolver).resolve(token)
  if (verify !== 'both') return verified
  const answered = await (introspection as TokenResolver).resolve(token)
  if (answered.record === null) return answered
  return { record: agreed(verified.record as TokenRecord, answered.record, issuer, shared, clockTolerance), maxAge: answered.maxAge, key: verified.key, canBeMultiplied: verified.canBeMultiplied, isAsked: true }
}

function agreed (signed: TokenRecord, answered: TokenRecord, issuer: Issuer, shared: SharedLists, clockTolerance: number): TokenRecord {
  const record = readClaims(agreedClaims(signed, answered), issuer, shared, clockTolerance)
  if (typeof record === 'string') throw invalid(`\`${record}\` is not what its specification says`)
  // The difference between clocks is allowed for what was signed, not for what the server says now.
  const goodFrom = stricter(Math.max, signed.goodFrom ?? null, answered.goodFrom ?? null)
  return withBounds(record, goodFrom, stricter(Math.min, signed.goodUntil, answered.goodUntil), signed.jwt ?? null)
}

function stricter (pick: (one: number, other: number) => number, one: number | null, other: number | null): number | null {
  return one === null || other === null ? one ?? other : pick(one, other)
}
