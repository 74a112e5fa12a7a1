// One application in a process of its own, that does what it is told.
import { setImmediate as turn } from 'node:timers/promises'
import Fastify, { type FastifyInstance } from 'fastify'
import boundToken, { type FeedsOptions } from '../../lib/index.ts'
import { by, optionsFor, owner } from '../guard/protected-app.ts'

export type Told =
  | { readonly start: { readonly origin: string, readonly url: string, readonly maxTtl: number, readonly revocation: FeedsOptions } }
  | { readonly ask: string }
  | { readonly untilRefused: string }
  | { readonly evict: string }
  | { readonly push: string }
  | { readonly load: { readonly milliseconds: number, readonly name: string } }

const secret = 'shared-by-all-processes-0123456789abcdef'
let app: FastifyInstance

const status = async (token: string): Promise<number> => (await app.inject({ url: '/', headers: by(owner, token) })).statusCode
/** Milliseconds, the same for all processes of a machine. */
const now = (): number => performance.timeOrigin + performance.now()

async function obey (told: Told): Promise<unknown> {
  if ('start' in told) {
    const { origin, url, maxTtl, revocation } = told.start
    app = Fastify() as unknown as FastifyInstance
    await app.register(boundToken, optionsFor(origin, { cache: { secret, maxTtl, store: { redis: { url } } }, revocation }))
    app.get('/', async () => 'in')
    return await app.ready().then(() => null)
  }
  if ('ask' in told) return await status(told.ask)
  if ('evict' in told) {
    const begin = now()
    await app.boundToken.evict({ token: told.evict })
    return begin
  }
  if ('push' in told) {
    const begin = now()
    const { statusCode } = await app.inject({ method: 'POST', url: '/events', headers: { 'content-type': 'application/secevent+jwt' }, payload: told.push })
    if (statusCode !== 202) throw new Error(`the event was answered with ${statusCode}`)
    return begin
  }
  if ('untilRefused' in told) {
    while (await status(told.untilRefused) !== 401) await turn()
    return now()
  }
  return await load(told.load)
}

/** Eight at a time. @returns milliseconds of each request, and how many had a wrong verdict */
async function load ({ milliseconds, name }: { milliseconds: number, name: string }): Promise<{ times: number[], wrong: number }> {
  const times: number[] = []
  let wrong = 0
  let n = 0
  const end = now() + milliseconds
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (now() < end) {
      const isGood = ++n % 5 !== 0
      const begin = performance.now()
      const verdict = await status(isGood ? `good-${n % 50}` : `bad-${name}-${n % 50}`)
      times.push(performance.now() - begin)
      if (verdict !== (isGood ? 200 : 401)) wrong++
      await turn()
    }
  }))
  return { times, wrong }
}

process.on('message', (told: Told) => {
  obey(told).then((done) => process.send?.({ done }), (error: unknown) => process.send?.({ done: null, error: String(error) }))
})
