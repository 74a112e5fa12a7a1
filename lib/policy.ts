import type { Stats } from '../types/bound-token.ts'
import type { CachedTokens } from './cache/cached.ts'
import type { Evicting } from './cache/evicting.ts'
import { compileCertificateSource } from './certificate/compile.ts'
import type { CertificateSource } from './certificate/source.ts'
import type { Surroundings } from './certificate/surroundings.ts'
import { buildChallenges, type Challenges } from './challenge.ts'
import { claimsCheck, type ClaimsCheck } from './claims-check.ts'
import { OptionsError } from './errors.ts'
import { compileFailures, type Failures } from './failure.ts'
import type { Feeds } from './feeds.ts'
import { RouteSchema, type GatewayRoute, type RouteOptions, type UpstreamOptions } from './options.ts'
import type { Probe } from './probe/hook.ts'
import { requestFields, type RequestFields } from './request-fields.ts'
import { needsClaims } from './upstream/own-request.ts'
import { validateOptions } from './validate.ts'
import { takesOpaque } from './token/dispatch.ts'
import type { Verification, VerifiedBy } from './verification.ts'

/** What a registration decides once for all its routes. */
export interface Registration {
  readonly verifiedBy: VerifiedBy
  readonly evicting: Evicting
  readonly feeds: Feeds
  stats (): Pick<Stats, 'tokens' | 'issuers' | 'feeds'>
  readonly certificate: CertificateSource
  readonly surroundings: Surroundings
  readonly realm: string
  /** Route options that stand in the plugin's options. */
  readonly defaults: RouteOptions
  readonly routes: readonly GatewayRoute[]
  /** Null in a process that is not probed. */
  readonly probe: Probe | null
  close (): Promise<void>
  /** Runs what may stop the boot, and closes if it does. */
  closeUnless (start: () => void): Promise<void>
}

/** A route that everybody may use. */
export interface PublicRoute {
  readonly isPublic: true
  /** Null for one that does not forward. */
  readonly upstream: UpstreamOptions | null
}

/** Everything about a route that can be decided when it is declared. */
export interface Policy {
  readonly isPublic: false
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
  readonly failures: Failures | null
  readonly upstream: UpstreamOptions | null
}

const publicRoute: PublicRoute = Object.freeze({ isPublic: true, upstream: null })

/**
 * What handles a route, as far as `onRoute` shows it: routes that are older than the plugin are `unseen`, unknown URLs are
 * `not-found`.
 */
export type Handler = 'forward' | 'other' | 'unseen' | 'not-found'

/**
 * @param declared - the route's `config.boundToken`
 * @param path - what to call it in an error
 * @throws OptionsError
 */
export function compilePolicy (registration: Registration, declared: unknown, handler: Handler, path: string): Policy | PublicRoute {
  if (declared === false) {
    if (handler === 'forward') throw new OptionsError(`${path}: found false with the handler \`forward\`; allowed: an object with upstream`)
    return publicRoute
  }
  if (declared !== undefined && (typeof declared !== 'object' || declared === null)) {
    throw new OptionsError(`${path}: found ${JSON.stringify(declared)}; allowed: false for a public route, or an object with ${Object.keys(RouteSchema.properties).join(', ')}`)
  }
  const own = withoutUndefined(validateOptions(RouteSchema, declared ?? {}, path))
  if (own.public === true) return compilePublic(registration.defaults, own, handler, path)
  const options: RouteOptions = { ...registration.defaults, ...own }
  const { tokens, issuers } = registration.verifiedBy(options, handler !== 'unseen' && handler !== 'not-found', path)
  const { binding = 'required', scopes = [], anyScope = null, audience, clients, cache } = options
  const certificate = options.certificate === undefined
    ? registration.certificate
    : compileCertificateSource(options.certificate, `${path}.certificate`, registration.surroundings)
  return Object.freeze<Policy>({
    isPublic: false,
    tokens,
    certificate,
    binding: binding === 'strict' ? 'required' : binding,
    isReport: options.mode === 'report',
    scopes: Object.freeze([...scopes]),
    anyScope: anyScope === null ? null : Object.freeze([...anyScope]),
    audience: audience === undefined ? null : Object.freeze([audience].flat()),
    claims: options.claims === undefined ? null : claimsCheck(options.claims, own.claims === undefined ? 'options.claims' : `${path}.claims`),
    clients: clients === undefined ? null : new Set(clients),
    maxAge: cache === undefined ? Infinity : cache === false ? 0 : cache.maxTtl,
    challenges: buildChallenges(registration.realm, scopes.length > 0 ? scopes : anyScope ?? []),
    readFields: requestFields(binding === 'off' ? {} : certificate.fields),
    failures: options.failure === undefined ? null : compileFailures(options.failure, own.failure === undefined ? 'options.failure' : `${path}.failure`),
    upstream: upstreamOf(options, certificate, own.upstream !== undefined, handler, issuers, path)
  })
}

