import type { Decision, Reason } from '../types/decision.ts'
import type { Stats } from '../types/bound-token.ts'
import { channelOf } from './channels.ts'
import type { Refusal } from './errors.ts'
import type { Trail } from './guard.ts'

const decisionChannel = channelOf('decision')

/** What a decision says about the request itself. */
interface Subject {
  readonly method: string
  readonly id: string
  readonly routeOptions: { readonly url?: string | undefined }
}

export interface Decisions {
  allowed (request: Subject, trail: Trail, isReport: boolean): void
  refused (request: Subject, trail: Trail, refusal: Refusal, statusCode: number, isReport: boolean): Decision
  counts (): Stats['decisions']
}

/** Counts decisions, and publishes them when somebody listens. */
export function decisions (): Decisions {
  const refusals = new Map<Reason, number>()
  let allowances = 0

  return {
    allowed (request, trail, isReport) {
      allowances++
      if (decisionChannel.hasSubscribers) decisionChannel.publish(describe(request, trail, null, 200, isReport))
    },

    refused (request, trail, refusal, statusCode, isReport) {
      refusals.set(refusal.reason, (refusals.get(refusal.reason) ?? 0) + 1)
      const decision = describe(request, trail, refusal, statusCode, isReport)
      if (decisionChannel.hasSubscribers) decisionChannel.publish(decision)
      return decision
    },

    counts: () => ({ allowed: allowances, refused: Object.fromEntries(refusals) })
  }
}

function describe (request: Subject, trail: Trail, refusal: Refusal | null, statusCode: number, isReport: boolean): Decision {
  const { record, presented } = trail
  return Object.freeze({
    allowed: refusal === null,
    enforced: !isReport,
    reason: refusal?.reason ?? null,
    statusCode,
    method: request.method,
    route: request.routeOptions.url,
    requestId: request.id,
    issuer: record?.issuer.name ?? refusal?.issuer ?? null,
    clientId: record?.claims.client_id ?? null,
    subject: record?.claims.sub ?? null,
    thumbprint: typeof presented === 'object' && presented !== null ? presented.presented.certificate.thumbprint : null,
    tokenReference: trail.key?.slice(0, 16) ?? null,
    stale: trail.isStale
  })
}
