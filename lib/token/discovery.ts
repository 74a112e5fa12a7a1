import { refuse, type Refusal } from '../errors.ts'
import { keptCopy } from './kept-copy.ts'

/** What we take of an authorization server's metadata (RFC 8414 section 2); null for what is not there, or not wanted. */
export interface Metadata {
  readonly jwksUri: URL | null
  readonly introspectionEndpoint: URL | null
  /** Null where it does not say. */
  readonly introspectionAuthMethods: readonly string[] | null
}

export interface Discovery {
  metadata (): Promise<Metadata>
  close (): void
}

export interface DiscoveryOptions {
  readonly issuer: string
  /** @throws Refusal */
  fetch (url: URL): Promise<Record<string, unknown>>
  /** What is not wanted is not judged either. */
  readonly wants: { readonly keys: boolean, readonly introspection: 'plain' | 'mutual TLS' | null }
  /** Whether we may send anything there. */
  isAllowed (url: URL): boolean
  onTrouble (refusal: Refusal): void
}

/** Milliseconds. */
const refreshEvery = 3_600_000

/** The metadata of an issuer, looked for in both places and kept: a new copy that can't be used leaves the old one. */
export function discovery ({ issuer, fetch, wants, isAllowed, onTrouble }: DiscoveryOptions): Discovery {
  const copy = keptCopy({ fetch: fetchMetadata, refreshEvery, onTrouble })
  return { metadata: () => copy.get(), close: () => copy.close() }

  /** RFC 9068 section 4: where there are two documents, they must agree in what both say. */
  async function fetchMetadata (): Promise<Metadata> {
    const answers = await Promise.allSettled(wellKnownUrls(issuer).map(fetch))
    const found = answers.flatMap((answer) => answer.status === 'fulfilled' ? [answer.value] : [])
    const foreign = found.find((document) => document['issuer'] !== undefined && document['issuer'] !== issuer)
    if (foreign !== undefined) throw refuse('issuer_bad_response', `the metadata are those of ${shown(foreign['issuer'])}`)
    const documents = found.filter((document) => document['issuer'] === issuer)
    const [first, second] = documents
    if (first === undefined) throw found.length === 0 ? mostTelling(answers) : refuse('issuer_bad_response', 'the metadata name no issuer')
    if (second === undefined) return readMetadata(first)
    for (const said of [jwksUri, introspectionEndpoint, introspectionAlias]) {
      if (said(first) !== undefined && said(second) !== undefined && said(first) !== said(second)) {
        throw refuse('issuer_bad_response', 'the two metadata documents do not agree')
      }
    }
    return readMetadata({ ...second, ...first })
  }

  function readMetadata (document: Record<string, unknown>): Metadata {
    const methods = document['introspection_endpoint_auth_methods_supported']
    // RFC 8705 section 5: the alias is for who authenticates with a certificate, and goes before.
    const alias = wants.introspection === 'mutual TLS' ? endpoint('mtls_endpoint_aliases', introspectionAlias(document)) : null
    return {
      jwksUri: wants.keys ? endpoint('jwks_uri', jwksUri(document)) : null,
      introspectionEndpoint: wants.introspection === null ? null : alias ?? endpoint('introspection_endpoint', introspectionEndpoint(document)),
      introspectionAuthMethods: Array.isArray(methods) ? methods.filter((method) => typeof method === 'string') : null
    }
  }

  function endpoint (name: string, value: unknown): URL | null {
    if (value === undefined) return null
    const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null
    if (url === null || url.username !== '' || url.password !== '' || url.hash !== '' || !isAllowed(url)) {
      throw refuse('issuer_bad_response', `the metadata's \`${name}\` is ${shown(value)}: not https, or of an origin that is neither the issuer's nor in discovery.origins`)
    }
    return url
  }
}

/** RFC 8414 section 3.1 puts the well-known part before the path of the issuer, OpenID Connect Discovery section 4 behind it. */
export function wellKnownUrls (issuer: string): [URL, URL] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [new URL(`${origin}/.well-known/oauth-authorization-server${path}`), new URL(`${origin}${path}/.well-known/openid-configuration`)]
}

/** For the operator, who must see the slash that makes the difference: a URL, not of any length, and nothing of its query. */
function shown (value: unknown): string {
  const url = typeof value === 'string' && value.length <= 200 && URL.canParse(value) ? new URL(value) : null
  return url === null || url.username !== '' ? 'no URL' : JSON.stringify((value as string).replace(/[?#].*/s, ''))
}

type Document = Record<string, unknown>

const jwksUri = (document: Document): unknown => document['jwks_uri']
const introspectionEndpoint = (document: Document): unknown => document['introspection_endpoint']

function introspectionAlias (document: Document): unknown {
  const aliases = document['mtls_endpoint_aliases']
  return isObject(aliases) ? aliases['introspection_endpoint'] : undefined
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An outage of one place says more than that the other has no document. */
function mostTelling (answers: ReadonlyArray<PromiseSettledResult<unknown>>): unknown {
  const errors = answers.flatMap((answer) => answer.status === 'rejected' ? [answer.reason as Refusal] : [])
  return errors.find(({ reason }) => reason === 'issuer_unavailable') ?? errors[0]
}
