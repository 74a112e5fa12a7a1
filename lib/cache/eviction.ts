import type { EvictionSelector } from '../../types/bound-token.ts'

const claims = ['subject', 'clientId', 'jwtId']

/**
 * A selector as callers without types may give it. One that selects nothing, or by a name that is not known, throws: whoever
 * evicts wants a revoked token gone and must not believe so in vain.
 */
export function evictionSelector (selector: unknown): EvictionSelector {
  const entries = typeof selector === 'object' && selector !== null ? Object.entries(selector) : []
  const [first] = entries
  const isAll = entries.length === 1 && first?.[0] === 'all' && first[1] === true
  const isToken = entries.length === 1 && first?.[0] === 'token' && typeof first[1] === 'string'
  const isByClaims = entries.length > 0 && entries.every(([name, value]) => claims.includes(name) && typeof value === 'string')
  if (isAll || isToken || isByClaims) return selector as EvictionSelector
  throw new TypeError(`evict: allowed: { token }, { all: true }, or an object with ${claims.join(', ')}`)
}
