import type { Issuer } from '../access-token.ts'
import { isRefusal, OptionsError, refuse, type Refusal } from '../errors.ts'
import type { IssuerOptions, IntrospectionOptions } from '../options.ts'
import { clientAuthMethods } from './client-auth.ts'
import { compileIntrospection } from './compile-introspection.ts'
import { compileJwt } from './compile-jwt.ts'
import { discovery, type Discovery, type Metadata } from './discovery.ts'
import type { Verify, VerifyingIssuer } from './dispatch.ts'
import { documentTimeout, maxDocumentBytes, readDocument } from './document.ts'
import { allowedByMetadata, endpointUrl, refuseBadIssuer } from './endpoints.ts'
import type { Exchange } from './exchange.ts'
import { openExchange } from './open-exchange.ts'
import { jwtResolver } from './jwt.ts'
import type { KeySet } from './keys/key-set.ts'
import { remoteKeys } from './keys/remote-keys.ts'
import { tlsMaterial } from '../tls-material.ts'

/** Tells the operator what deserves attention while nobody is refused for it. */
export type Report = (level: 'info' | 'warn', issuer: string | null, detail: string) => void

/**
 * Options of an issuer to what can tell its tokens. What its metadata must say is asked for here: metadata that can't be right stop
 * the boot, an authorization server that is down does not.
 *
 * @throws OptionsError
 */
