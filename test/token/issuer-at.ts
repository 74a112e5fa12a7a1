import type { TestContext } from 'node:test'
import { isRefusal } from '../../lib/errors.ts'
import type { IssuerOptions } from '../../lib/options.ts'
import { compileIssuer } from '../../lib/token/compile.ts'
import type { VerifyingIssuer } from '../../lib/token/dispatch.ts'
import type { TokenResolver } from '../../lib/token/resolver.ts'
import { json, startDouble, type Behaviour, type Call, type Double } from '../doubles/authorization-server.ts'
import type { SigningKey } from './signing-key.ts'

export const oauthPlace = '/.well-known/oauth-authorization-server'
export const openidPlace = '/.well-known/openid-configuration'
export const optionsPath = 'options.issuers[0]'

const notFound = json({ error: 'not_found' }, 404)

/** A double with a behaviour for each path, and 404 for others. */
export async function placesOf (t: TestContext, make: (origin: string) => Record<string, Behaviour | object>, tls?: { cert: string, key: string }): Promise<Double & { at: Record<string, Behaviour | object> }> {
  const server = await startDouble(notFound, tls)
  t.after(() => server.close())
  const at = make(server.origin)
  server.behave((call, response) => {
    const found = Object.hasOwn(at, call.url) ? at[call.url] : notFound
    const behaviour = typeof found === 'function' ? found as Behaviour : json(found)
    behaviour(call, response)
  })
  return Object.assign(server, { at })
}

/** Metadata that are right for an issuer. */
export function metadataOf (origin: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { issuer: origin, jwks_uri: `${origin}/jwks`, introspection_endpoint: `${origin}/introspect`, ...more }
}

export const clientAuth = { method: 'client_secret_basic', clientId: 'api', clientSecret: 'vR7-client-secret-9Qx' } as const

export interface CompiledIssuer {
  readonly issuer: VerifyingIssuer
  /** What the operator was told. */
  readonly reports: string[]
  /** 'verified', 'inactive', or the reason of the refusal. */
  jwt (token: string): Promise<string>
  introspect (token: string): Promise<string>
}

/** @throws OptionsError */
export async function issuerAt (t: TestContext, issuer: string, options: Partial<IssuerOptions> = {}): Promise<CompiledIssuer> {
  const reports: string[] = []
  const report = (level: string, name: string | null, detail: string): void => { reports.push(`${level} ${name} ${detail}`) }
  const compiled = await compileIssuer({ issuer, audience: 'rs', allowInsecureLoopback: true, ...options }, optionsPath, report)
  t.after(async () => { await compiled.close() })
  return {
    issuer: compiled,
    reports,
    jwt: async (token) => await outcomeOf(compiled.jwt as TokenResolver, token),
    introspect: async (token) => await outcomeOf(compiled.introspection as TokenResolver, token)
  }
}

async function outcomeOf (resolver: TokenResolver, token: string): Promise<string> {
  try {
    return (await resolver.resolve(token)).record === null ? 'inactive' : 'verified'
  } catch (error) {
    return isRefusal(error) ? error.reason : String(error)
  }
}

export async function accessToken (key: SigningKey, issuer: string): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return await key.sign({ iss: issuer, aud: 'rs', sub: 'alice', iat: now, exp: now + 864_000 })
}

/** The paths that were asked for, each once. */
export function pathsOf (calls: readonly Call[]): string[] {
  return [...new Set(calls.map(({ url }) => url))].sort()
}
