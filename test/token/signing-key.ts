import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { exportJWK, SignJWT, type JWK, type JWTPayload } from 'jose'
import { readAgain } from '../read-again.ts'

const generate = promisify(generateKeyPair)

export interface SigningKey {
  readonly kid: string | undefined
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** As a JWK set has it; more members may be given, undefined takes one out. */
  jwk (more?: Record<string, unknown>): JWK
  /** A JWS; its header may be changed, undefined takes a member out. */
  sign (claims: JWTPayload, header?: Record<string, unknown>): Promise<string>
}

/** A new key of an issuer. @param kid - undefined for none */
export async function signingKey (kid: string | undefined, alg: 'ES256' | 'RS256' | 'EdDSA' = 'ES256'): Promise<SigningKey> {
  const { publicKey, privateKey } = alg === 'ES256'
    ? await generate('ec', { namedCurve: 'P-256' })
    : alg === 'RS256' ? await generate('rsa', { modulusLength: 2048 }) : await generate('ed25519')
  return await keyOf(kid, alg, readAgain(privateKey), readAgain(publicKey))
}

async function keyOf (kid: string | undefined, alg: string, privateKey: KeyObject, publicKey: KeyObject): Promise<SigningKey> {
  const exported = await exportJWK(publicKey)
  return {
    kid,
    privateKey,
    publicKey,
    jwk: (more = {}) => defined({ ...exported, kid, use: 'sig', ...more }) as JWK,
    sign: async (claims, header = {}) => await new SignJWT(claims).setProtectedHeader(defined({ alg, kid, typ: 'at+jwt', ...header }) as { alg: string }).sign(privateKey)
  }
}

function defined (members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
