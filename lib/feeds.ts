import type { FastifyInstance } from 'fastify'
import type { FeedStats } from '../types/bound-token.ts'
import type { Evicting } from './cache/evicting.ts'
import type { FeedStates } from './cache/feed-states.ts'
import { feedCounts } from './feed/counters.ts'
import { declareWebhook } from './feed/webhook.ts'
import { compileWebhooks } from './feed/compile-webhooks.ts'
import { compileWebSockets } from './feed/compile-websockets.ts'
import type { FeedsOptions } from './options.ts'
import { namedIssuer, shapeOf } from './token/shape.ts'
import { compileSigner, isWrongKey } from './token/signer.ts'
import { tlsMaterial } from './tls-material.ts'

/** What tells this process of revocations. */
export interface Feeds {
  /** Declares the routes of webhooks, and connects when the application is ready. */
  declare (app: FastifyInstance): void
  /** Null where there is none. */
  stats (): FeedStats | null
  close (): Promise<void>
}

export interface FeedsTools {
  /** Configured issuers. */
  readonly issuers: readonly string[]
  readonly evicting: Evicting
  readonly states: FeedStates
  onTrouble (detail: string): void
}

/** Options of feeds to what listens to them. @throws OptionsError */
export async function compileFeeds ({ webhook, websocket }: FeedsOptions, { issuers, evicting, states, onTrouble }: FeedsTools): Promise<Feeds> {
  const counts = feedCounts()
  const revoke = evicting.hear
  const warn = (path: string) => (detail: string): void => onTrouble(`${path}: ${detail}`)
  const { webhooks, close } = await compileWebhooks(webhook === undefined ? [] : [webhook].flat(), 'options.revocation.webhook', { issuers, counts, revoke, compileSigner, isWrongKey, warn })
  const sockets = await compileWebSockets(websocket === undefined ? [] : [websocket].flat(), 'options.revocation.websocket', { issuers, counts, revoke, tlsMaterial, warn, watch: (name) => states.watch(name, false) })
    .catch(async (error: unknown) => {
      await close()
      throw error
    })

  return {
    declare (app) {
      for (const each of webhooks) declareWebhook(app, each, { issuerOf: (set) => shapeOf(set) === 'jws' ? namedIssuer(set) : null, counts })
      if (sockets.length > 0) app.addHook('onReady', async () => { for (const socket of sockets) socket.start() })
    },
    stats () {
      const connections = states.connections()
      return webhooks.length + connections.length === 0 ? null : { ...counts, down: states.down(), connections }
    },
    async close () {
      for (const socket of sockets) socket.close()
      await close()
    }
  }
}
