import { refuse, type Refusal } from '../errors.ts'
import { keptCopy } from './kept-copy.ts'

/** What we take of an authorization server's metadata (RFC 8414 section 2). */
export interface Metadata {
  readonly jwksUri: URL | null
  readonly introspectionEndpoint: URL | null
  /** RFC 8705 section 5: for who authenticates with a certificate. */
  readonly mtlsIntrospectionEndpoint: URL | null
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
  /** Whether we may send anything there. */
  isAllowed (url: URL): boolean
  onTrouble (refusal: Refusal): void
}

/** Milliseconds. */
const refreshEvery = 3_600_000

/** The metadata of an issuer, looked for in both places and kept: a new copy that can't be used leaves the old one. */
export function discovery ({ issuer, fetch, isAllowed, onTrouble }: DiscoveryOptions): Discovery {
  const copy = keptCopy({ fetch: async () => readMetadata(await fetchDocument()), refreshEvery, onTrouble })
  return { metadata: () => copy.get(), close: () => copy.close() }

  /** RFC 9068 section 4: where there are two, they must agree in what both say. */
  async function fetchDocument (): Promise<Record<string, unknown>> {
    const answers = await Promise.allSettled(wellKnownUrls(issuer).map(fetch))
    const documents = answers.flatMap((answer) => answer.status === 'fulfilled' ? [answer.value] : [])
    const [first, second = {}] = documents
    if (first === undefined) throw mostTelling(answers)
    if (documents.some((document) => document['issuer'] !== issuer)) throw refuse('issuer_bad_response', 'the metadata are of another issuer')
    const disagree = (name: string): boolean => first[name] !== undefined && second[name] !== undefined && JSON.stringify(first[name]) !== JSON.stringify(second[name])
    if (['jwks_uri', 'introspection_endpoint', 'mtls_endpoint_aliases'].some(disagree)) {
      throw refuse('issuer_bad_response', 'the two metadata documents do not agree')
    }
    return { ...second, ...first }
  }

  function readMetadata (document: Record<string, unknown>): Metadata {
    const aliases = document['mtls_endpoint_aliases']
    const methods = document['introspection_endpoint_auth_methods_supported']
    const hasAliases = typeof aliases === 'object' && aliases !== null && !Array.isArray(aliases)
    return {
      jwksUri: endpoint('jwks_uri', document),
      introspectionEndpoint: endpoint('introspection_endpoint', document),
      mtlsIntrospectionEndpoint: hasAliases ? endpoint('introspection_endpoint', aliases as Record<string, unknown>) : null,
      introspectionAuthMethods: Array.isArray(methods) ? methods.filter((method) => typeof method === 'string') : null
    }
  }

  function endpoint (name: string, document: Record<string, unknown>): URL | null {
    const value = document[name]
    if (value === undefined) return null
    const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null
    if (url === null || url.username !== '' || url.password !== '' || url.hash !== '' || !isAllowed(url)) {
      throw refuse('issuer_bad_response', `the metadata's \`${name}\` is not https, or of an origin that is neither the issuer's nor in discovery.origins`)
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

/** An outage of one place says more than that the other has no document. */
function mostTelling (answers: ReadonlyArray<PromiseSettledResult<unknown>>): unknown {
  const errors = answers.flatMap((answer) => answer.status === 'rejected' ? [answer.reason as Refusal] : [])
  return errors.find(({ reason }) => reason === 'issuer_unavailable') ?? errors[0]
}
