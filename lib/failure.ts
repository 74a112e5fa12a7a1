import type { Reason } from '../types/decision.ts'
import { answers, OptionsError, reasons } from './errors.ts'
import type { FailureAnswer } from './options.ts'
import { fixedAnswer, type FixedAnswer } from './fixed-answer.ts'

/** The operator's own answers to refusals. */
export type Failures = ReadonlyMap<Reason, FixedAnswer>

// What the refusal itself says: a cache must not keep it, and a client must learn what it lacks (RFC 6750 section 3).
const ours = new Set(['cache-control', 'www-authenticate', 'retry-after'])

/**
 * Finds for each reason the answer that names it most exactly: by its own name, by the longest beginning (`certificate_*`), by `*`.
 *
 * @throws OptionsError
 */
export function compileFailures (failure: Readonly<Record<string, FailureAnswer>>, path: string): Failures {
  const all = Object.keys(reasons) as Reason[]
  const compiled = new Map<Reason, FixedAnswer>()
  // The longest last, so that it has the last word.
  for (const name of Object.keys(failure).sort((one, other) => one.length - other.length)) {
    const meant = all.filter((reason) => name.endsWith('*') ? reason.startsWith(name.slice(0, -1)) : reason === name)
    if (meant.length === 0) throw new OptionsError(`${path}: found ${JSON.stringify(name)}, which is no reason; allowed: a reason such as certificate_malformed, the beginning of some such as certificate_*, or *`)
    for (const reason of meant) {
      const own = failure[name] as FailureAnswer
      const { statusCode } = answers[reasons[reason][0]]
      compiled.set(reason, fixedAnswer({ statusCode, ...own }, ours, `${path}[${JSON.stringify(name)}]`))
    }
  }
  return compiled
}
