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

/**
 * Where evictions of a token are looked for. Of a JWS it is what is signed that counts: whoever has an ECDSA signature can make
 * another one that verifies as well. What is signed has one dot, so that it is no other JWS.
 */
export function evictionKeyOf (prefix: string, token: string): string {
  const isJws = token.split('.').length === 3
  return keyOf(prefix, isJws ? token.slice(0, token.lastIndexOf('.')) : token)
}
