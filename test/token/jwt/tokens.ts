// JWTs made by hand, also those that no library would make, and what verifies them.
import { constants, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import type { Issuer, TokenRecord } from '../../../lib/access-token.ts'
import type { JwtOptions } from '../../../lib/options.ts'
import { compileJwt } from '../../../lib/token/compile-jwt.ts'
import { jwtResolver } from '../../../lib/token/jwt.ts'
import { owner } from '../../guard/protected-app.ts'

type Members = Readonly<Record<string, unknown>>
export interface Jwk { readonly kty: string, readonly [member: string]: unknown }

export const issuer: Issuer = { name: 'https://login.example.com', audience: ['https://api.example.com'] }
export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const ed = generateKeyPairSync('ed25519')

export function jwkOf (key: KeyObject, more: Members = {}): Jwk {
  return { ...key.export({ format: 'jwk' }), ...more } as Jwk
}

/** The key set of the issuer: the kid is the name of the key. */
export const jwks = { keys: [jwkOf(rsa.publicKey, { kid: 'rsa' }), jwkOf(ec.publicKey, { kid: 'ec' }), jwkOf(ed.publicKey, { kid: 'ed' })] }

export const now = (): number => Math.floor(Date.now() / 1000)

/** Claims of a token with all that RFC 9068 section 2.2 lists, bound to the owner; members that are undefined are left out. */
export function claimsWith (more: Members = {}): Members {
  return {
    iss: issuer.name,
    aud: 'https://api.example.com',
    exp: now() + 300,
    iat: now(),
    sub: 'alice',
    client_id: 'partner',
    jti: 'j1',
    scope: 'accounts',
    cnf: { 'x5t#S256': owner.thumbprint },
    ...more
  }
}

export const encode = (text: string | Uint8Array): string => Buffer.from(text as string).toString('base64url')

type Signer = (data: Buffer) => Buffer

/** What signs under this algorithm (RFC 7518 section 3); an unknown one is signed as the key would be by default. */
export function signerFor (algorithm: unknown, key: KeyObject): Signer {
  const text = String(algorithm)
  const hash = `sha${/(?:256|384|512)$/.exec(text)?.[0] ?? 256}`
  if (key.type === 'secret') return (data) => createHmac(hash, key).update(data).digest()
  if (key.asymmetricKeyType === 'ec') return (data) => sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
  if (key.asymmetricKeyType === 'ed25519' || key.asymmetricKeyType === 'ed448') return (data) => sign(null, data, key)
  const padding = text.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
  return (data) => sign(hash, data, { key, padding, ...(text.startsWith('PS') ? { saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {}) })
}

/** A JWS whose parts are these very bytes. */
export function rawJws (header: string | Uint8Array, payload: string | Uint8Array, signer: Signer): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${encode(signer(Buffer.from(input)))}`
}

export const accessTokenHeader = { alg: 'ES256', typ: 'at+jwt', kid: 'ec' }

/** A good access token but for what is said; members that are undefined are left out. */
export function token (more: Members = {}, header: Members = {}, key: KeyObject = ec.privateKey): string {
  const full: Members = { ...accessTokenHeader, ...header }
  return rawJws(JSON.stringify(full), JSON.stringify(claimsWith(more)), signerFor(full['alg'], key))
}

/** A good access token whose claims are this text. */
export function tokenOf (payload: string | Uint8Array): string {
  return rawJws(JSON.stringify(accessTokenHeader), payload, signerFor('ES256', ec.privateKey))
}

export type Verifier = (token: string) => Promise<TokenRecord>

export function noRemoteKeys (): never {
  throw new Error('keys that are configured are not looked for elsewhere')
}

/** What an issuer with these options says of a token. */
export async function verifier (options: JwtOptions = { jwks }, of: Issuer = issuer): Promise<Verifier> {
  const resolver = jwtResolver(await compileJwt(of, options, 'issuer.jwt', noRemoteKeys, () => {}))
  return async (token) => (await resolver.resolve(token)).record as TokenRecord
}
