import { parseStrictJsonObject } from '../strict-json.ts'
import type { BackOff } from './back-off.ts'
import type { Connection, ConnectionListener } from './connection.ts'
import type { FeedCounts } from './counters.ts'
import { selectorsIn, type MessageRule } from './message.ts'
import type { Revocation } from './set.ts'
import type { WebSocketPreset } from './websocket-presets.ts'

/** A feed that this process connects to. */
export interface WebSocketFeed {
  start (): void
  close (): void
}

export interface WebSocketFeedOptions {
  /** Begins to connect; rejects where what is needed for that can't be had. */
  open (listener: ConnectionListener): Promise<Connection>
  /** Messages that subscribe. */
  readonly subscriptions: readonly string[]
  readonly preset: WebSocketPreset | null
  /** What the preset must confirm before the feed is up. */
  readonly topics: readonly string[]
  readonly rules: readonly MessageRule[]
  readonly backOff: BackOff
  readonly counts: FeedCounts
  /** Makes a revocation count; resolves when all have been told. */
  revoke (selector: Revocation['selector']): Promise<void>
  onState (isUp: boolean): void
  onTrouble (detail: string): void
}

/** Connects again whenever the connection ends, for as long as the application runs. */
export function websocketFeed ({ open, subscriptions, preset, topics, rules, backOff, counts, revoke, onState, onTrouble }: WebSocketFeedOptions): WebSocketFeed {
  let connection: Connection | null = null
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  let upSince = Infinity
  let unconfirmed = new Set<string>()
  let told = ''

  return {
    start () {
      if (!isClosed) attempt()
    },
    close () {
      isClosed = true
      clearTimeout(timer)
      connection?.end('closed')
    }
  }

  function attempt (): void {
    upSince = Infinity
    open({ opened, message, ended }).then((opening) => {
      connection = opening
      if (isClosed) opening.end('closed')
    }, () => ended('what it needs to connect cannot be had'))
  }

  function opened (opening: Connection): void {
    unconfirmed = new Set(preset === null ? [] : topics)
    for (const subscription of subscriptions) opening.send(subscription)
    if (unconfirmed.size === 0) up(opening)
  }

  function up (opening: Connection): void {
    upSince = Date.now()
    told = ''
    opening.ready()
    onState(true)
  }

  function ended (detail: string): void {
    connection = null
    if (isClosed) return
    onState(false)
    // The same trouble at each attempt is told once.
    if (detail !== told) onTrouble(`the WebSocket is not connected: ${detail}`)
    told = detail
    timer = setTimeout(attempt, backOff.next(Math.max(0, Date.now() - upSince))).unref()
  }

  function message (text: string | null, from: Connection): void {
    const read = text === null ? null : parseStrictJsonObject(Buffer.from(text))
    if (read === null) {
      counts.refused++
      return
    }
    if (preset !== null && unconfirmed.size > 0) return confirm(read, preset, from)
    const selectors = selectorsIn(read, rules)
    if (selectors === null) counts.ignored++
    else for (const selector of selectors) take(selector)
  }

  function confirm (read: Readonly<Record<string, unknown>>, { confirms, isComplaint }: WebSocketPreset, from: Connection): void {
    if (isComplaint(read)) return from.end('the server does not take the subscription')
    const topic = confirms(read)
    if (topic === null) {
      // Of a topic that was confirmed before the others.
      for (const selector of selectorsIn(read, rules) ?? []) take(selector)
    } else if (unconfirmed.delete(topic) && unconfirmed.size === 0) up(from)
  }

  function take (selector: Revocation['selector']): void {
    counts.applied++
    revoke(selector).catch(() => onTrouble('a revocation could not be passed on to other processes'))
  }
}
