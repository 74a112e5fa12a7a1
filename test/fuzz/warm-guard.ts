// The guard with everything remembered, beside one that remembers nothing.
import { cachedToken } from '../../lib/cache/cached-token.ts'
import { tokenCache, type CachedTokens } from '../../lib/cache/cached.ts'
import { evictions } from '../../lib/cache/evictions.ts'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import type { CertificateSource } from '../../lib/certificate/source.ts'
import { buildChallenges } from '../../lib/challenge.ts'
import { isRefusal, refuse } from '../../lib/errors.ts'
import { guard, type Trail } from '../../lib/guard.ts'
import type { Policy } from '../../lib/policy.ts'
import { requestFields } from '../../lib/request-fields.ts'
import { factsOf } from '../../lib/token/facts.ts'
import { cacheOptions, recordOf, scriptedResolver } from '../cache/scripted-resolver.ts'
import { socketFrom } from '../certificate/inbound.ts'
import type { Random } from './random.ts'

/** Who is let in: whose token, and the certificate's thumbprint. Else the reason; `asked` where somebody would have to be asked about the token. */
export type Verdict = { readonly subject: string, readonly thumbprint: string } | string

export interface WarmGuard {
  /** Lets in everybody with these values, and last of all the token with this one; then says what becomes of a request. */
  warmed (value: string, owner: number, shown: { readonly token: string, readonly value: string, readonly isFromProxy: boolean }): Verdict
  /** What one says of it that has just been started. */
  cold (shown: { readonly token: string, readonly value: string, readonly isFromProxy: boolean }): Verdict
  /** The token that is bound to this certificate. */
  tokenOf (owner: number): string
}

const [proxy, elsewhere] = [socketFrom('10.0.0.5'), socketFrom('10.0.0.6')]

/** @param thumbprints - of the certificates to which one token each is bound */
export function warmGuard (thumbprints: readonly string[]): WarmGuard {
  const tokenOf = (owner: number): string => `tokenOf${owner}.with~signs-=`
  const records = new Map(thumbprints.map((thumbprint, owner) => [tokenOf(owner), recordOf({ sub: `subject ${owner}`, cnf: { 'x5t#S256': thumbprint } })]))
  const known = (record: ReturnType<typeof recordOf>) => cachedToken({ record, askedAt: 0, expiresAt: Infinity, key: null, comparedIn: 0 })
  const ask = async (): Promise<never> => { throw refuse('token_inactive') }

  const cache = tokenCache({ ...cacheOptions, maxTtl: Infinity, evictions: evictions(86_400_000), factsOf })
  const tokens = { ...cache.of(scriptedResolver(() => null)), ask }
  for (const [token, record] of records) cache.store.set(tokens.keyOf(token), known(record), 'active')
  const warmPolicy = policyOf(tokens, source())

  const unremembering: CachedTokens = {
    keyOf: (token) => token,
    recall (_key, token) {
      const record = records.get(token)
      return record === undefined ? undefined : known(record)
    },
    ask
  }

  let coldInputs = 0
  let unused = source()

  /** Making a source takes longer than all the rest: one that shares nothing remembers nothing, and is still replaced now and then. */
  function coldSource (): CertificateSource {
    if (coldInputs++ % 32 === 0) unused = { ...source(), share: (proven) => proven }
    return unused
  }

  return {
    tokenOf,
    warmed (value, owner, shown) {
      for (const isFromProxy of [true, false]) verdictOf(warmPolicy, { token: tokenOf(owner), value, isFromProxy })
      const remembered = verdictOf(warmPolicy, { token: tokenOf(owner), value, isFromProxy: true })
      if (typeof remembered === 'string') throw new Error(`the owner is refused: ${remembered}`)
      return verdictOf(warmPolicy, shown)
    },
    cold: (shown) => verdictOf(policyOf(unremembering, coldSource()), shown)
  }
}

function source (): CertificateSource {
  return compileCertificateSource({ preset: 'nginx', trustedProxies: ['10.0.0.5'], verified: false }, 'certificate')
}

function policyOf (tokens: CachedTokens, certificate: CertificateSource): Policy {
  return {
    isPublic: false,
    tokens,
    certificate,
    binding: 'required',
    isReport: false,
    scopes: [],
    anyScope: null,
    audience: null,
    claims: null,
    clients: null,
    maxAge: Infinity,
    challenges: buildChallenges('api', []),
    readFields: requestFields(certificate.fields),
    failures: null,
    upstream: null
  }
}

function verdictOf (policy: Policy, { token, value, isFromProxy }: { readonly token: string, readonly value: string, readonly isFromProxy: boolean }): Verdict {
  const trail: Trail = { key: null, record: null, presented: null, isAsked: false, isStale: false }
  try {
    const outcome = guard(policy, { rawHeaders: ['Authorization', `Bearer ${token}`, 'X-SSL-Cert', value], socket: isFromProxy ? proxy : elsewhere, url: '/' }, trail)
    if (outcome instanceof Promise) {
      outcome.catch(() => {}) // Nobody has the token that was made up.
      return 'asked'
    }
    return { subject: outcome.subject as string, thumbprint: typeof trail.presented === 'object' ? trail.presented?.presented.certificate.thumbprint ?? '' : '' }
  } catch (error) {
    if (isRefusal(error)) return error.reason
    throw error
  }
}

const sameSign = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A token that is nearly this one, in the grammar of tokens or not. */
export function nearToken (token: string, random: Random): string {
  const at = random.below(token.length)
  return [
    () => token.slice(0, at) + random.of(sameSign) + token.slice(at + 1),
    () => token.slice(0, at) + token.slice(at + 1),
    () => token.slice(0, at) + random.of(sameSign) + token.slice(at),
    () => `${token}=`,
    () => token.slice(0, -1),
    () => token.toUpperCase(),
    () => `${token} `,
    () => ` ${token}`,
    () => `${token},${token}`,
    () => token.slice(0, at) + String.fromCharCode(random.below(256)) + token.slice(at + 1)
  ][random.below(10)]?.() as string
}
