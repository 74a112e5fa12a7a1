import type { TokenRecord } from '../access-token.ts'
import { isRefusal, refuse, type Refusal } from '../errors.ts'
import { seal, unseal } from '../seal.ts'
import { parseStrictJsonObject } from '../strict-json.ts'
import type { Answered } from './call.ts'
import { decrypt } from './decryption.ts'
import { isJson, judge, judgeClaims, readBody, refuseStatus } from './introspection-answer.ts'
import { verifyJwt, type JwtRules } from './jwt.ts'
import type { Key } from './keys/key.ts'
import { shapeOf } from './shape.ts'
import { verifySignature } from './signature.ts'

/** What an answer says, and the key that proved it. */
export interface Judged {
  readonly record: TokenRecord | null
  readonly key: Key | null
}

const inactive: Judged = { record: null, key: null }

/** Seconds that a signed answer may be on its way, and clocks differ. */
const maxAnswerAge = 60

const ascii = (bytes: Buffer): string => bytes.toString('latin1')

/**
 * The phantom token: an opaque token is answered with the JWT that it stands for. The JWT is judged as if a client had sent it: its
 * `cnf` is what binds. Servers say "not active" with 204 and nothing, or in JSON.
 *
 * @throws Refusal; a JWT that does not hold is the server's fault, not the client's
 */
export async function judgePhantom (answered: Answered, token: string, rules: JwtRules): Promise<Judged> {
  if (answered.status === 204) return inactive
  refuseStatus(answered)
  if (isJson(answered) && judge(answered, rules.claims.issuer, rules.claims.shared) === null) return inactive
  if (!/^application\/jwt(?:[ \t]*;|$)/i.test(answered.contentType)) throw refuse('issuer_bad_response', 'the content type is not application/jwt')
  const jwt = ascii(readBody(answered)).trim()
  const { record, key } = await verifyJwt(jwt, rules).catch(blameIssuer)
  // The one inside an encrypted JWT was sealed with that.
  return { record: Object.freeze({ ...record, jwt: seal(record.jwt === undefined ? jwt : unseal(record.jwt, jwt), token) }), key }
}

/**
 * RFC 9701 section 5. Only the object in `token_introspection` is the answer; a plain one would be a downgrade.
 *
 * @param clientId - who we are there: `aud` names it, or our audience
 * @throws Refusal
 */
export async function judgeSigned (answered: Answered, clientId: string, rules: JwtRules): Promise<Judged> {
  refuseStatus(answered)
  if (!/^application\/token-introspection\+jwt(?:[ \t]*;|$)/i.test(answered.contentType)) {
    throw refuse('issuer_bad_response', 'the content type is not application/token-introspection+jwt')
  }
  const { claims: { issuer, clockTolerance, shared }, signature } = rules
  const jws = await decrypted(ascii(readBody(answered)).trim(), rules)
  const { payload, key } = await verifySignature(jws, { ...signature, isType: isAnswer }).catch(blameIssuer)
  const { iss, aud, iat, exp, token_introspection: answer } = parseStrictJsonObject(payload) ?? {}
  const now = Date.now() / 1000
  if (iss !== issuer.name) throw refuse('issuer_bad_response', '`iss` of the answer is not the issuer')
  if (![aud].flat().some((member) => member === clientId || issuer.audience?.includes(member as string) === true)) throw refuse('issuer_bad_response', '`aud` of the answer is not us')
  if (typeof iat !== 'number' || Math.abs(now - iat) > maxAnswerAge + clockTolerance) throw refuse('issuer_bad_response', '`iat` of the answer is not recent')
  if (exp !== undefined && !(typeof exp === 'number' && exp + clockTolerance > now)) throw refuse('issuer_bad_response', 'the answer has expired')
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) throw refuse('issuer_bad_response', '`token_introspection` is not an object')
  return { record: judgeClaims(answer as Record<string, unknown>, issuer, shared), key }
}

function isAnswer (typ: unknown): boolean {
  return typeof typ === 'string' && /^(?:application\/)?token-introspection\+jwt$/i.test(typ)
}

async function decrypted (jwt: string, { decryption }: JwtRules): Promise<string> {
  if (shapeOf(jwt) !== 'jwe' || decryption === null) return jwt
  const { plaintext } = await decrypt(jwt, decryption).catch(blameIssuer)
  return ascii(Buffer.from(plaintext))
}

/** Trouble with keys stays what it is; a verdict on the token is one on the answer here. */
function blameIssuer (error: unknown): never {
  if (!isRefusal(error) || error.reason.startsWith('issuer_')) throw error
  const refusal: Refusal = refuse('issuer_bad_response', `its JWT: ${error.detail ?? error.reason}`)
  throw refusal
}
