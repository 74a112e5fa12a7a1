import type { CachedTokens, TokenCache } from './cache/cached.ts'
import { OptionsError } from './errors.ts'
import type { RouteOptions } from './options.ts'
import { dispatcher, takesOpaque, type VerifyingIssuer } from './token/dispatch.ts'

/** Which issuers' tokens a route takes, and how they are verified. */
export interface Verification {
  readonly tokens: CachedTokens
  readonly issuers: readonly VerifyingIssuer[]
}

export type VerifiedBy = (route: Pick<RouteOptions, 'issuers' | 'verify'>, isSeen: boolean, path: string) => Verification

/**
 * What `issuers` and `verify` of a route come to. Routes that say the same share what is known of tokens; others never do.
 *
 * @throws OptionsError
 */
export function verification (all: readonly VerifyingIssuer[], cache: TokenCache): VerifiedBy {
  const made = new Map<string, Verification>()

  return ({ issuers: names, verify }, isSeen, path) => {
    const issuers = pick(names, path).map((issuer) => verify === undefined ? issuer : overridden(issuer, verify, path))
    const opaque = issuers.filter(takesOpaque)
    // Where nobody can say it any more, such tokens are refused one by one.
    if (isSeen && opaque.length > 1) {
      throw new OptionsError(`${path}.issuers: ${opaque.map(({ issuer }) => issuer.name).join(' and ')} take opaque tokens, which do not say whose they are; allowed: one of them`)
    }
    const key = JSON.stringify(issuers.map(({ issuer, verify }) => [issuer.name, verify]))
    const known = made.get(key)
    if (known !== undefined) return known
    const verification = Object.freeze({ tokens: cache.of(dispatcher(issuers)), issuers })
    made.set(key, verification)
    return verification
  }

  function pick (names: readonly string[] | undefined, path: string): readonly VerifyingIssuer[] {
    if (names === undefined) return all
    const unknown = names.find((name) => !all.some(({ issuer }) => issuer.name === name))
    if (unknown !== undefined) {
      throw new OptionsError(`${path}.issuers: found ${JSON.stringify(unknown)}; allowed: ${all.map(({ issuer }) => issuer.name).join(', ')}`)
    }
    return all.filter(({ issuer }) => names.includes(issuer.name))
  }
}

function overridden (issuer: VerifyingIssuer, verify: 'jwt' | 'introspection' | 'both', path: string): VerifyingIssuer {
  const lacks = verify !== 'introspection' && issuer.jwt === null ? 'jwt' : verify !== 'jwt' && issuer.introspection === null ? 'introspection' : null
  if (lacks !== null) throw new OptionsError(`${path}.verify: found "${verify}", but ${issuer.issuer.name} has no \`${lacks}\`; allowed: ${has(issuer)}`)
  return { ...issuer, verify }
}

function has ({ jwt, introspection }: VerifyingIssuer): string {
  return [jwt === null ? [] : ['"jwt"'], introspection === null ? [] : ['"introspection"']].flat().join(', ')
}
