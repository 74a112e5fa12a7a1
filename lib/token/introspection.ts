import type { Issuer } from '../access-token.ts'
import { refuse } from '../errors.ts'
import { sharedLists } from '../shared-lists.ts'
import { maxAgeOf } from './cache-control.ts'
import type { ClientAuthentication } from './client-auth.ts'
import type { Answered, Exchange } from './exchange.ts'
import { judge } from './introspection-answer.ts'
import { judgePhantom, judgeSigned, type Judged } from './introspection-jwt.ts'
import type { JwtRules } from './jwt.ts'
import type { TokenResolver } from './resolver.ts'

export interface IntrospectionOptions {
  readonly issuer: Issuer
  /** What tells the endpoint from others in the key of a cache. */
  readonly endpointIdentity: string
  /** @throws Refusal where it must be found out first, and can't be */
  endpoint (): Promise<URL>
  readonly exchange: Exchange
  readonly clientId: string
  readonly clientAuth: ClientAuthentication
  readonly parameters: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly tokenTypeHint: string | null
  /** Plain JSON, or a JWT with the rules for it. */
  readonly response: { readonly kind: 'json' } | { readonly kind: 'jwt' | 'signed', readonly rules: JwtRules }
  /** Whether `Cache-Control` of an answer counts. */
  readonly honoursCacheControl: boolean
  /** Told once when an answer forbids to be remembered. */
  onNotKept (): void
}

/** An answer of a few claims has about 1 KiB. */
export const maxResponseBytes = 131_072
/** Calls under way and waiting; more would only wait for their time limit. */
const maxInFlight = 2048

const accepted = { json: 'application/json', jwt: 'application/jwt', signed: 'application/token-introspection+jwt' } as const

/** RFC 7662: one POST per unknown token. Redirects are not followed: they would take the token along. */
export function introspection (options: IntrospectionOptions): TokenResolver {
  const { issuer, exchange, clientAuth, response, clientId } = options
  const headers = { ...options.headers, 'content-type': 'application/x-www-form-urlencoded', accept: accepted[response.kind] }
  const parameters = { ...options.parameters, ...(options.tokenTypeHint === null ? {} : { token_type_hint: options.tokenTypeHint }) }
  const shared = sharedLists()
  let inFlight = 0
  let isToldNotKept = false

  return {
    identity: [issuer.name, options.endpointIdentity, clientId, response.kind],

    async resolve (token) {
      if (inFlight >= maxInFlight) throw refuse('issuer_unavailable', 'too many calls under way')
      inFlight++
      try {
        const answered = await ask(token)
        const { record, key } = await read(answered, token)
        return { record, maxAge: maxAgeFor(answered), key, canBeMultiplied: false, isAsked: true }
      } finally {
        inFlight--
      }
    },

    close: () => exchange.close()
  }

  async function ask (token: string): Promise<Answered> {
    // Without keys the answer could not be read: nobody needs to be asked.
    if (response.kind !== 'json') await response.rules.signature.keys.keys()
    const proof = typeof clientAuth === 'function' ? await clientAuth() : clientAuth
    return await exchange.send(await options.endpoint(), {
      method: 'POST',
      headers: { ...headers, ...proof.headers },
      body: new URLSearchParams({ ...parameters, ...proof.parameters, token }).toString()
    })
  }

  async function read (answered: Answered, token: string): Promise<Judged> {
    if (response.kind === 'json') return { record: judge(answered, issuer, shared), key: null }
    if (response.kind === 'jwt') return await judgePhantom(answered, token, response.rules)
    return await judgeSigned(answered, clientId, response.rules)
  }

  function maxAgeFor ({ cacheControl, age }: Answered): number {
    if (!options.honoursCacheControl) return Infinity
    const maxAge = maxAgeOf(cacheControl, age)
    if (maxAge === 0 && !isToldNotKept) {
      isToldNotKept = true
      options.onNotKept()
    }
    return maxAge
  }
}
