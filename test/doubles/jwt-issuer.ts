import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SignJWT, type JWTPayload } from 'jose'
import type { IssuerOptions, JwtOptions } from '../../types/options.ts'
import { readAgain } from '../read-again.ts'

/** An issuer of JWTs that nobody has to ask: its keys stand in the options. */
export interface JwtIssuer {
  readonly issuer: string
  readonly privateKey: KeyObject
  readonly jwks: { keys: Array<{ kty: string, [member: string]: unknown }> }
  /** A token for `https://api.example.com`, good for an hour. Undefined leaves a claim out. */
  issue (claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
  options (jwt?: Partial<JwtOptions>): IssuerOptions
}

export function jwtIssuer (issuer = 'https://login.example.com', kid = 'k1'): JwtIssuer {
  const generated = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [privateKey, publicKey] = [readAgain(generated.privateKey), readAgain(generated.publicKey)]
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kty: 'EC', kid, alg: 'ES256', use: 'sig' }] }
  return {
    issuer,
    privateKey,
    jwks,
    async issue (claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000)
      const usual = { iss: issuer, aud: 'https://api.example.com', sub: 'alice', client_id: 'partner', scope: 'accounts', iat: now, exp: now + 3600, jti: 'j1' }
      return await new SignJWT({ ...usual, ...claims } as JWTPayload).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...header }).sign(privateKey)
    },
    options: (jwt = {}) => ({ issuer, audience: 'https://api.example.com', jwt: { jwks, ...jwt } })
  }
}
