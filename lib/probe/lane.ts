import type { FormatName } from '../certificate/formats.ts'
import { readEcho, type Echo } from './echo-schema.ts'
import { exchangeByHttp1, exchangeByHttp2, noHttp2, type ProbeRequest } from './exchange.ts'
import { forge } from './forgery.ts'
import type { ClientIdentity, Front } from './front.ts'
import { judge, type Judgement, type Outcome } from './judge.ts'
import { shapes, type Shape } from './shapes.ts'
import { digestOf, secretField, sentField, writeSent } from './wire.ts'

/** One kind of connection: a front may guard one and forget another. */
export interface Lane {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2'
  /** Null for connections without a client certificate. */
  readonly identity: ClientIdentity | null
}

/** What is forged. */
export interface Target {
  readonly header: string
  readonly verifyHeader: string | null
  readonly verifyValue: string
  readonly format: FormatName
}

export interface Finding extends Judgement {
  readonly shape: string
}

const plain = { own: [], lines: [], hasConnection: false, trailers: null, version: '1.1', isAbsolute: false } satisfies ProbeRequest

export async function send (front: Front, lane: Lane, secret: string, request: Partial<ProbeRequest>, sent: string | null): Promise<Outcome> {
  const own = [[secretField, secret], ...sent === null ? [] : [[sentField, sent]], ['User-Agent', 'fastify-bound-token-probe'], ['Accept', '*/*']] as Array<[string, string]>
  const exchange = lane.protocol === 'HTTP/2' ? exchangeByHttp2 : exchangeByHttp1
  try {
    return { answer: await exchange(front, lane.identity, { ...plain, ...request, own }) }
  } catch (error) {
    return { error: error as NodeJS.ErrnoException }
  }
}

/** What arrives without an attack. */
export async function baseline (front: Front, lane: Lane, secret: string): Promise<Echo | Outcome> {
  const outcome = await send(front, lane, secret, {}, null)
  return ('answer' in outcome ? readEcho(outcome.answer.body) : null) ?? outcome
}

export function speaksNoHttp2 (outcome: Outcome): boolean {
  return 'error' in outcome && outcome.error.code === noHttp2
}

/**
 * Sends every shape that this kind of connection can express, each with a value of its own.
 *
 * @param before - what arrives without an attack
 */
export async function attack (front: Front, lane: Lane, secret: string, target: Target, before: Echo): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const shape of shapesFor(lane, target)) {
    const { request, sent } = build(shape, target)
    findings.push({ shape: shape.name, ...judge(before, await send(front, lane, secret, request, sent), sent) })
  }
  return findings
}

function shapesFor ({ protocol }: Lane, { verifyHeader }: Target): readonly Shape[] {
  return shapes.filter((shape) => (protocol === 'HTTP/1.1' || shape.http2 === true) && (verifyHeader !== null || shape.needsVerdict !== true))
}

function build (shape: Shape, { header, verifyHeader, verifyValue, format }: Target): { request: Partial<ProbeRequest>, sent: string } {
  const { marker, value, thumbprint } = forge(format)
  const verdict = shape.verdict === 'marked' ? marker : verifyValue
  const ingredients = { header, verifyHeader, value, verdict }
  return {
    request: {
      lines: shape.lines(ingredients),
      hasConnection: shape.hasConnection === true,
      trailers: shape.trailers?.(ingredients) ?? null,
      version: shape.version ?? '1.1',
      isAbsolute: shape.target === 'absolute'
    },
    sent: writeSent({ marker, value: digestOf(value), thumbprint, verdict: digestOf(verdict) })
  }
}
