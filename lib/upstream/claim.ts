import type { Claims } from '../../types/access-token.ts'

/**
 * What stands in the claims under a name, or under names that lead to it inside others. Only what a claim itself holds: nothing
 * inherited, and no member of a list.
 */
export function claimAt (claims: Claims, name: string | readonly string[]): unknown {
  return [name].flat().reduce<unknown>((value, member) => isObject(value) && Object.hasOwn(value, member) ? value[member] : undefined, claims)
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
