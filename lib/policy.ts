import type { CachedTokens, TokenCache } from './cache/cached.ts'
import { compileCertificateSource } from './certificate/compile.ts'
import type { CertificateSource } from './certificate/source.ts'
import type { Surroundings } from './certificate/surroundings.ts'
import { buildChallenges, type Challenges } from './challenge.ts'
import { claimsCheck, type ClaimsCheck } from './claims-check.ts'
import { OptionsError } from './errors.ts'
import { RouteSchema, type RouteOptions, type UpstreamOptions } from './options.ts'
import { requestFields, type RequestFields } from './request-fields.ts'
import { needsClaims } from './upstream/own-request.ts'
import { validateOptions } from './validate.ts'
import { takesOpaque } from './token/dispatch.ts'
import type { Verification, VerifiedBy } from './verification.ts'

/** What a registration decides once for all its routes. */
export interface Registration {
  readonly verifiedBy: VerifiedBy
  readonly tokens: TokenCache
  readonly certificate: CertificateSource
  readonly surroundings: Surroundings
  readonly realm: string
  /** Route options that stand in the plugin's options. */
  readonly defaults: RouteOptions
  /** Null without a probe. */
  readonly probeSecret: string | null
  close (): Promise<void>
  /** Runs what may stop the boot, and closes if it does. */
  closeUnless (start: () => void): Promise<void>
}

/** Everything about a route that can be decided when it is declared. */
export interface Policy {
  readonly tokens: CachedTokens
  readonly certificate: CertificateSource
  readonly binding: 'required' | 'optional' | 'off'
  readonly isReport: boolean
  readonly scopes: readonly string[]
  readonly anyScope: readonly string[] | null
  /** Null for what the token's issuer demands. */
  readonly audience: readonly string[] | null
  readonly claims: ClaimsCheck | null
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
  const { tokens, issuers } = registration.verifiedBy(options, handler !== 'unseen' && handler !== 'not-found', path)
  const { binding = 'required', scopes = [], anyScope = null, audience, clients, cache } = options
  const certificate = options.certificate === undefined
    ? registration.certificate
    : compileCertificateSource(options.certificate, `${path}.certificate`, registration.surroundings)
  return Object.freeze<Policy>({
    tokens,
    certificate,
    binding: binding === 'strict' ? 'required' : binding,
    isReport: options.mode === 'report',
    scopes: Object.freeze([...scopes]),
    anyScope: anyScope === null ? null : Object.freeze([...anyScope]),
    audience: audience === undefined ? null : Object.freeze([audience].flat()),
    claims: options.claims === undefined ? null : claimsCheck(options.claims, `${path}.claims`),
    clients: clients === undefined ? null : new Set(clients),
    maxAge: cache === undefined ? Infinity : cache === false ? 0 : cache.maxTtl,
    challenges: buildChallenges(registration.realm, scopes.length > 0 ? scopes : anyScope ?? []),
    readFields: requestFields(binding === 'off' ? {} : certificate.fields),
    upstream: upstreamOf(options, certificate, own.upstream !== undefined, handler, issuers, path)
  })
}

/** An upstream and the handler that forwards to it go together; one that the plugin's options set is for the routes that use it. */
function upstreamOf (options: RouteOptions, certificate: CertificateSource, isOwn: boolean, handler: Handler, issuers: Verification['issuers'], path: string): UpstreamOptions | null {
  const { upstream } = options
  if (handler === 'forward' && upstream === undefined) throw new OptionsError(`${path}.upstream: missing; the handler \`forward\` needs it`)
  if (handler === 'other' && isOwn) throw new OptionsError(`${path}.upstream: found on a route with another handler; allowed: the handler \`forward\` of fastify-bound-token`)
  if (handler === 'unseen' && isOwn) throw new OptionsError(`${path}.upstream: found on a route that was declared before fastify-bound-token had loaded; allowed: after \`await app.register(…)\``)
  if (upstream?.certificate?.format === 'rfc9440' && certificate.mayLackCertificate && handler === 'forward') {
    throw new OptionsError(`${path}.upstream.certificate.format: found "rfc9440", but thumbprints come in without a certificate; allowed: "x5t#S256"`)
  }
  if (options.mode === 'report' && upstream !== undefined && needsClaims(upstream) && handler === 'forward') {
    throw new OptionsError(`${path}.upstream.request.form: found { claim } in report mode, where no token is verified; allowed: with mode "enforce"`)
  }
  const without = upstream?.token === 'jwt' ? issuers.find((issuer) => takesOpaque(issuer) && !issuer.givesJwt) : undefined
  if (without !== undefined && handler === 'forward') {
    throw new OptionsError(`${path}.upstream.token: found "jwt", but ${without.issuer.name} may have no JWT to give; allowed: with verify "jwt", or introspection.response "jwt"`)
  }
  return handler === 'forward' || handler === 'not-found' ? upstream ?? null : null
}

function withoutUndefined (options: RouteOptions): RouteOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
