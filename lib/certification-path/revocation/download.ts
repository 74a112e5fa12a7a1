import type { LookupFunction } from 'node:net'
import { Agent, type Dispatcher } from 'undici'
import { isPrivateAddress, publicLookup } from './address.ts'

export interface Downloader {
  /** One call, without retries and redirects. Never throws. */
  download (url: URL, call: DownloadCall): Promise<{ readonly body: Buffer } | { readonly why: string }>
  /** Ends what is under way. */
  close (): Promise<void>
}

export interface DownloadCall {
  readonly mostBytes: number
  /** Sent by POST as an OCSP request. */
  readonly body?: Uint8Array
  /** Whether the operator gave the URL; what a certificate gives leads to public addresses only. */
  readonly isConfigured: boolean
}

export interface DownloadOptions {
  /** Milliseconds for the whole call. */
  readonly timeout: number
  readonly allowPrivateAddresses: boolean
  readonly lookup?: LookupFunction | undefined
}

const connections = 16

export function downloader ({ timeout, allowPrivateAddresses, lookup }: DownloadOptions): Downloader {
  const options = { connections, pipelining: 1 }
  const anywhere = new Agent({ ...options, connect: { timeout, ...lookup !== undefined && { lookup } } })
  const outside = allowPrivateAddresses ? anywhere : new Agent({ ...options, connect: { timeout, lookup: publicLookup(lookup) } })

  return {
    async download (url, call) {
      const isGuarded = !call.isConfigured && !allowPrivateAddresses
      // An address in the place of a name is never looked up.
      const literal = /^\[(.*)\]$/.exec(url.hostname)?.[1] ?? (/^[\d.]+$/.test(url.hostname) ? url.hostname : null)
      if (isGuarded && literal !== null && isPrivateAddress(literal)) return { why: 'a private address' }
      const deadline = new AbortController()
      const timer = setTimeout(() => deadline.abort(), timeout)
      try {
        const late = new Promise<never>((_resolve, reject) => deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason), { once: true }))
        return await Promise.race([request(isGuarded ? outside : anywhere, url, call, deadline.signal), late])
      } catch (error) {
        return { why: deadline.signal.aborted ? 'no complete answer in time' : whyOf(error) }
      } finally {
        clearTimeout(timer)
      }
    },

    // Not `close()`: that would wait for a server that never answers.
    async close () {
      await Promise.all([anywhere.destroy(), outside.destroy()])
    }
  }
}

async function request (dispatcher: Dispatcher, url: URL, { body, mostBytes }: DownloadCall, signal: AbortSignal): Promise<{ readonly body: Buffer } | { readonly why: string }> {
  const { statusCode, headers, body: stream } = await dispatcher.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'accept-encoding': 'identity', ...body !== undefined && { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' } },
    body: body ?? null,
    signal
  })
  const encoding = headers['content-encoding']
  const isPlain = encoding === undefined || encoding === 'identity'
  const isTooLong = Number(headers['content-length'] ?? 0) > mostBytes
  if (statusCode !== 200 || !isPlain || isTooLong) {
    // The connection with it: what is left of the answer is not waited for.
    stream.on('error', () => {}).destroy()
    return { why: statusCode !== 200 ? `the answer has the status ${statusCode}` : isTooLong ? 'the answer is too long' : 'the answer is packed' }
  }
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > mostBytes) return { why: 'the answer is too long' }
    chunks.push(chunk)
  }
  return { body: Buffer.concat(chunks) }
}

/** What Node or undici calls it, such as ECONNREFUSED: never text from the wire. */
function whyOf (error: unknown): string {
  const { code } = error as { code?: unknown }
  if (code === 'EPRIVATE') return 'a private address'
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? `the connection failed (${code})` : 'the connection failed'
}
