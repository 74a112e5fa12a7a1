import { createSecretKey } from 'node:crypto'
import type { BreakerState } from '../../types/bound-token.ts'
import type { Issuer } from '../access-token.ts'
import { isBearerToken } from '../bearer.ts'
import { OptionsError, refuse } from '../errors.ts'
import { defaultOf, IssuerSchema, type IntrospectionOptions, type IssuerOptions, type Secret } from '../options.ts'
import { renewedLater } from '../renewed.ts'
import { filesOf, resolveSecret, textOf } from '../secret.ts'
import { isSymmetric, signatureAlgorithms } from './algorithms.ts'
import { asked } from './asked.ts'
import { breaker, type Breaker } from './breaker.ts'
import { clientAuthMethods, type ClientAuthentication, type ClientCredentials } from './client-auth.ts'
import { introspection, maxResponseBytes } from './introspection.ts'
import type { JwtRules } from './jwt.ts'
import { canVerify, kindOf, type Key } from './keys/key.ts'
import { filesOfKeys, readKey } from './keys/key-source.ts'
import { openExchange } from './open-exchange.ts'
import type { TokenResolver } from './resolver.ts'
import type { TlsMaterial } from '../tls-material.ts'

type Options = IssuerOptions & { readonly introspection: IntrospectionOptions }
type ClientAuthOptions = IntrospectionOptions['clientAuth']

const schemas = IssuerSchema.properties.introspection.properties
const ourHeaders = ['accept', 'accept-encoding', 'authorization', 'connection', 'content-length', 'content-type', 'expect', 'host', 'keep-alive', 'te', 'trailer',
  'transfer-encoding', 'upgrade']
const ours = ['token', 'token_type_hint', 'client_id', 'client_secret', 'client_assertion', 'client_assertion_type']

export interface IntrospectionParts {
  readonly tls: TlsMaterial
  /** The rules for JWTs that it answers with; null where it answers with JSON. */
  readonly rules: JwtRules | null
  /** @throws Refusal where it must be found out first, and can't be */
  endpoint (): Promise<URL>
  onNotKept (): void
  /** Told of a new file that can't be used. */
  onTrouble (detail: string): void
}

/** Options of an issuer to the resolver that asks it. @throws OptionsError */
export async function compileIntrospection (issuer: Issuer, options: Options, path: string, { tls, rules, endpoint, onNotKept, onTrouble }: IntrospectionParts): Promise<TokenResolver> {
  const { clientAuth, retries = defaultOf<number>(schemas.retries), timeout = defaultOf<number>(schemas.timeout), tokenTypeHint, parameters = {}, headers = {}, response = 'json', cacheControl } = options.introspection
  refuseOurs(parameters, headers, path)
  if (response === 'signed' && clientAuth.clientId === undefined) throw new OptionsError(`${path}.clientAuth.clientId: missing; a signed answer must name it in \`aud\``)
  const hint = tokenTypeHint ?? defaultOf<string>(schemas.tokenTypeHint)
  const counted = asked(issuer.name)
  return introspection({
    issuer,
    endpointIdentity: options.introspection.endpoint ?? 'metadata',
    endpoint,
    exchange: await openExchange({ tls, timeout, maxBytes: maxResponseBytes }),
    retries,
    breaker: compileBreaker(options.introspection, counted.onBreaker, `${path}.breaker`),
    asked: counted,
    clientId: clientAuth.clientId ?? '',
    clientAuth: await keptAuthentication(clientAuth, options, timeout, `${path}.clientAuth`, onTrouble),
    parameters,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    tokenTypeHint: hint === false ? null : hint,
    response: response === 'json' ? { kind: response } : { kind: response, rules: rules as JwtRules },
    honoursCacheControl: (cacheControl ?? defaultOf<string>(schemas.cacheControl)) === 'honour',
    onNotKept
  })
}

function compileBreaker ({ breaker: options = {} }: IntrospectionOptions, onState: (state: BreakerState) => void, path: string): Breaker {
  const { failures, pause, maxPause } = schemas.breaker.properties
  const first = options.pause ?? defaultOf<number>(pause)
  const longest = options.maxPause ?? Math.max(first, defaultOf<number>(maxPause))
  if (longest < first) throw new OptionsError(`${path}.maxPause: found ${longest}; allowed: at least pause, which is ${first}`)
  return breaker({ failures: options.failures ?? defaultOf<number>(failures), pause: first, maxPause: longest, onState })
}

function refuseOurs (parameters: Record<string, string>, headers: Record<string, string>, path: string): void {
  const taken = Object.keys(parameters).find((name) => ours.includes(name))
  if (taken !== undefined) throw new OptionsError(`${path}.parameters.${taken}: this parameter is ours to send; allowed: other names`)
  const header = Object.keys(headers).find((name) => ourHeaders.includes(name.toLowerCase()))
  if (header !== undefined) throw new OptionsError(`${path}.headers.${header}: this header is ours to send; allowed: other names`)
}

