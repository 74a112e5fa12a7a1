import { Agent, type Dispatcher } from 'undici'
import { refuse, type Refusal } from '../errors.ts'
import { places } from '../places.ts'
import type { TlsMaterial } from '../tls-material.ts'
import { call, type Answered } from './call.ts'

export interface Exchange {
  /** Milliseconds for a call that names no time of its own. */
  readonly timeout: number
  /** One call, without retries and redirects. @throws Refusal `issuer_unavailable` where no complete answer comes in time */
  send (url: URL, sent: Sent): Promise<Answered>
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

    send: (url, sent) => new Promise((resolve, reject) => {
      let isAnswering = false
      let isLate = false
      let giveUp = (): void => {}
      const timer = setTimeout(() => {
        isLate = true
        reject(unavailable('no complete answer in time', false))
        giveUp()
      }, Math.min(sent.timeout ?? timeout, timeout))
      const fail = (error: unknown): void => {
        clearTimeout(timer)
        reject(unavailable(`the connection failed${shown(nameOf(error))}`, !isAnswering && !isClosed && passing.has(nameOf(error))))
      }
      const begin = (): void => {
        if (isLate) return connections.release()
        try {
          giveUp = call(currentAgent(), messageOf(url, sent), maxBytes, {
            answering () { isAnswering = true },
            answered (answered) {
              clearTimeout(timer)
              resolve(answered)
            },
            failed: fail,
            // Which may be later than the time limit: undici gives up a handshake that hangs only when that has ended.
            letGo: connections.release
          })
        } catch (error) {
          connections.release()
          fail(error)
        }
      }
      if (connections.takeNow()) return begin()
      const waiting = new AbortController()
      giveUp = () => waiting.abort()
      connections.take(waiting.signal).then(begin, () => {}) // Its time was up.
    }),

    // Not `close()`: that would wait for an authorization server that never answers.
    async close () {
      isClosed = true
      await Promise.all([agent, ...outdated].map((each) => each.destroy()))
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

function messageOf (url: URL, { method, headers, body }: Sent): Dispatcher.DispatchOptions {
  return { origin: url.origin, path: url.pathname + url.search, method, headers: { ...headers, 'accept-encoding': 'identity' }, body: body ?? null }
}

function unavailable (detail: string, isPassing: boolean): Refusal {
  const refusal = refuse('issuer_unavailable', detail)
  refusal.isOutage = true
  refusal.isPassing = isPassing
  return refusal
}

/** What Node or undici calls it, such as ECONNREFUSED or SELF_SIGNED_CERT_IN_CHAIN: never text from the wire. */
function nameOf (error: unknown): string {
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : ''
}

function shown (name: string): string {
  return name === '' ? '' : ` (${name})`
}
