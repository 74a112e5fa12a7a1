import { hash } from 'node:crypto'

/**
 * Keyed, so that nobody who knows tokens can recognise them in a dump, and injective: each part carries its length, the
 * prefix has always the same, and the token comes last. Two resolvers that could answer differently never share a key.
 */
export function keyPrefix (secret: string, identity: readonly string[]): string {
  const tuple = [secret, ...identity].map((part) => `${part.length}:${part}`).join('')
  return hash('sha256', tuple, 'base64url')
}

export function keyOf (prefix: string, token: string): string {
  return hash('sha256', prefix + token, 'base64url')
}