export async function compileIssuer (options: IssuerOptions, path: string, report: Report): Promise<VerifyingIssuer> {
  refuseBadIssuer(options.issuer, `${path}.issuer`)
  const issuer: Issuer = Object.freeze({ name: options.issuer, audience: options.audience === false ? null : Object.freeze([options.audience].flat()) })
  const response = options.introspection?.response ?? 'json'
  const verify = verifyOf(options, path)
  const takesJwt = options.jwt !== undefined || options.introspection === undefined || verify === 'jwt' || verify === 'both'
  const allowLoopback = options.allowInsecureLoopback === true
  const onTrouble = ({ reason, detail }: Refusal): void => report('warn', issuer.name, `${reason}: ${detail ?? ''}`)
  const warn = (detail: string): void => report('warn', issuer.name, detail)
  const tls = await tlsMaterial(options.tls, `${path}.tls`, warn)
  const needsKeys = (takesJwt || response !== 'json') && options.jwt?.jwksUri === undefined && options.jwt?.jwks === undefined && options.jwt?.keys === undefined
  const needsEndpoint = options.introspection !== undefined && options.introspection.endpoint === undefined
  const needsMetadata = needsKeys || needsEndpoint
  const documents = needsMetadata || options.jwt?.jwksUri !== undefined ? await openExchange({ tls, timeout: documentTimeout, maxBytes: maxDocumentBytes }) : null
  const metadata = needsMetadata ? startDiscovery() : null
  if (metadata === null && options.discovery !== undefined) throw new OptionsError(`${path}.discovery: has no meaning where endpoints and keys are given; allowed: no discovery`)
  const opened: Array<{ close (): Promise<void> | void }> = [...(documents === null ? [] : [documents]), ...(metadata === null ? [] : [metadata])]
  try {
    const rules = takesJwt || response !== 'json' ? await compileJwt(issuer, options.jwt ?? {}, `${path}.jwt`, remoteSet, warn) : null
    const asking = options.introspection === undefined
      ? null
      : await compileIntrospection(issuer, { ...options, introspection: options.introspection }, `${path}.introspection`, {
        tls, rules, endpoint: endpointOf(options.introspection), onNotKept: () => report('info', issuer.name, notKept), onTrouble: warn
      })
    if (asking !== null) opened.push(asking)
    const isUp = metadata === null || await boot(metadata)
    if (isUp) rules?.signature.keys.keys().catch(() => {}) // The first request shall not wait for them; what goes wrong is reported.
    return Object.freeze<VerifyingIssuer>({
      issuer,
      jwt: takesJwt && rules !== null ? jwtResolver(rules) : null,
      clockTolerance: rules?.claims.clockTolerance ?? 0,
      takesEncrypted: takesJwt && rules !== null && rules.decryption !== null,
      introspection: asking,
      givesJwt: response === 'jwt',
      verify,
      close
    })
  } catch (error) {
    await close()
    throw error
  }

  async function close (): Promise<void> {
    await Promise.all(opened.map(async (each) => { await each.close() }))
  }

  function startDiscovery (): Discovery {
    const isAllowed = allowedByMetadata(options, path)
    // Also where the access token that we show is itself bound to our certificate.
    const method = options.introspection?.clientAuth.method ?? 'none'
    const isMutualTls = 'isMutualTls' in clientAuthMethods[method] || (method === 'bearer' && options.tls?.certificate !== undefined)
    const introspection = !needsEndpoint ? null : isMutualTls ? 'mutual TLS' : 'plain'
    return discovery({ issuer: issuer.name, wants: { keys: needsKeys, introspection }, fetch: async (url) => await readDocument(documents as Exchange, url, 'the metadata'), isAllowed, onTrouble })
  }

  function remoteSet (url: string | null): KeySet {
    const fixed = url === null ? null : endpointUrl(url, allowLoopback, `${path}.jwt.jwksUri`)
    const fetch = async (): Promise<Record<string, unknown>> => {
      const location = fixed ?? (await (metadata as Discovery).metadata()).jwksUri
      if (location === null) throw refuse('issuer_bad_response', 'the metadata have no `jwks_uri`')
      return await readDocument(documents as Exchange, location, 'the JWK set')
    }
    const keys = remoteKeys({ identity: url ?? 'metadata', fetch, onTrouble })
    opened.push(keys)
    return keys
  }

  function endpointOf ({ endpoint }: IntrospectionOptions): () => Promise<URL> {
    if (endpoint !== undefined) {
      const url = endpointUrl(endpoint, allowLoopback, `${path}.introspection.endpoint`)
      return async () => url
    }
    return async () => {
      const url = (await (metadata as Discovery).metadata()).introspectionEndpoint
      if (url === null) throw refuse('issuer_bad_response', 'the metadata have no `introspection_endpoint`')
      return url
    }
  }

  /** @returns false when the authorization server is down */
  async function boot (metadata: Discovery): Promise<boolean> {
    let known: Metadata
    try {
      known = await metadata.metadata()
    } catch (error) {
      if (!isRefusal(error) || error.reason === 'issuer_unavailable') return false
      throw new OptionsError(`${path}.issuer: its metadata can't be used (${error.detail ?? error.reason}); allowed: an issuer with metadata, or the endpoints in the options`)
    }
    const method = options.introspection?.clientAuth.method
    if (needsKeys && known.jwksUri === null) throw new OptionsError(`${path}.jwt: the metadata of the issuer have no jwks_uri; allowed: jwksUri, jwks or keys`)
    if (needsEndpoint && known.introspectionEndpoint === null) {
      throw new OptionsError(`${path}.introspection.endpoint: missing, and the metadata of the issuer have none; allowed: a URL`)
    }
    if (method !== undefined && known.introspectionAuthMethods?.includes(method) === false) {
      report('warn', issuer.name, `its metadata do not list ${method} among the authentications of the introspection endpoint`)
    }
    return true
  }
}

const notKept = 'its answers forbid to be remembered (Cache-Control), so that every request asks it; introspection.cacheControl: "ignore" leaves it to the cache options'

/** An issuer that is asked for a JWT has its keys for that; its clients have other tokens. */
function verifyOf ({ verify, jwt, introspection }: IssuerOptions, path: string): Verify {
  if (introspection === undefined) {
    if (verify === undefined || verify === 'jwt') return 'jwt'
    throw new OptionsError(`${path}.introspection: missing; verify "${verify}" needs it`)
  }
  if (verify !== undefined) return verify
  return jwt === undefined || (introspection.response ?? 'json') !== 'json' ? 'introspection' : 'by-shape'
}
