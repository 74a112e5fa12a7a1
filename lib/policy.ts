import type { CachedTokens } from './cache/cached.ts'
import { compileCertificateSource } from './certificate/compile.ts'
import type { CertificateSource } from './certificate/source.ts'
import { buildChallenges, type Challenges } from './challenge.ts'
import { OptionsError } from './errors.ts'
import { RouteSchema, type RouteOptions, type UpstreamOptions } from './options.ts'
import { requestFields, type RequestFields } from './request-fields.ts'
import { validateOptions } from './validate.ts'

/** What a registration decides once for all its routes. */
export interface Registration {
  readonly issuer: string
  /** Audiences of the issuer; null where it states none. */
  readonly audience: readonly string[] | null
  readonly tokens: CachedTokens
  readonly certificate: CertificateSource
  /** Whether Fastify terminates TLS itself. */
  readonly speaksTls: boolean
  readonly realm: string
  /** Route options that stand in the plugin's options. */
  readonly defaults: RouteOptions
}

/** Everything about a route that can be decided when it is declared. */
export interface Policy {
  readonly issuer: string
  readonly tokens: CachedTokens
  readonly certificate: CertificateSource
  readonly binding: 'required' | 'optional' | 'off'
  readonly isReport: boolean
  readonly scopes: readonly string[]
  readonly anyScope: readonly string[] | null
  readonly audience: readonly string[] | null
  readonly clients: ReadonlySet<string> | null
  /** Milliseconds; no older token is taken from the cache. */
  readonly maxAge: number
  readonly challenges: Challenges
  readonly readFields: (rawHeaders: readonly string[]) => RequestFields
  readonly upstream: UpstreamOptions | null
}

/**
 * @param declared - the route's `config.boundToken`
 * @param isForwarded - whether the route's handler is `forward`
 * @param path - what to call it in an error
 * @returns null for a public route
 * @throws OptionsError
 */
export function compilePolicy (registration: Registration, declared: unknown, isForwarded: boolean, path: string): Policy | null {
  if (declared === false) {
    if (isForwarded) throw new OptionsError(`${path}: found false with the handler \`forward\`; allowed: an object with upstream`)
    return null
  }
  if (declared !== undefined) {
    if (typeof declared !== 'object' || declared === null) {
      throw new OptionsError(`${path}: found ${JSON.stringify(declared)}; allowed: false for a public route, or an object with ${Object.keys(RouteSchema.properties).join(', ')}`)
    }
    validateOptions(RouteSchema, declared, path)
  }
  const options: RouteOptions = { ...registration.defaults, ...withoutUndefined(declared ?? {}) }
  const { binding = 'required', scopes = [], anyScope = null, audience, clients, cache } = options
  const certificate = options.certificate === undefined ? registration.certificate : compileCertificateSource(options.certificate, `${path}.certificate`, registration.speaksTls)
  return Object.freeze<Policy>({
    issuer: registration.issuer,
    tokens: registration.tokens,
    certificate,
    binding: binding === 'strict' ? 'required' : binding,
    isReport: options.mode === 'report',
    scopes: Object.freeze([...scopes]),
    anyScope: anyScope === null ? null : Object.freeze([...anyScope]),
    audience: audience === undefined ? registration.audience : Object.freeze([audience].flat()),
    clients: clients === undefined ? null : new Set(clients),
    maxAge: cache === undefined ? Infinity : cache === false ? 0 : cache.maxTtl,
    challenges: buildChallenges(registration.realm, scopes.length > 0 ? scopes : anyScope ?? []),
    readFields: requestFields(binding === 'off' ? {} : certificate.fields),
    upstream: upstreamOf(options, (declared as RouteOptions | undefined)?.upstream !== undefined, isForwarded, path)
  })
}

/** An upstream and the handler that forwards to it go together; one that the plugin's options set is for the routes that use it. */
function upstreamOf ({ upstream }: RouteOptions, isOwn: boolean, isForwarded: boolean, path: string): UpstreamOptions | null {
  if (isForwarded && upstream === undefined) throw new OptionsError(`${path}.upstream: missing; the handler \`forward\` needs it`)
  if (isOwn && !isForwarded) throw new OptionsError(`${path}.upstream: found on a route with another handler; allowed: the handler \`forward\` of fastify-bound-token`)
  return isForwarded ? upstream as UpstreamOptions : null
}

function withoutUndefined (options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
