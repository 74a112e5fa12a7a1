import { channel } from 'node:diagnostics_channel'
import type { Decision, Reason } from '../types/decision.ts'
import type { Stats } from '../types/bound-token.ts'
import type { Refusal } from './errors.ts'
import type { Trail } from './guard.ts'

const decisionChannel = channel('fastify-bound-token:decision')

/** What a decision says about the request itself. */
interface Subject {
  readonly method: string
  readonly id: string
  readonly routeOptions: { readonly url?: string | undefined }
}

export interface Decisions {
  allowed (request: Subject, trail: Trail, isReport: boolean): void
  refused (request: Subject, trail: Trail, refusal: Refusal, isReport: boolean): Decision
  counts (): Stats['decisions']
}

/** Counts decisions, and publishes them when somebody listens. */
export function decisions (): Decisions {
  const refusals = new Map<Reason, number>()
  let allowances = 0

  return {
    allowed (request, trail, isReport) {
      allowances++
      if (decisionChannel.hasSubscribers) decisionChannel.publish(describe(request, trail, null, isReport))
    },

    refused (request, trail, refusal, isReport) {
      refusals.set(refusal.reason, (refusals.get(refusal.reason) ?? 0) + 1)
      const decision = describe(request, trail, refusal, isReport)
      if (decisionChannel.hasSubscribers) decisionChannel.publish(decision)
      return decision
    },

    counts: () => ({ allowed: allowances, refused: Object.fromEntries(refusals) })
  }
}

function describe (request: Subject, trail: Trail, refusal: Refusal | null, isReport: boolean): Decision {
  const { record, presented } = trail
  return Object.freeze({
    allowed: refusal === null,
    enforced: !isReport,
    reason: refusal?.reason ?? null,
    statusCode: refusal?.statusCode ?? 200,
    method: request.method,
    route: request.routeOptions.url,
    requestId: request.id,
    issuer: record?.issuer.name ?? refusal?.issuer ?? null,
    clientId: record?.clientId ?? null,
    subject: record?.subject ?? null,
    thumbprint: typeof presented === 'object' && presented !== null ? presented.presented.certificate.thumbprint : null,
    tokenReference: trail.key?.slice(0, 16) ?? null
  })
}
