// A million distinct tokens through a small cache, good ones and bad ones, some revoked meanwhile: every verdict is compared with the
// truth, and memory must not grow.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import Fastify, { type FastifyInstance } from 'fastify'
import boundToken from '../../lib/index.ts'
import { by, optionsFor, owner } from '../guard/protected-app.ts'
import { kinds, kindOf, statuses, tokenOf, type Kind } from './token-truth.ts'

export interface Scale {
  readonly tokens: number
  readonly entries: number
  readonly atATime: number
  /** One of so many requests is followed by a revocation. */
  readonly revokeEvery: number
}

export interface Figures {
  requests: number
  distinct: number
  revocations: number
  /** Verdicts that are not the truth, the first hundred. */
  readonly wrong: string[]
  wrongCount: number
}

export interface TokenTraffic {
  readonly app: FastifyInstance
  readonly figures: Figures
  /** Sends requests until it is told to stop. */
  run (isOver: () => boolean): Promise<void>
  close (): Promise<void>
}

const fullScale: Scale = { tokens: 1_000_000, entries: 20_000, atATime: 64, revokeEvery: 50 }

/** Kinds in the proportion in which they come. */
const mix: readonly Kind[] = ['good', 'good', 'good', 'good', 'revocable', 'revocable', ...kinds.filter((kind) => kind !== 'good' && kind !== 'revocable')]

/** @param random - gives numbers from 0 to 1 */
export async function tokenTraffic ({ tokens, entries, atATime, revokeEvery }: Scale, random: () => number = Math.random): Promise<TokenTraffic> {
  const server = fork(new URL('token-server.ts', import.meta.url))
  const [{ origin }] = await once(server, 'message') as [{ origin: string }]
  const { issuers: [issuer], ...others } = optionsFor(origin)
  if (issuer?.introspection === undefined) throw new TypeError('options without introspection')
  const app = Fastify()
  await app.register(boundToken, {
    ...others,
    // Under load an answer may take long: that is no verdict, and here it would be counted as a wrong one.
    issuers: [{ ...issuer, introspection: { ...issuer.introspection, timeout: 60_000 } }],
    cache: { maxEntries: entries, negativeTtl: 60_000, maxTtl: 3_600_000 }
  })
  app.get('/', { config: { boundToken: { scopes: ['accounts'] } } }, async (request) => request.accessToken?.subject)
  await app.ready()
  const figures: Figures = { requests: 0, distinct: 0, revocations: 0, wrong: [], wrongCount: 0 }
  const revoking = revocations(server, app)
  // Of one size from the start: what grows must be the plugin's.
  const seen = new Uint8Array(tokens)
  let next = 0

  return {
    app,
    figures,
    run: async (isOver) => { await Promise.all(Array.from({ length: atATime }, async () => { while (!isOver()) await one() })) },
    async close () {
      await app.close()
      server.disconnect()
    }
  }

  async function one (): Promise<void> {
    const number = pick()
    const token = tokenOf(mix[number % mix.length] as Kind, number)
    figures.distinct += 1 - (seen[number] as number)
    seen[number] = 1
    // It must be refused once the revocation was done before it began; while that is going on, both are right.
    const before = revoking.of(token)
    const { statusCode, body } = await app.inject({ url: '/', headers: by(owner, token) })
    figures.requests++
    const after = revoking.of(token)
    const expected = before === 'done' ? [401] : after === 'not' ? [statuses[kindOf(token)]] : [200, 401]
    if (!expected.includes(statusCode) || (statusCode === 200 && body !== token)) wrong(token, statusCode, expected)
    // Another request with this token may be about to do the same.
    if (kindOf(token) === 'revocable' && before === 'not' && random() * revokeEvery < 1 && await revoking.revoke(token)) figures.revocations++
  }

  /** A third of the requests is for few tokens, which the cache mostly knows; the others go through all of them. */
  function pick (): number {
    if (random() * 3 < 1) return Math.floor(random() * entries / 4)
    next = (next + 1) % tokens
    return next
  }

  function wrong (token: string, status: number, expected: readonly number[]): void {
    figures.wrongCount++
    if (figures.wrong.length < 100) figures.wrong.push(`${token}: ${status} instead of ${expected.join(' or ')}`)
  }
}

/** First the server takes it back, then the cache is told, by the token or by its subject in turn. */
function revocations (server: ChildProcess, app: FastifyInstance) {
  const states = new Map<string, 'going on' | 'done'>()
  const told = new Map<string, () => void>()
  server.on('message', ({ revoked }: { revoked: string }) => {
    told.get(revoked)?.()
    told.delete(revoked)
  })
  return {
    of: (token: string) => states.get(token) ?? 'not',
    /** @returns false where it was begun before */
    async revoke (token: string): Promise<boolean> {
      if (states.has(token)) return false
      states.set(token, 'going on')
      await new Promise<void>((resolve) => {
        told.set(token, resolve)
        server.send({ revoke: token })
      })
      await app.boundToken.evict(states.size % 2 === 0 ? { token } : { subject: token })
      states.set(token, 'done')
      return true
    }
  }
}

/** Prints what it finds. @returns whether every verdict was right and memory did not grow */
export async function soak (minutes: number): Promise<boolean> {
  const { app, figures, run, close } = await tokenTraffic(fullScale)
  const startedAt = performance.now()
  const length = minutes * 60_000
  const samples: Array<{ at: number, rss: number, heap: number }> = []
  const sample = (): void => {
    const { rss, heapUsed } = process.memoryUsage()
    const at = (performance.now() - startedAt) / 60_000
    samples.push({ at, rss: rss / 1_048_576, heap: heapUsed / 1_048_576 })
    console.log(`${at.toFixed(1)} min  ${figures.requests} requests  rss ${(rss / 1_048_576).toFixed(0)} MiB  heap ${(heapUsed / 1_048_576).toFixed(0)} MiB  wrong ${figures.wrongCount}`)
  }
  const timer = setInterval(sample, Math.min(length / 40, 15_000))
  await run(() => performance.now() - startedAt >= length)
  clearInterval(timer)
  sample()
  const { tokens, issuers: [issuer] } = app.boundToken.stats()
  const { latency } = issuer?.introspection ?? { latency: { sum: 0, count: 1 } }
  // The second quarter is past the warm-up; the last one must not be above it.
  const quarter = (n: number): typeof samples => samples.filter(({ at }) => at >= minutes * (n - 1) / 4 && at <= minutes * n / 4)
  const [early, late] = [median(quarter(2).map(({ rss }) => rss)), median(quarter(4).map(({ rss }) => rss))]
  console.log(`
${figures.requests} requests in ${minutes} min, ${Math.round(figures.requests / minutes / 60)} a second; ${figures.distinct} distinct tokens; ${figures.revocations} revoked meanwhile
verdicts that were wrong: ${figures.wrongCount}${figures.wrong.map((line) => `\n  ${line}`).join('')}
cache: ${tokens.hits} hits, ${tokens.misses} misses, ${tokens.entries} and ${tokens.inactiveEntries} entries, ${tokens.evictions} evictions, ${tokens.failures} failures
introspection: ${issuer?.introspection?.calls} calls, ${(latency.sum / latency.count).toFixed(1)} ms on average
rss, median of the second quarter ${early.toFixed(0)} MiB, of the last ${late.toFixed(0)} MiB`)
  await close()
  return figures.wrongCount === 0 && late <= early * 1.1
}

function median (values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}
