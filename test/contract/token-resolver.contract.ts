import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isRefusal } from '../../lib/errors.ts'
import type { TokenResolver } from '../../lib/token/resolver.ts'

/** What an authorization server can be made to do. */
export type Mood = 'active' | 'inactive' | 'down' | 'refuses us' | 'talks nonsense' | 'hangs'

export interface ResolverScene {
  /** Its time limit is a quarter of a second or less. */
  readonly resolver: TokenResolver
  become (mood: Mood): void
  /** Ends the authorization server, not the resolver. */
  end (): Promise<void>
}

const token = 'contract-token-3.14159~AbCdEf+/=='

/** Holds a token resolver to its contract (lib/token/resolver.ts). Each test gets a scene of its own. */
export function tokenResolverContract (name: string, start: () => Promise<ResolverScene>): void {
  const on = (what: string, run: (scene: ResolverScene) => Promise<void>): void => {
    test(what, async () => {
      const scene = await start()
      try {
        await run(scene)
      } finally {
        await scene.resolver.close()
        await scene.end()
      }
    })
  }

  describe(`token resolver: ${name}`, () => {
    on('a record means active', async ({ resolver, become }) => {
      become('active')
      const { record } = await resolver.resolve(token)
      assert.equal(record?.claims.active, true)
    })

    on('null means that the authorization server says it is not active', async ({ resolver, become }) => {
      become('inactive')
      assert.equal((await resolver.resolve(token)).record, null)
    })

    const troubles = { down: 'issuer_unavailable', 'refuses us': 'issuer_refused_us', 'talks nonsense': 'issuer_bad_response', hangs: 'issuer_unavailable' } as const
    for (const [mood, reason] of Object.entries(troubles) as Array<[keyof typeof troubles, string]>) {
      on(`a server that ${mood === 'down' ? 'is down' : mood} is no verdict on the token: ${reason}`, async ({ resolver, become }) => {
        become(mood)
        await assert.rejects(resolver.resolve(token), (error: unknown) => isRefusal(error) && error.reason === reason)
      })
    }

    on('it ends within its time limit', async ({ resolver, become }) => {
      become('hangs')
      const startedAt = performance.now()
      await assert.rejects(resolver.resolve(token))
      assert.ok(performance.now() - startedAt < 1000)
    })

    on('trouble passes: the next call asks again', async ({ resolver, become }) => {
      become('down')
      await assert.rejects(resolver.resolve(token))
      become('active')
      assert.notEqual((await resolver.resolve(token)).record, null)
    })

    on('what it gives does not hold the token', async ({ resolver, become }) => {
      become('active')
      assert.equal(JSON.stringify(await resolver.resolve(token)).includes(token), false)
    })

    on('its identity is the same all its life and does not hold the token', async ({ resolver, become }) => {
      const before = [...resolver.identity]
      become('active')
      await resolver.resolve(token)
      assert.deepEqual(resolver.identity, before)
      assert.ok(before.length > 0 && before.every((part) => typeof part === 'string' && !part.includes(token)))
    })

    on('close ends a call that is on its way, and every later one is refused', async ({ resolver, become }) => {
      become('hangs')
      const underWay = assert.rejects(resolver.resolve(token), isRefusal)
      await resolver.close()
      await underWay
      become('active')
      await assert.rejects(resolver.resolve(token), (error: unknown) => isRefusal(error) && error.reason === 'issuer_unavailable')
    })
  })
}
