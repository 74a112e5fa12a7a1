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
 * What handles a route, as far as `onRoute` shows it: routes that are older than the plugin are `unseen`, unknown URLs are
 * `not-found`.
 */
export type Handler = 'forward' | 'other' | 'unseen' | 'not-found'

/**
 * @param declared - the route's `config.boundToken`
 * @param path - what to call it in an error
 * @returns null for a public route
 * @throws OptionsError
 */
export function compilePolicy (registration: Registration, declared: unknown, handler: Handler, path: string): Policy | null {
  if (declared === false) {
    if (handler === 'forward') throw new OptionsError(`${path}: found false with the handler \`forward\`; allowed: an object with upstream`)
    return null
  }
  if (declared !== undefined && (typeof declared !== 'object' || declared === null)) {
    throw new OptionsError(`${path}: found ${JSON.stringify(declared)}; allowed: false for a public route, or an object with ${Object.keys(RouteSchema.properties).join(', ')}`)
  }
  const own = withoutUndefined(validateOptions(RouteSchema, declared ?? {}, path))
  const options: RouteOptions = { ...registration.defaults, ...own }
  const { binding = 'required', scopes = [], anyScope = null, audience, clients, cache } = options
  const certificate = options.certificate === undefined
    ? registration.certificate
    : compileCertificateSource(options.certificate, `${path}.certificate`, registration.speaksTls)
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
    upstream: upstreamOf(options, own.upstream !== undefined, handler, path)
  })
}

/** An upstream and the handler that forwards to it go together; one that the plugin's options set is for the routes that use it. */
function upstreamOf ({ upstream }: RouteOptions, isOwn: boolean, handler: Handler, path: string): UpstreamOptions | null {
  if (handler === 'forward' && upstream === undefined) throw new OptionsError(`${path}.upstream: missing; the handler \`forward\` needs it`)
  if (handler === 'other' && isOwn) throw new OptionsError(`${path}.upstream: found on a route with another handler; allowed: the handler \`forward\` of fastify-bound-token`)
  if (handler === 'unseen' && isOwn) throw new OptionsError(`${path}.upstream: found on a route that was declared before fastify-bound-token had loaded; allowed: after \`await app.register(…)\``)
  return handler === 'forward' || handler === 'not-found' ? upstream ?? null : null
}

function withoutUndefined (options: RouteOptions): RouteOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
