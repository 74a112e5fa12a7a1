import { refuse } from '../errors.ts'
import { parseStrictJsonObject } from '../strict-json.ts'
import type { SharedLists } from '../shared-lists.ts'
import { readClaims, type Issuer, type TokenRecord } from '../access-token.ts'
import { invalid } from './signature.ts'

export interface ClaimRules {
  readonly issuer: Issuer
  /** Seconds by which clocks may differ. */
  readonly clockTolerance: number
  /** Claims that must be there, and where a value is given have it. */
  readonly required: ReadonlyMap<string, unknown>
  readonly shared: SharedLists
}

// Members of ID tokens, logout tokens, security events and signed introspection answers (RFC 8725 section 3.12).
const foreign = ['at_hash', 'c_hash', 'events', 'token_introspection']

/**
 * The claims of a JWT whose signature holds (RFC 9068 section 4). What depends on the time or the route is judged later, on each
 * request.
 *
 * @throws Refusal `token_invalid`, `token_issuer_mismatch` or `token_not_yet_valid`
 */
export function readJwtClaims (payload: Uint8Array, { issuer, clockTolerance, required, shared }: ClaimRules): TokenRecord {
  const claims = parseStrictJsonObject(payload)
  if (claims === null) throw invalid('the payload is not one JSON object with each member once')
  const has = (name: string): boolean => Object.hasOwn(claims, name)
  if (!has('iss') || claims['iss'] !== issuer.name) throw refuse('token_issuer_mismatch')
  if (!has('exp')) throw invalid('`exp` is missing')
  if (!has('aud') && issuer.audience !== null) throw invalid('`aud` is missing')
  for (const [name, value] of required) {
    if (!has(name) || (value === undefined ? isEmpty(claims[name]) : claims[name] !== value)) throw invalid(`the required claim ${JSON.stringify(name)} is missing or has another value`)
  }
  if (has('amr') && !(Array.isArray(claims['amr']) && claims['amr'].every((method) => typeof method === 'string'))) throw invalid('`amr` is not a list of strings')
  if (foreign.some(has) || (has('token_use') && claims['token_use'] !== 'access')) throw invalid('another kind of JWT')
  const record = readClaims(claims, issuer, shared, clockTolerance)
  if (typeof record === 'string') throw invalid(`\`${record}\` is not what its specification says`)
  const { iat } = record.claims
  if (iat !== undefined && iat > Date.now() / 1000 + clockTolerance) throw refuse('token_not_yet_valid', '`iat` lies in the future')
  return record
}

/** A claim that says nothing is not there. */
function isEmpty (value: unknown): boolean {
  return value === null || value === ''
}
