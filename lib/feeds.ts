import type { FastifyInstance } from 'fastify'
import type { FeedStats } from '../types/bound-token.ts'
import type { Evicting } from './cache/evicting.ts'
import type { FeedStates } from './cache/feed-states.ts'
import { feedCounts, type FeedCounts } from './feed/counters.ts'
import type { Webhook } from './feed/webhook.ts'
import type { WebSocketFeed } from './feed/websocket.ts'
import type { FeedsOptions, WebhookOptions, WebSocketOptions } from './options.ts'
import { namedIssuer, shapeOf } from './token/shape.ts'
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

interface OpenedWebhooks {
  readonly webhooks: readonly Webhook[]
  declare (app: FastifyInstance, webhook: Webhook): void
  close (): Promise<void>
}

/** Options of feeds to what listens to them. What a kind of feed needs is loaded only where there is one. @throws OptionsError */
export async function compileFeeds ({ webhook, websocket }: FeedsOptions, tools: FeedsTools): Promise<Feeds> {
  const counts = feedCounts()
  const { states } = tools
  const { webhooks, declare, close } = await openWebhooks(webhook === undefined ? [] : [webhook].flat(), tools, counts)
  const sockets = await openWebSockets(websocket === undefined ? [] : [websocket].flat(), tools, counts).catch(async (error: unknown) => {
    await close()
    throw error
  })

  return {
    declare (app) {
      for (const each of webhooks) declare(app, each)
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

async function openWebhooks (options: readonly WebhookOptions[], { issuers, evicting, onTrouble }: FeedsTools, counts: FeedCounts): Promise<OpenedWebhooks> {
  if (options.length === 0) return { webhooks: [], declare () {}, async close () {} }
  const [{ compileWebhooks }, { declareWebhook }, { compileSigner, isWrongKey }] = await Promise.all([import('./feed/compile-webhooks.ts'), import('./feed/webhook.ts'), import('./token/signer.ts')])
  const compiled = await compileWebhooks(options, 'options.revocation.webhook', { issuers, counts, revoke: evicting.hear, compileSigner, isWrongKey, warn: warning(onTrouble) })
  return {
    ...compiled,
    declare (app, webhook) { declareWebhook(app, webhook, { issuerOf: (set) => shapeOf(set) === 'jws' ? namedIssuer(set) : null, counts }) }
  }
}

async function openWebSockets (options: readonly WebSocketOptions[], { issuers, evicting, states, onTrouble }: FeedsTools, counts: FeedCounts): Promise<readonly WebSocketFeed[]> {
  if (options.length === 0) return []
  const { compileWebSockets } = await import('./feed/compile-websockets.ts')
  return await compileWebSockets(options, 'options.revocation.websocket', { issuers, counts, revoke: evicting.hear, tlsMaterial, warn: warning(onTrouble), watch: (name) => states.watch(name, false) })
}

function warning (onTrouble: (detail: string) => void): (path: string) => (detail: string) => void {
  return (path) => (detail) => onTrouble(`${path}: ${detail}`)
}
