// Several applications behind the plugin that share a Redis, and one authorization server that counts.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import Fastify, { type FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import boundToken from '../../lib/index.ts'
import type { CacheOptions, FastifyBoundTokenOptions, RedisOptions } from '../../types/options.ts'
import type { Double } from '../doubles/authorization-server.ts'
import { by, optionsFor, owner, ownersClaims, startAuthorizationServer, stranger } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'

export const secret = 'shared-by-all-processes-0123456789abcdef'

export interface MemberOptions {
  readonly redis?: Partial<RedisOptions>
  readonly cache?: Partial<CacheOptions>
  readonly more?: Partial<FastifyBoundTokenOptions>
}

export interface Fleet {
  readonly authorizationServer: Double
  /** What the authorization server says of a token; others are not active. */
  readonly known: Map<string, object>
  /** Lines that any of them logged. */
  readonly logged: string[]
  /** One more, ready for requests. */
  add (options?: MemberOptions): Promise<FastifyInstance>
  /** How often the authorization server was asked for a token. */
  callsFor (token: string): number
  /** Makes a token known. */
  issue (token: string, claims?: object): string
}

/** @param prefix - of the keys, so that tests do not meet in one server */
export async function startFleet (t: TestContext, url: string, prefix: string): Promise<Fleet> {
  const { authorizationServer, known } = await startAuthorizationServer(t)
  const logged: string[] = []
  return {
    authorizationServer,
    known,
    logged,
    async add ({ redis, cache, more }: MemberOptions = {}) {
      const app = Fastify({ logger: { level: 'trace', stream: { write: (line: string) => { logged.push(line) } } } }) as unknown as FastifyInstance
      t.after(() => app.close())
      await app.register(boundToken, optionsFor(authorizationServer.origin, {
        ...more, cache: { secret, ...cache, store: { redis: { url, prefix, ...redis } as RedisOptions, timeout: 1000, ...cache?.store } }
      }))
      app.get('/', async () => 'in')
      app.get('/asked', { config: { boundToken: { cache: false } } }, async () => 'in')
      await app.ready()
      return app
    },
    callsFor: (token) => authorizationServer.calls.filter(({ body }) => new URLSearchParams(body).get('token') === token).length,
    issue (token, claims = {}) {
      known.set(token, { ...ownersClaims, ...claims })
      return token
    }
  }
}

export async function statusOf (app: FastifyInstance, token: string, who: { escaped: string } = owner, url = '/'): Promise<number> {
  return (await app.inject({ url, headers: by(who, token) })).statusCode
}

let lastProbe = 0

/** Waits until what one of them has asked is known to all others; longer than a store that failed is stepped over. */
export async function untilShared ({ issue, callsFor }: Fleet, apps: readonly FastifyInstance[]): Promise<void> {
  for (const asking of apps) {
    const deadline = Date.now() + 12_000
    await eventually('they share', async () => {
      while (!await isShared(asking)) if (Date.now() > deadline) return false
      return true
    })
  }

  async function isShared (asking: FastifyInstance): Promise<boolean> {
    const token = issue(`probe-${lastProbe++}`)
    assert.equal(await statusOf(asking, token), 200)
    // Nobody waits for it to be kept.
    await wait(5)
    for (const app of apps) assert.equal(await statusOf(app, token), 200)
    return callsFor(token) === 1
  }
}

/** A connection to look at what is there, and to do harm. */
export async function intruder (t: TestContext, url: string): Promise<Redis> {
  const client = new Redis(url)
  client.on('error', () => {}) // Servers are killed in these tests.
  t.after(() => client.disconnect())
  await client.ping()
  return client
}

/** Asks one of them for a token that nobody has asked for. @returns the key under which it is kept then */
export async function keep (client: Redis, prefix: string, app: FastifyInstance, token: string): Promise<string> {
  const before = new Set(await tokenKeys(client, prefix))
  assert.equal(await statusOf(app, token), 200)
  let key: string | undefined
  await eventually('it is kept', async () => {
    key = (await tokenKeys(client, prefix)).find((each) => !before.has(each))
    return key !== undefined
  })
  return key as string
}

/** All keys of tokens, with this prefix. */
export async function tokenKeys (client: Redis, prefix: string): Promise<string[]> {
  return (await client.keys(`${prefix}*`)).filter((key) => key.length === prefix.length + 43)
}

export interface Load {
  /** Ends it. @returns how many verdicts there were */
  stop (): Promise<number>
  readonly verdicts: number
}

/** Asks all of them at once for good, unknown and stolen tokens, and compares each verdict with what is true. */
export function load ({ issue }: Fleet, apps: readonly FastifyInstance[]): Load {
  const good = Array.from({ length: 40 }, (_, index) => issue(`load-good-${index}`))
  const cases: Array<[token: string, who: typeof owner, truth: number]> = [
    ...good.map((token) => [token, owner, 200] as [string, typeof owner, number]),
    ...good.slice(0, 10).map((token) => [token, stranger, 401] as [string, typeof owner, number]),
    ...Array.from({ length: 10 }, (_, index) => [`load-unknown-${index}`, owner, 401] as [string, typeof owner, number])
  ]
  let verdicts = 0
  const stopping = new AbortController()
  const wrong: string[] = []
  const running = apps.flatMap((app) => Array.from({ length: 4 }, async (_, lane) => {
    for (let n = lane; !stopping.signal.aborted; n++) {
      const [token, who, truth] = cases[n % cases.length] as typeof cases[0]
      const status = await statusOf(app, token, who)
      verdicts++
      if (status !== truth) wrong.push(`${token}: ${status} instead of ${truth}`)
    }
  }))
  return {
    get verdicts () { return verdicts },
    async stop () {
      stopping.abort()
      await Promise.all(running)
      assert.deepEqual(wrong, [])
      return verdicts
    }
  }
}
