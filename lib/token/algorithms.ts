/** Signature algorithms (RFC 7518 section 3, RFC 8037, RFC 9864) that can be configured; `none` is not one. */
export const signatureAlgorithms = ['PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS256', 'RS384', 'RS512', 'HS256', 'HS384', 'HS512'] as const

/** Required when a token shall have all that RFC 9068 section 2.2 lists. */
const rfc9068Claims = ['iat', 'sub', 'client_id', 'jti']

/** RFC 9068 section 2.1 wants RS256 to be there; FAPI 2.0 section 5.4.1 does not. */
export const profiles = {
  rfc9068: { algorithms: ['PS256', 'ES256', 'EdDSA', 'Ed25519', 'RS256'], claims: rfc9068Claims },
  fapi: { algorithms: ['PS256', 'ES256', 'EdDSA', 'Ed25519'], claims: rfc9068Claims }
} as const

export function isSymmetric (algorithm: string): boolean {
  return algorithm.startsWith('HS')
}
