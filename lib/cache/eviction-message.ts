import type { Eviction } from './evictions.ts'

/** Whether a process has told of an eviction in the way that this one does. */
export function isEviction (value: unknown): value is Eviction {
  if (!isObject(value)) return false
  const { evicted, at, revokedAt } = value
  return Number.isFinite(at) && (revokedAt === null || Number.isFinite(revokedAt)) && isObject(evicted) && isSelection(evicted)
}

function isSelection ({ all, keys, issuer, claims }: Record<string, unknown>): boolean {
  if (all !== undefined) return all === true
  if (keys !== undefined) return Array.isArray(keys) && keys.every((key) => typeof key === 'string')
  const named = isObject(claims) ? Object.entries(claims) : []
  return (issuer === null || typeof issuer === 'string') && named.length > 0 && named.every(([path, text]) => isPath(path) && typeof text === 'string')
}

function isPath (text: string): boolean {
  try {
    const names: unknown = JSON.parse(text)
    return Array.isArray(names) && names.every((name) => typeof name === 'string')
  } catch {
    return false
  }
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
