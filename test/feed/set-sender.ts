import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import { CompactSign } from 'jose'
import type { WebhookOptions } from '../../types/options.ts'
import { readAgain } from '../read-again.ts'

export const caep = 'https://schemas.openid.net/secevent/caep/event-type/'
export const risc = 'https://schemas.openid.net/secevent/risc/event-type/'
export const oauth = 'https://schemas.openid.net/secevent/oauth/event-type/'

/** Somebody who sends security event tokens. */
export interface SetSender {
  readonly issuer: string
  readonly privateKey: KeyObject
  readonly jwks: { keys: Array<{ kty: string, [member: string]: unknown }> }
  /** Claims of one that is good. Undefined leaves a claim out. */
  claims (changed?: Record<string, unknown>): Record<string, unknown>
  /** A security event token; by default one that is good, about the user alice. */
  set (changed?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
  /** The same of a payload as it stands. */
  sign (payload: string | Uint8Array, header?: Record<string, unknown>): Promise<string>
  options (more?: Partial<WebhookOptions>): WebhookOptions
}

export const receiver = 'https://api.example.com/events'

export function setSender (issuer = 'https://login.example.com', kid = 's1'): SetSender {
  const generated = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [privateKey, publicKey] = [readAgain(generated.privateKey), readAgain(generated.publicKey)]
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kty: 'EC', kid, alg: 'ES256', use: 'sig' }] }
  const sign = async (payload: string | Uint8Array, header: Record<string, unknown> = {}): Promise<string> =>
    await new CompactSign(Buffer.from(payload)).setProtectedHeader({ alg: 'ES256', typ: 'secevent+jwt', kid, ...header }).sign(privateKey)
  const claims = (changed: Record<string, unknown> = {}): Record<string, unknown> => ({
    iss: issuer, aud: receiver, iat: Math.floor(Date.now() / 1000), jti: randomUUID(), sub_id: { format: 'iss_sub', iss: issuer, sub: 'alice' }, events: { [`${caep}session-revoked`]: {} }, ...changed
  })
  return {
    issuer,
    privateKey,
    jwks,
    claims,
    sign,
    set: async (changed, header) => await sign(JSON.stringify(claims(changed)), header),
    options: (more = {}) => ({ path: '/events', issuer, audience: receiver, jwks, ...more })
  }
}
