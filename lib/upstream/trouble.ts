import type { FastifyRequest } from 'fastify'

/** What is known of a request that failed: the code of Node's or of undici's error. Its text could hold what was sent or received. */
export interface Trouble {
  readonly code?: string | undefined
}

// The connection could not be made, or broke. Neither time-outs nor answers that make no sense, which the next try would meet again.
const broken = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'UND_ERR_SOCKET'])

/** RFC 9110 section 9.2.2: whether a request may arrive twice. One with a body may not, since the body is gone when it was sent. */
export function isRepeatable ({ raw: { method, headers } }: FastifyRequest): boolean {
  return (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') &&
    headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
}

/**
 * Milliseconds until the next try; null for none.
 *
 * @param attempt - how many retries there were
 */
export function retryPause ({ code }: Trouble, attempt: number): number | null {
  if (code === undefined || !broken.has(code)) return null
  // Most often the upstream has closed a connection that was kept: another one is made at once.
  return attempt === 0 ? 1 : 25 * 2 ** attempt
}

/** @param error - one of undici's, or one of reply-from's around it */
export function isTimeout (error: Error & { statusCode?: number, code?: string, cause?: unknown }): boolean {
  const code = (error.cause as Trouble | undefined)?.code ?? error.code
  return error.statusCode === 504 || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT'
}
