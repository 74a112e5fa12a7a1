import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import type { Decision } from '../types/decision.ts'
import type { Challenges } from './challenge.ts'
import { NotJudgedError, type Refusal } from './errors.ts'

/** Seconds to name when the authorization server named none. */
const defaultRetryAfter = 5

/**
 * Headers of a refusal. They are set on the reply before the error is thrown, so that an error handler of the application's
 * keeps them.
 */
export function setRefusalHeaders (reply: FastifyReply, refusal: Refusal, challenges: Challenges | null): void {
  reply.header('cache-control', 'no-store')
  const challenge = refusal.reason === 'client_not_allowed' || refusal.reason === 'claims_insufficient' ? challenges?.withoutScope : challenges?.[refusal.answer]
  if (challenge !== undefined) reply.header('www-authenticate', challenge)
  if (refusal.answer === 'unavailable') reply.header('retry-after', refusal.retryAfter ?? defaultRetryAfter)
}

/** The client's fault is news, the authorization server's a warning, and one that the operator must mend an error. */
const levels = { issuer_unavailable: 'warn', issuer_refused_us: 'error', issuer_bad_response: 'error' } as const

export function logRefusal (log: FastifyBaseLogger, decision: Decision, refusal: Refusal): void {
  const level = (levels as Partial<Record<string, 'warn' | 'error'>>)[refusal.reason] ?? 'info'
  log[level]({ decision, detail: refusal.detail }, decision.enforced ? 'access refused' : 'access would have been refused')
}

/** A fault of ours: the log has it, the client hears that there was one. */
export function notJudged (err: unknown, request: FastifyRequest, reply: FastifyReply): Error {
  request.log.error({ err }, 'a request could not be judged')
  reply.header('cache-control', 'no-store')
  return new NotJudgedError()
}

export function answerNotJudged (err: unknown, request: FastifyRequest, reply: FastifyReply): void {
  reply.send(notJudged(err, request, reply))
}
