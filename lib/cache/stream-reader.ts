import { setTimeout as wait } from 'node:timers/promises'
import type { EvictionListener, RedisClient } from '../../types/token-store.ts'
import { codeOf, cut, socketOf, type RedisConnection } from './redis-connection.ts'

export interface StreamReaderOptions {
  readonly connection: RedisConnection
  readonly key: string
  /** Milliseconds. */
  readonly horizon: number
  readonly listener: EvictionListener
  onTrouble (detail: string): void
}

/** Where a message stands in an entry. */
export const field = 'm'
/** Of one message. */
export const mostBytes = 65_536
/** Of the stream: what is beyond is gone. */
export const mostEntries = 100_000
const entriesAtOnce = 100
const mostBytesAtOnce = 2 * entriesAtOnce * mostBytes
/** Milliseconds that the server waits for the next entry. Shorter than the silence that is taken for a dead connection. */
const blockFor = 1000
const firstPause = 100
const longestPause = 5000

/**
 * Reads a stream from `horizon` ago on, for as long as it may, on connections of its own. After a break it goes on after the entry
 * that it read last, as long as that is still there: entries go in the order in which they came, so all that came after it are too.
 * Where it is gone, others may be as well: that is told as a break, and all that is there is read again.
 */
export function streamReader ({ connection, key, horizon, listener, onTrouble }: StreamReaderOptions): { end (): Promise<void> } {
  const ending = new AbortController()
  let current: RedisClient | null = null
  let isUp: boolean | null = null
  /** The entry that was read last. */
  let last: string | null = null
  /** Bytes since the last reply. */
  let received = 0
  /** What comes next cannot be read: it is larger than anything that we wrote. */
  let isFlooded = false
  let told = ''
  const done = run()

  return {
    async end () {
      ending.abort()
      if (current !== null) cut(current)
      await done
    }
  }

  async function run (): Promise<void> {
    let pause = firstPause
    while (!ending.signal.aborted) {
      try {
        current = connection.another()
        await listen(current)
      } catch (error) {
        if (isUp === true) pause = firstPause
        tell(error)
      }
      if (current !== null) cut(current)
      turn(false)
      await wait(pause * (0.5 + Math.random() / 2), null, { signal: ending.signal }).catch(() => {}) // It ends.
      pause = Math.min(pause * 2, longestPause)
    }
  }

  /** Until the connection breaks, or something is not as it must be. */
  async function listen (reader: RedisClient): Promise<never> {
    await reader.connect()
    limitReplies(reader)
    let after = await firstAfter(reader)
    for (;;) {
      const entries = entriesIn(await reader.xreadBuffer('COUNT', entriesAtOnce, 'BLOCK', isUp === true ? blockFor : 1, 'STREAMS', key, after))
      received = 0
      for (const { message } of entries) if (message !== null) pass(message)
      // Those that come faster than they are read may be gone before they are.
      if (entries.length === entriesAtOnce && last !== null && !await isThere(reader, last)) turn(false)
      last = entries.at(-1)?.id ?? last
      after = last ?? after
      if (entries.length < entriesAtOnce) turn(true)
    }
  }

  /** The place to read on from, by the clock of the server, which entries are named by. */
  async function firstAfter (reader: RedisClient): Promise<string> {
    const [seconds, microseconds] = (await reader.time()).map(Number) as [number, number]
    const now = seconds * 1000 + Math.floor(microseconds / 1000)
    if (isFlooded) {
      isFlooded = false
      last = null
      return `${now}-0`
    }
    if (last !== null && await isThere(reader, last)) return last
    last = null
    if (await reader.xlen(key) >= mostEntries) turn(false)
    return `${Math.max(0, now - horizon)}-0`
  }

  async function isThere (reader: RedisClient, id: string): Promise<boolean> {
    return (await reader.xrange(key, id, id)).length === 1
  }

  /** Whoever may write to the stream must not fill this process. */
  function limitReplies (reader: RedisClient): void {
    const socket = socketOf(reader)
    received = 0
    socket?.on('data', ({ length }: Buffer) => {
      received += length
      if (received <= mostBytesAtOnce) return
      isFlooded = true
      socket.destroy()
    })
  }

  function pass (message: Buffer): void {
    if (ending.signal.aborted) return
    try {
      listener.message(message)
    } catch {} // One message that nobody understands must not keep the others back.
  }

  function turn (isNowUp: boolean): void {
    if (ending.signal.aborted || isUp === isNowUp) return
    isUp = isNowUp
    if (isNowUp) {
      told = ''
      listener.connected()
    } else {
      listener.disconnected()
    }
  }

  /** That the connection fails is told of where all share it. */
  function tell (error: unknown): void {
    const isReply = error instanceof Error && error.name === 'ReplyError'
    const why = isFlooded ? 'an entry is larger than any of ours' : codeOf(error)
    if (ending.signal.aborted || why === told || !(isFlooded || isReply)) return
    told = why
    onTrouble(`evictions cannot be read from Redis: ${why}`)
  }
}

interface Entry {
  readonly id: string
  /** Null for what is none of ours. */
  readonly message: Buffer | null
}

type Reply = ReadonlyArray<readonly [key: Buffer, entries: ReadonlyArray<readonly [id: Buffer, fields: readonly Buffer[] | null]>]>

function entriesIn (reply: unknown): Entry[] {
  return (reply as Reply | null ?? []).flatMap(([, entries]) => entries.map(([id, fields]) => {
    const message = fields?.length === 2 && fields[0]?.toString() === field ? fields[1] : undefined
    return { id: id.toString(), message: message !== undefined && message.length <= mostBytes ? message : null }
  }))
}