/** Credentials that stand in files are read again when these change. */
async function keptAuthentication (options: ClientAuthOptions, issuer: Options, timeout: number, path: string, onTrouble: (detail: string) => void): Promise<ClientAuthentication> {
  const { clientSecret, key, token } = options
  const files = [...filesOf(clientSecret, token), ...filesOfKeys(key === undefined ? [] : [key])]
  const read = async (): Promise<ClientAuthentication> => await authentication(options, issuer, timeout, path)
  const first = await read()
  if (files.length === 0) return first
  const current = renewedLater(files, first, read, (error) => onTrouble(`the new client credentials are not used: ${textOf(error)}`))
  return async () => {
    const now = await current()
    return typeof now === 'function' ? await now() : now
  }
}

/** Each method with all that it needs, and nothing that it would silently ignore. */
async function authentication (options: ClientAuthOptions, { issuer, tls }: Options, timeout: number, path: string): Promise<ClientAuthentication> {
  const { method, clientId = '', clientSecret, token } = options
  const known = clientAuthMethods[method]
  const needs: readonly string[] = known.needs
  for (const name of ['clientSecret', 'key', 'token'] as const) {
    if (needs.includes(name) && options[name] === undefined) throw new OptionsError(`${path}.${name}: missing; ${method} needs it`)
    if (!needs.includes(name) && options[name] !== undefined) throw new OptionsError(`${path}.${name}: has no meaning with ${method}; allowed: no ${name}`)
  }
  if (clientId === '' && method !== 'bearer' && method !== 'none') throw new OptionsError(`${path}.clientId: missing; ${method} needs it`)
  if ('isMutualTls' in known && tls?.certificate === undefined) throw new OptionsError(`${path.replace(/\.introspection\.clientAuth$/, '')}.tls.certificate: missing; ${method} needs it, and its key`)
  if (options.algorithm !== undefined && !method.endsWith('_jwt')) throw new OptionsError(`${path}.algorithm: has no meaning with ${method}; allowed: no algorithm`)
  const secret = clientSecret === undefined ? '' : await resolveSecret(clientSecret, `${path}.clientSecret`)
  const signing = method.endsWith('_jwt') ? await signer(options, secret, path) : null
  return known.authenticate({
    clientId,
    clientSecret: secret,
    ...signing as { key: Key, algorithm: string },
    token: await tokenSource(token, timeout, `${path}.token`),
    issuer
  } satisfies ClientCredentials)
}

/** A function may hang or fail: that is nobody's fault but ours. */
async function tokenSource (token: Secret | undefined, timeout: number, path: string): Promise<() => Promise<string>> {
  if (typeof token !== 'function') {
    const text = token === undefined ? '' : await resolveSecret(token, path)
    if (token !== undefined && !isBearerToken(text)) throw new OptionsError(`${path}: found something that is no bearer token; allowed: the characters of RFC 6750 section 2.1`)
    return async () => text
  }
  return async () => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => { timer = setTimeout(reject, timeout) })
    return await Promise.race([resolveSecret(token, path), late])
      .then((text) => isBearerToken(text) ? text : Promise.reject(new TypeError('not a bearer token')))
      .catch(() => { throw refuse('issuer_refused_us', 'our own access token can not be had') })
      .finally(() => clearTimeout(timer))
  }
}

/** The key of the assertions, and the algorithm: what the operator says, or the first that fits. */
async function signer ({ method, key: source, algorithm: chosen }: ClientAuthOptions, secret: string, path: string): Promise<{ key: Key, algorithm: string }> {
  const isSecret = method === 'client_secret_jwt'
  await import('jose/jwt/sign') // The first call shall not wait for it.
  const key = isSecret
    ? { kid: null, algorithm: null, key: createSecretKey(Buffer.from(secret)), isRetired: false }
    : await readKey(source as NonNullable<typeof source>, 'sign', `${path}.key`)
  const fitting = signatureAlgorithms.filter((algorithm) => isSymmetric(algorithm) === isSecret && canVerify(key, algorithm))
  const algorithm = chosen ?? fitting[0]
  if (algorithm !== undefined && (fitting as readonly string[]).includes(algorithm)) return { key, algorithm }
  // RFC 7518 section 3.2: a secret of at least the hash's length.
  if (fitting.length === 0) throw new OptionsError(`${path}.${isSecret ? 'clientSecret' : 'key'}: found ${kindOf(key)}; allowed: ${isSecret ? 'a secret of at least 32 bytes' : 'a private RSA, EC or Ed25519 key'}`)
  throw new OptionsError(`${path}.algorithm: found ${algorithm}, which the key does not fit; allowed: ${fitting.join(', ')}`)
}