/** Nobody is asked for a token: options about tokens are a mistake, and nothing that comes from one can be sent on. */
function compilePublic (defaults: RouteOptions, own: RouteOptions, handler: Handler, path: string): PublicRoute {
  const other = Object.keys(own).find((name) => name !== 'public' && name !== 'upstream')
  if (other !== undefined) throw new OptionsError(`${path}.${other}: found beside public; allowed: upstream, or respond in \`routes\``)
  const upstream = forwardsTo({ ...defaults, ...own }, own.upstream !== undefined, handler, path)
  if (upstream === null) return publicRoute
  const { token = 'remove', certificate, headers = {} } = upstream
  const claim = Object.keys(headers).find((name) => typeof headers[name] === 'object' && 'claim' in headers[name])
  if (token === 'jwt') throw new OptionsError(`${path}.upstream.token: found "jwt" on a public route, which has no token; allowed: "remove", "forward"`)
  if (certificate !== undefined) throw new OptionsError(`${path}.upstream.certificate: found on a public route, which reads no certificate; allowed: on a route that is not public`)
  if (claim !== undefined) throw new OptionsError(`${path}.upstream.headers.${claim}: found { claim } on a public route, which has no claims; allowed: a string, { env } or { file }`)
  if (needsClaims(upstream)) throw new OptionsError(`${path}.upstream.request.form: found { claim } on a public route, which has no claims; allowed: a string, { env } or { file }`)
  return Object.freeze<PublicRoute>({ isPublic: true, upstream })
}

function upstreamOf (options: RouteOptions, certificate: CertificateSource, isOwn: boolean, handler: Handler, issuers: Verification['issuers'], path: string): UpstreamOptions | null {
  const upstream = forwardsTo(options, isOwn, handler, path)
  if (upstream === null || handler !== 'forward') return upstream
  if (upstream.certificate?.format === 'rfc9440' && certificate.mayLackCertificate) {
    throw new OptionsError(`${path}.upstream.certificate.format: found "rfc9440", but thumbprints come in without a certificate; allowed: "x5t#S256"`)
  }
  if (options.mode === 'report' && needsClaims(upstream)) {
    throw new OptionsError(`${path}.upstream.request.form: found { claim } in report mode, where no token is verified; allowed: with mode "enforce"`)
  }
  const without = upstream.token === 'jwt' ? issuers.find((issuer) => takesOpaque(issuer) && !issuer.givesJwt) : undefined
  if (without !== undefined) {
    throw new OptionsError(`${path}.upstream.token: found "jwt", but ${without.issuer.name} may have no JWT to give; allowed: with verify "jwt", or introspection.response "jwt"`)
  }
  return upstream
}

/** An upstream and the handler that forwards to it go together; one that the plugin's options set is for the routes that use it. */
function forwardsTo ({ upstream }: RouteOptions, isOwn: boolean, handler: Handler, path: string): UpstreamOptions | null {
  if (handler === 'forward' && upstream === undefined) throw new OptionsError(`${path}.upstream: missing; the handler \`forward\` needs it, and so does an entry of \`routes\` without respond`)
  if (handler === 'other' && isOwn) throw new OptionsError(`${path}.upstream: found on a route with another handler; allowed: the handler \`forward\` of fastify-bound-token`)
  if (handler === 'unseen' && isOwn) throw new OptionsError(`${path}.upstream: found on a route that was declared before fastify-bound-token had loaded; allowed: after \`await app.register(…)\``)
  return handler === 'forward' || handler === 'not-found' ? upstream ?? null : null
}

function withoutUndefined (options: RouteOptions): RouteOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
