import type { EvictionSelector } from '../../types/bound-token.ts'
import type { Evicted } from './evictions.ts'

const named = { subject: 'sub', clientId: 'client_id', jwtId: 'jti', sessionId: 'sid' } as const
const allowed = `{ token }, { all: true }, or an object with ${Object.keys(named).join(', ')}, grantId, claim, issuer`

/**
 * What a selector means, as callers without types may give it. One that selects nothing, or by a name that is not known, throws:
 * whoever evicts wants a revoked token gone and must not believe so in vain.
 *
 * @param keysOf - where a token lives in the cache
 * @param grantIdClaim - name of the claim, or the names that lead to it
 * @throws TypeError
 */
export function evictedBy (selector: unknown, keysOf: (token: string) => readonly string[], grantIdClaim: string | readonly string[]): Evicted {
  const given = isObject(selector) ? Object.entries(selector as EvictionSelector) : []
  const [[name, value] = ['', null]] = given
  if (given.length === 1 && name === 'all' && value === true) return { all: true }
  if (given.length === 1 && name === 'token' && typeof value === 'string') return { keys: keysOf(value) }
  const claims: Record<string, string> = {}
  let issuer: string | null = null
  for (const [name, value] of given) {
    if (name === 'issuer' && typeof value === 'string') issuer = value
    else if (name === 'claim' && isClaim(value)) claims[pathOf(value.path)] = JSON.stringify(value.value)
    else if (name === 'grantId' && typeof value === 'string') claims[pathOf(grantIdClaim)] = JSON.stringify(value)
    else if (Object.hasOwn(named, name) && typeof value === 'string') claims[pathOf(named[name as keyof typeof named])] = JSON.stringify(value)
    else throw wrong()
  }
  // Two names for one claim would leave one of the values unseen; an issuer alone is no selector yet.
  if (Object.keys(claims).length === 0 || Object.keys(claims).length + (issuer === null ? 0 : 1) !== given.length) throw wrong()
  return { issuer, claims }
}

/** The selector does not stand in it: it may hold a token. */
function wrong (): TypeError {
  return new TypeError(`evict: allowed: ${allowed}`)
}

function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isClaim (value: unknown): value is { path: string | string[], value: string | number | boolean } {
  if (!isObject(value) || Object.keys(value).sort().join() !== 'path,value') return false
  const { path, value: claim } = value as { path: unknown, value: unknown }
  const names = Array.isArray(path) ? path : [path]
  return names.length > 0 && names.every((name) => typeof name === 'string' && name !== '') && (['string', 'boolean'].includes(typeof claim) || Number.isFinite(claim))
}

function pathOf (path: string | readonly string[]): string {
  return JSON.stringify([path].flat())
}
