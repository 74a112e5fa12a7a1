import { Agent } from 'undici'
import { refuse } from '../errors.ts'
import { places } from '../places.ts'
import type { TlsMaterial } from '../tls-material.ts'

/** What the authorization server answered; nothing of it is judged yet. */
export interface Answered {
  readonly status: number
  readonly contentType: string
  readonly contentEncoding: string
  readonly retryAfter: string
  readonly cacheControl: string
  readonly age: string
  /** Null when it was longer than we read. */
  readonly body: Buffer | null
}

export interface Exchange {
  /** Milliseconds for a call that names no time of its own. */
  readonly timeout: number
  /** One call, without retries and redirects. @throws Refusal `issuer_unavailable` where no complete answer comes in time */
  send (url: URL, call: Sent): Promise<Answered>
  close (): Promise<void>
}

interface Sent {
  readonly method: 'GET' | 'POST'
  readonly headers: Record<string, string>
  readonly body?: string
  /** Milliseconds, where less are left than for any call. */
  readonly timeout?: number
}

export interface ExchangeOptions {
  readonly tls: TlsMaterial
  /** Milliseconds for the whole call, from the first byte sent to the last one read. */
  readonly timeout: number
  readonly maxBytes: number
}

const maxConnections = 64

/** What Node and undici call a connection that was refused or torn down, and a name server that has no time. */
const passing = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'EAI_AGAIN'])

/** Calls to an authorization server over kept connections. Certificates and names are always verified. */
export function exchange ({ tls, timeout, maxBytes }: ExchangeOptions): Exchange {
  const connections = places(maxConnections)
  const outdated = new Set<Agent>()
  let secured = tls.current()
  let agent = newAgent()
  let isClosed = false

  return {
    timeout,

    async send (url, call) {
      let isAnswering = false
      // Not AbortSignal.timeout(): that would keep what it holds until the time is up, also when the answer came long before.
      const deadline = new AbortController()
      const timer = setTimeout(() => deadline.abort(), Math.min(call.timeout ?? timeout, timeout))
      const { signal } = deadline
      try {
        await connections.take(signal)
        // The place is free again when undici has let go, which may be later than the time limit.
        const exchanged = request(url, call, signal, () => { isAnswering = true }).finally(() => connections.release())
        return await Promise.race([exchanged, rejectWhenAborted(signal)])
      } catch (error) {
        const refusal = refuse('issuer_unavailable', signal.aborted ? 'no complete answer in time' : `the connection failed${shown(nameOf(error))}`)
        refusal.isOutage = true
        refusal.isPassing = !signal.aborted && !isAnswering && !isClosed && passing.has(nameOf(error))
        throw refusal
      } finally {
        clearTimeout(timer)
      }
    },

    // Not `close()`: that would wait for an authorization server that never answers.
    async close () {
      isClosed = true
      await Promise.all([agent, ...outdated].map((each) => each.destroy()))
    }
  }

  async function request (url: URL, { method, headers, body }: Sent, signal: AbortSignal, onAnswer: () => void): Promise<Answered> {
    const { statusCode, headers: fields, body: stream } = await currentAgent().request({
      origin: url.origin, path: url.pathname + url.search, method, headers: { ...headers, 'accept-encoding': 'identity' }, body: body ?? null, signal
    })
    onAnswer()
    return {
      status: statusCode,
      contentType: oneLine(fields['content-type']),
      contentEncoding: oneLine(fields['content-encoding']),
      retryAfter: oneLine(fields['retry-after']),
      cacheControl: oneLine(fields['cache-control']),
      age: oneLine(fields['age']),
      body: await readLimited(stream, maxBytes)
    }
  }

  /** Certificates that were renewed need connections of their own; calls that are on their way end on the old ones. */
  function currentAgent (): Agent {
    const now = tls.current()
    if (now === secured || isClosed) return agent
    secured = now
    const old = agent
    outdated.add(old)
    old.close().catch(() => {}).finally(() => outdated.delete(old))
    agent = newAgent()
    return agent
  }

  function newAgent (): Agent {
    return new Agent({ connections: maxConnections, pipelining: 1, connect: { timeout, rejectUnauthorized: true, ...secured } })
  }
}

/** What Node or undici calls it, such as ECONNREFUSED or SELF_SIGNED_CERT_IN_CHAIN: never text from the wire. */
function nameOf (error: unknown): string {
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : ''
}

function shown (name: string): string {
  return name === '' ? '' : ` (${name})`
}

/** undici looks at the signal of a request only once the request has a connection: a handshake that hangs would outlast it. */
function rejectWhenAborted (signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

/** Leaving the loop destroys the stream, and with it the connection. */
async function readLimited (body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function oneLine (header: string | string[] | undefined): string {
  return [header ?? ''].flat().join(', ')
}
