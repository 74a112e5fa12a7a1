import { describe, test } from 'node:test'
import type { EvictionChannel, TokenStore } from '../../types/token-store.ts'
import type { Case } from './case.ts'
import { evictionChannelCases } from './eviction-channel.ts'
import { tokenStoreCases } from './token-store.ts'

export type { EvictionChannel, EvictionListener, TokenStore } from '../../types/token-store.ts'

/**
 * Holds a store of your own to what `cache.store.tokens` needs, as tests of node:test.
 *
 * @param open - gives a connection of its own each time, always to the same store; it is closed after each test
 */
export function testTokenStore (name: string, open: () => TokenStore | Promise<TokenStore>): void {
  testAll(`token store: ${name}`, tokenStoreCases, open)
}

/**
 * Holds a channel of your own to what `cache.store.channel` needs, as tests of node:test.
 *
 * @param open - gives a connection of its own each time, always to the same channel
 */
export function testEvictionChannel (name: string, open: () => EvictionChannel | Promise<EvictionChannel>): void {
  testAll(`eviction channel: ${name}`, evictionChannelCases, open)
}

function testAll<Kind> (name: string, cases: ReadonlyArray<Case<Kind>>, open: () => Kind | Promise<Kind>): void {
  describe(name, () => {
    for (const each of cases) test(each.name, async () => { await each.run(async () => await open()) })
  })
}
