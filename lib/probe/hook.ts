import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import type { CertificateSource } from '../certificate/source.ts'
import type { Echo } from './echo-schema.ts'
import { echoOf, type ProbeMessage } from './echo.ts'
import type { ProbeRun } from './run.ts'
import { done, sentField } from './wire.ts'

type Hook = (request: FastifyRequest, reply: FastifyReply, next: (error?: Error) => void) => void

/** What a process that is probed needs beside its guard. */
export interface Probe {
  /** Begins to wait for the one run that its secret is good for. */
  run (log: FastifyBaseLogger): ProbeRun
  readonly answer: typeof answerProbe
}

/** Answers the requests of a probe; all others take the way that they would take without it. */
export function answerProbe (run: ProbeRun, sourceOf: (request: FastifyRequest) => Promise<CertificateSource>, enforce: Hook): Hook {
  return function probed (request, reply, next) {
    if (!run.admits(request.raw.rawHeaders)) return enforce(request, reply, next)
    const sent = sentBy(request)
    if (sent === done) {
      run.close('the probe is done')
      return answer(reply, { probe: 1, isDone: true })
    }
    echo(request, sent).then((found) => { answer(reply, found) }, next)
  }

  async function echo (request: FastifyRequest, sent: string | null): Promise<Echo> {
    return await echoOf(request.raw as ProbeMessage, await sourceOf(request), sent)
  }
}

/** As text: the route's own serializer would leave out what its schema does not name. */
function answer (reply: FastifyReply, body: object): void {
  reply.code(200).header('cache-control', 'no-store').type('application/json; charset=utf-8').send(JSON.stringify(body))
}

function sentBy ({ raw }: FastifyRequest): string | null {
  const sent = raw.headers[sentField]
  return typeof sent === 'string' ? sent : null
}
