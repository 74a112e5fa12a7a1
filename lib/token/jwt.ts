import type { TokenRecord } from '../access-token.ts'
import { seal } from '../seal.ts'
import { decrypt, type DecryptionRules } from './decryption.ts'
import { readJwtClaims, type ClaimRules } from './jwt-claims.ts'
import type { Key } from './keys/key.ts'
import type { TokenResolver } from './resolver.ts'
import { shapeOf } from './shape.ts'
import { invalid, verifySignature, type SignatureRules } from './signature.ts'

export interface JwtRules {
  readonly signature: SignatureRules
  readonly claims: ClaimRules
  /** Null: no token is encrypted. */
  readonly decryption: (DecryptionRules & {
    /** Whether a token that is not encrypted is refused (RFC 9068 section 4). */
    readonly isRequired: boolean
    /** Whether encryption alone is enough, where the key is one that only the issuer and we have. */
    readonly allowUnsigned: boolean
  }) | null
}

export interface VerifiedJwt {
  readonly record: TokenRecord
  readonly key: Key
  readonly canBeMultiplied: boolean
}

/** JWT access tokens, verified here (RFC 9068). */
export function jwtResolver (rules: JwtRules): TokenResolver {
  const { keys, algorithms } = rules.signature
  return {
    identity: [rules.claims.issuer.name, 'jwt', keys.identity, [...algorithms].join(' ')],

    async resolve (token) {
      const { record, key, canBeMultiplied } = await verifyJwt(token, rules)
      return { record, maxAge: Infinity, key, canBeMultiplied, isAsked: false }
    },

    async close () {
      keys.close()
    }
  }
}

/**
 * A JWT by all rules of its issuer.
 *
 * @throws Refusal
 */
export async function verifyJwt (token: string, rules: JwtRules): Promise<VerifiedJwt> {
  const { decryption } = rules
  if (shapeOf(token) === 'jws') {
    if (decryption?.isRequired === true) throw invalid('it is not encrypted')
    return await verifySigned(token, rules)
  }
  if (shapeOf(token) !== 'jwe') throw invalid('not a JWT')
  if (decryption === null) throw invalid('it is encrypted, and no decryption is configured')
  return await verifyEncrypted(token, rules, decryption)
}

async function verifySigned (token: string, { signature, claims }: JwtRules): Promise<VerifiedJwt> {
  const { payload, key } = await verifySignature(token, signature)
  return { record: readJwtClaims(payload, claims), key, canBeMultiplied: false }
}

/**
 * A Nested JWT (RFC 7519 section 5.2): the inner one counts, by all the rules for one that came alone. Without an inner signature
 * only a key that nobody else has says who made it.
 */
async function verifyEncrypted (token: string, rules: JwtRules, decryption: NonNullable<JwtRules['decryption']>): Promise<VerifiedJwt> {
  const { plaintext, header, key: ours } = await decrypt(token, decryption)
  const inner = Buffer.from(plaintext).toString('latin1')
  const isSigned = shapeOf(inner) === 'jws' && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(inner)
  if (!isSigned && !(decryption.allowUnsigned && ours.key.type === 'secret')) throw invalid('it is encrypted and not signed')
  if (!isSigned && !rules.signature.isType(header['typ'])) throw invalid('`typ` is not that of this kind of JWT')
  const { record, key } = isSigned ? await verifySigned(inner, rules) : { record: readJwtClaims(plaintext, rules.claims), key: ours }
  refuseOtherReplicas(header, record)
  return { record: isSigned ? Object.freeze({ ...record, jwt: seal(inner, token) }) : record, key, canBeMultiplied: ours.key.type !== 'secret' }
}

/** RFC 7519 section 5.3: claims that the outer header repeats must be the same. */
function refuseOtherReplicas (header: Record<string, unknown>, record: TokenRecord): void {
  const claims = record.claims as Record<string, unknown>
  for (const name of ['iss', 'sub', 'aud']) {
    if (header[name] !== undefined && JSON.stringify(header[name]) !== JSON.stringify(claims[name])) throw invalid('the header repeats a claim with another value')
  }
}
