import { hash, timingSafeEqual } from 'node:crypto'
import { isBearerToken } from '../bearer.ts'
import { OptionsError, type Refusal } from '../errors.ts'
import { defaultOf, WebhookSchema, type Secret, type WebhookOptions } from '../options.ts'
import { keptSecret } from '../secret.ts'
import type { Signer, SignerOptions } from '../token/signer.ts'
import { tokenIssuerOf } from './token-issuer.ts'
import { transmitter, type Transmitter, type TransmitterOptions } from './transmitter.ts'
import type { ClaimPath } from './subject.ts'
import type { Webhook } from './webhook.ts'

export interface WebhookCompileTools extends Pick<TransmitterOptions, 'counts' | 'revoke'> {
  readonly issuers: readonly string[]
  compileSigner (options: SignerOptions, path: string, warn: (detail: string) => void): Promise<Signer>
  isWrongKey (refusal: Refusal): boolean
  warn (path: string): (detail: string) => void
}

const leastSecret = 16

/** Options of webhooks to what they take. @throws OptionsError */
export async function compileWebhooks (options: readonly WebhookOptions[], root: string, tools: WebhookCompileTools): Promise<{ webhooks: readonly Webhook[], close (): Promise<void> }> {
  const byPath = new Map<string, Transmitter[]>()
  const signers: Signer[] = []
  const close = async (): Promise<void> => { await Promise.all(signers.map(async (signer) => { await signer.close() })) }
  try {
    for (const [index, each] of options.entries()) {
      const path = options.length === 1 ? root : `${root}[${index}]`
      const known = byPath.get(each.path) ?? []
      if (known.some(({ issuer }) => issuer === each.issuer)) throw new OptionsError(`${path}.issuer: found ${JSON.stringify(each.issuer)} a second time for one path; allowed: once`)
      byPath.set(each.path, [...known, await compileTransmitter(each, path)])
    }
  } catch (error) {
    await close()
    throw error
  }
  return { webhooks: [...byPath].map(([path, transmitters]) => ({ path, transmitters })), close }

  async function compileTransmitter (each: WebhookOptions, path: string): Promise<Transmitter> {
    const { issuer, audience, maxAge = defaultOf<number>(WebhookSchema.properties.maxAge), subjects = {}, tls, allowInsecureLoopback, jwksUri, jwks, keys, algorithms } = each
    const tokenIssuer = tokenIssuerOf(each.tokenIssuer ?? issuer, tools.issuers, `${path}.tokenIssuer`)
    const isAuthorized = await authorization(each.authorization, `${path}.authorization`, tools.warn(path))
    const given = Object.fromEntries(Object.entries({ jwksUri, jwks, keys, algorithms }).filter(([, value]) => value !== undefined))
    const signer = await tools.compileSigner({ issuer, keys: given, typ: 'secevent+jwt', tls, allowLoopback: allowInsecureLoopback === true }, path, tools.warn(path))
    signers.push(signer)
    const { opaque = null, session = 'sid', email = null } = subjects
    const rules = { issuer, audience: [audience].flat(), maxAge, tokenIssuer, opaque: opaque && plain(opaque), session: plain(session), email: email && plain(email) }
    return transmitter({ rules, isAuthorized, verify: signer.verify, isWrongKey: tools.isWrongKey, revoke: tools.revoke, counts: tools.counts })
  }
}

/** Hashes are compared, so that time tells nothing of the secret or its length. */
async function authorization (secret: Secret | undefined, path: string, warn: (detail: string) => void): Promise<(shown: string | null) => boolean> {
  if (secret === undefined) return () => true
  const current = await keptSecret(secret, path, (value) => {
    if (value.length < leastSecret || !isBearerToken(value)) throw new OptionsError(`${path}: found a string of ${value.length} characters; allowed: at least ${leastSecret}, such as a bearer token has`)
  }, warn)
  return (shown) => shown !== null && timingSafeEqual(hash('sha256', shown, 'buffer'), hash('sha256', current(), 'buffer'))
}

/** A list of one name is that name. */
function plain (path: ClaimPath): ClaimPath {
  return typeof path !== 'string' && path.length === 1 ? path[0] as string : path
}
