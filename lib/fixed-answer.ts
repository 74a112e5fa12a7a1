import type { FastifyReply } from 'fastify'
import { OptionsError } from './errors.ts'

/** An answer that was written when the route was declared. */
export interface FixedAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

interface Declared {
  readonly statusCode: number
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: unknown
}

// RFC 9112 section 6 and RFC 9110 section 7.6.1: what Node writes.
const framing = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'trailer', 'te'])

/**
 * @param taken - lower-case names of headers that are not the operator's to set
 * @throws OptionsError
 */
export function fixedAnswer ({ statusCode, headers = {}, body = '' }: Declared, taken: ReadonlySet<string>, path: string): FixedAnswer {
  const named = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    const lowerCase = name.toLowerCase()
    if (framing.has(lowerCase) || taken.has(lowerCase)) throw new OptionsError(`${path}.headers: found "${name}", which is set elsewhere; allowed: other names`)
    if (named.has(lowerCase)) throw new OptionsError(`${path}.headers: found "${name}" twice; allowed: each name once`)
    named.set(lowerCase, value)
  }
  const isText = typeof body === 'string'
  if (body !== '' && !named.has('content-type')) named.set('content-type', isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8')
  return Object.freeze({ statusCode, headers: Object.freeze(Object.fromEntries(named)), body: isText ? body : JSON.stringify(body) })
}

export function sendFixed (reply: FastifyReply, { statusCode, headers, body }: FixedAnswer): FastifyReply {
  return reply.code(statusCode).headers(headers).send(body)
}
