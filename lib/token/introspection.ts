import type { Issuer } from '../access-token.ts'
import { refuse, type Refusal } from '../errors.ts'
import { sharedLists } from '../shared-lists.ts'
import type { Asked } from './asked.ts'
import type { Breaker } from './breaker.ts'
import { maxAgeOf } from './cache-control.ts'
import type { Answered } from './call.ts'
import type { ClientAuthentication, ClientProof } from './client-auth.ts'
import type { Exchange } from './exchange.ts'
import { judge, refuseUnavailable } from './introspection-answer.ts'
import { judgePhantom, judgeSigned, type Judged } from './introspection-jwt.ts'
import type { JwtRules } from './jwt.ts'
import type { TokenResolver } from './resolver.ts'
import { retrying } from './retry.ts'

export interface IntrospectionOptions {
  readonly issuer: Issuer
  /** What tells the endpoint from others in the key of a cache. */
  readonly endpointIdentity: string
  /** @throws Refusal where it must be found out first, and can't be */
  endpoint (): Promise<URL>
  readonly exchange: Exchange
  /** How often a call is made again that failed for a moment. */
  readonly retries: number
  readonly breaker: Breaker
  readonly asked: Asked
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

/** RFC 7662: one POST per unknown token, made again where that may help. Redirects are not followed: they would take the token along. */
export function introspection (options: IntrospectionOptions): TokenResolver {
  const { issuer, exchange, retries, breaker, asked, clientAuth, response, clientId } = options
  const headers = { ...options.headers, 'content-type': 'application/x-www-form-urlencoded', accept: accepted[response.kind] }
  const parameters = { ...options.parameters, ...(options.tokenTypeHint === null ? {} : { token_type_hint: options.tokenTypeHint }) }
  const forms = new WeakMap<ClientProof, string>()
  const shared = sharedLists()
  let inFlight = 0
  let isToldNotKept = false

  return {
    // What else is sent may make another answer of it: a tenant, a resource.
    identity: [issuer.name, options.endpointIdentity, clientId, response.kind, JSON.stringify([options.parameters, options.headers])],

    resolve: (token) => asked.counting(async (onCall) => {
      if (inFlight >= maxInFlight) throw crowded()
      inFlight++
      try {
        const answered = await retrying({ retries, timeout: exchange.timeout }, (timeLeft) => breaker.run(() => ask(token, timeLeft, onCall)))
        const { record, key } = await read(answered, token)
        return { record, maxAge: maxAgeFor(answered), key, canBeMultiplied: false, isAsked: true }
      } finally {
        inFlight--
      }
    }),

    stats: () => asked.stats(breaker.state()),

    close: () => exchange.close()
  }

  async function ask (token: string, timeLeft: () => number, onCall: () => void): Promise<Answered> {
    // Without keys the answer could not be read: nobody needs to be asked.
    if (response.kind !== 'json') await response.rules.signature.keys.keys()
    // RFC 7523 section 3: made anew for each attempt, since the one that failed may have got there.
    const proof = typeof clientAuth === 'function' ? await clientAuth() : clientAuth
    const url = await options.endpoint()
    const timeout = timeLeft()
    onCall()
    const answered = await exchange.send(url, {
      method: 'POST',
      headers: { ...headers, ...proof.headers },
      body: `${formOf(proof)}token=${encodeURIComponent(token)}`,
      timeout
    })
    refuseUnavailable(answered)
    return answered
  }

  /** What comes before the token: most proofs are the same in each call, and writing a form takes as long as reading an answer. */
  function formOf (proof: ClientProof): string {
    const known = forms.get(proof)
    if (known !== undefined) return known
    const form = new URLSearchParams({ ...parameters, ...proof.parameters })
    form.delete('token') // Ours is the only one.
    const written = form.size === 0 ? '' : `${form.toString()}&`
    forms.set(proof, written)
    return written
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

function crowded (): Refusal {
  const refusal = refuse('issuer_unavailable', 'too many calls under way')
  refusal.isUnasked = true
  return refusal
}
