import { Pool } from 'undici'
import { refuse } from '../errors.ts'
import { sharedLists, type SharedLists } from '../shared-lists.ts'
import { parseStrictJsonObject } from '../strict-json.ts'
import { readClaims, type TokenRecord } from '../access-token.ts'
import { places } from '../places.ts'
import { retryAfterSeconds } from './retry-after.ts'
import type { ClientAuthentication } from './client-auth.ts'
import type { TokenResolver } from './resolver.ts'

export interface IntrospectionOptions {
  readonly issuer: string
  readonly endpoint: URL
  readonly clientId: string
  readonly clientAuth: ClientAuthentication
  /** Milliseconds for the whole call, from the first byte sent to the last one read. */
  readonly timeout: number
  readonly parameters: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly tokenTypeHint: string | null
  /** PEM; null for the roots that Node comes with. */
  readonly ca: readonly string[] | null
}

/** An answer of a few claims has about 1 KiB. */
const maxResponseBytes = 131_072
const maxConnections = 64
/** Calls under way and waiting; more would only wait for their time limit. */
const maxInFlight = 2048

interface Answered {
  readonly status: number
  readonly contentType: string
  readonly contentEncoding: string
  readonly retryAfter: string
  /** Null when it was longer than we read. */
  readonly body: Buffer | null
}

/** RFC 7662: one POST per unknown token, over a pool of kept connections. Redirects are not followed: they would take the token along. */
export function introspection (options: IntrospectionOptions): TokenResolver {
  const { issuer, endpoint, clientAuth, timeout } = options
  const pool = new Pool(endpoint.origin, {
    connections: maxConnections,
    pipelining: 1,
    connect: { timeout, rejectUnauthorized: true, ...(options.ca === null ? {} : { ca: [...options.ca] }) }
  })
  const path = endpoint.pathname + endpoint.search
  const headers = {
    ...options.headers,
    ...clientAuth.headers,
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
    'accept-encoding': 'identity'
  }
  const constantParameters = {
    ...options.parameters,
    ...(options.tokenTypeHint === null ? {} : { token_type_hint: options.tokenTypeHint }),
    ...clientAuth.parameters
  }
  const connections = places(maxConnections)
  const shared = sharedLists()
  let inFlight = 0

  return {
    identity: [issuer, endpoint.href, options.clientId],

    async resolve (token) {
      if (inFlight >= maxInFlight) throw refuse('issuer_unavailable', 'too many calls under way')
      inFlight++
      try {
        return judge(await ask(token), issuer, shared)
      } finally {
        inFlight--
      }
    },

    // Not `close()`: that would wait for an authorization server that never answers.
    close: () => pool.destroy()
  }

  async function exchange (token: string, signal: AbortSignal): Promise<Answered> {
    const response = await pool.request({
      method: 'POST',
      path,
      headers,
      body: new URLSearchParams({ ...constantParameters, token }).toString(),
      signal
    })
    return {
      status: response.statusCode,
      contentType: oneLine(response.headers['content-type']),
      contentEncoding: oneLine(response.headers['content-encoding']),
      retryAfter: oneLine(response.headers['retry-after']),
      body: await readLimited(response.body)
    }
  }

  async function ask (token: string): Promise<Answered> {
    // Not AbortSignal.timeout(): that would keep what it holds until the time is up, also when the answer came long before.
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), timeout)
    const { signal } = deadline
    try {
      await connections.take(signal)
      // The place is free again when undici has let go, which may be later than the time limit.
      const exchanged = exchange(token, signal).finally(() => connections.release())
      return await Promise.race([exchanged, rejectWhenAborted(signal)])
    } catch {
      const refusal = refuse('issuer_unavailable', signal.aborted ? 'no complete answer in time' : 'the connection failed')
      refusal.isOutage = true
      throw refusal
    } finally {
      clearTimeout(timer)
    }
  }
}

/** undici looks at the signal of a request only once the request has a connection: a handshake that hangs would outlast it. */
function rejectWhenAborted (signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

/** Leaving the loop destroys the stream, and with it the connection. */
async function readLimited (body: AsyncIterable<Buffer>): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxResponseBytes) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function oneLine (header: string | string[] | undefined): string {
  return [header ?? ''].flat().join(', ')
}

// 500 may be about this one token; these are about the server, or come from what stands before it.
const outages = new Set([429, 502, 503, 504])

// Parameters: none, or the one encoding that JSON has.
const json = /^application\/json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?[ \t]*$/i

/** What an answer means; apart from the asking, so that it can be tested by itself. */
export function judge (answered: Answered, issuer: string, shared?: SharedLists): TokenRecord | null {
  const { status } = answered
  if (status === 401 || status === 403) throw refuse('issuer_refused_us', `status ${status}`)
  if (status === 429 || status >= 500) {
    const refusal = refuse('issuer_unavailable', `status ${status}`)
    refusal.retryAfter = retryAfterSeconds(answered.retryAfter)
    refusal.isOutage = outages.has(status)
    throw refusal
  }
  if (status === 400 && isClientRefused(answered)) throw refuse('issuer_refused_us', 'status 400, our client is refused')
  if (status !== 200) throw refuse('issuer_bad_response', `status ${status}`)
  if (!json.test(answered.contentType)) throw refuse('issuer_bad_response', 'the content type is not application/json')
  if (!/^(?:identity)?$/i.test(answered.contentEncoding)) throw refuse('issuer_bad_response', 'a content encoding that was not asked for')
  if (answered.body === null) throw refuse('issuer_bad_response', 'longer than 131072 bytes')
  const claims = parseStrictJsonObject(answered.body)
  if (claims === null) throw refuse('issuer_bad_response', 'not one JSON object with each member once')
  // RFC 7662 section 2.2: a boolean. The string "false" is not false.
  if (!Object.hasOwn(claims, 'active') || typeof claims['active'] !== 'boolean') throw refuse('issuer_bad_response', '`active` is not a boolean')
  if (!claims['active']) return null
  const record = readClaims(claims, issuer, shared)
  if (typeof record === 'string') throw refuse('issuer_bad_response', `\`${record}\` is not what its specification says`)
  return record
}

/** RFC 6749 section 5.2: client errors that some servers answer with 400. */
function isClientRefused ({ contentType, body }: Answered): boolean {
  const error = body !== null && json.test(contentType) ? parseStrictJsonObject(body)?.['error'] : undefined
  return error === 'invalid_client' || error === 'unauthorized_client'
}
