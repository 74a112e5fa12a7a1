import { refuse, type Refusal } from '../errors.ts'
import { candidates, type KeySet } from './keys/key-set.ts'
import type { Key } from './keys/key.ts'
import { loadedOnce } from './loaded-once.ts'
import { decodePart, readPart } from './shape.ts'

export interface SignatureRules {
  readonly keys: KeySet
  /** The operator's list, never the token's (RFC 8725 section 3.1). */
  readonly algorithms: ReadonlySet<string>
  /** Whether a `typ` header, as it stands there, is one that this kind of JWT has (RFC 8725 section 3.11). */
  isType (typ: unknown): boolean
}

export interface VerifiedSignature {
  readonly payload: Uint8Array
  readonly key: Key
}

const maxKidLength = 1024
const verification = loadedOnce(() => import('jose/jws/compact/verify'))
export const noKeyFits = 'no key of the issuer fits'
export const isNotSigned = 'the signature does not verify'

export function invalid (detail: string): Refusal {
  return refuse('token_invalid', detail)
}

/**
 * Checks a JWS in compact form (RFC 7515 section 5.2). Its header only picks among the keys of the issuer: `jwk`, `jku`, `x5c`
 * and `x5u` are never looked at, and an extension that must be understood is not (sections 4.1.2 to 4.1.6 and 4.1.11).
 *
 * @throws Refusal `token_invalid`, or that of a key set that can't be had
 */
export async function verifySignature (jws: string, rules: SignatureRules): Promise<VerifiedSignature> {
  const parts = jws.split('.')
  const header = readPart(parts[0])
  const [, payload, signature] = parts
  if (parts.length !== 3 || header === null || payload === '' || decodePart(payload) === null || decodePart(signature) === null) throw invalid('not a JWS')
  const { alg, kid, crit, b64, typ } = header
  if (typeof alg !== 'string' || !rules.algorithms.has(alg)) throw invalid('`alg` is not allowed')
  if (!rules.isType(typ)) throw invalid('`typ` is not that of this kind of JWT')
  if (crit !== undefined || b64 !== undefined) throw invalid('`crit` or `b64`')
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > maxKidLength)) throw invalid('`kid` is not a short string')

  const find = async (): Promise<readonly Key[]> => candidates(await rules.keys.keys(), kid, alg).slice(0, rules.keys.mostTried)
  const known = await find()
  const verified = await verifyWith(jws, alg, known)
  if (verified !== null) return verified
  // A key that the token names and that is there has spoken: no newer set says otherwise.
  const isNamed = kid !== undefined && known.some((key) => key.kid === kid)
  if (!isNamed && await rules.keys.renew(kid)) {
    const renewed = await verifyWith(jws, alg, await find())
    if (renewed !== null) return renewed
  }
  throw invalid(known.length === 0 ? noKeyFits : isNotSigned)
}

async function verifyWith (jws: string, alg: string, keys: readonly Key[]): Promise<VerifiedSignature | null> {
  if (keys.length === 0) return null
  // Who compiles the rules has loaded it: only an application with JWTs needs it.
  const { compactVerify } = await verification()
  for (const key of keys) {
    try {
      const { payload } = await compactVerify(jws, key.key, { algorithms: [alg] })
      return { payload, key }
    } catch {
      // Another key may fit.
    }
  }
  return null
}
