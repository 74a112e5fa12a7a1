import type { Socket } from 'node:net'

/** Milliseconds: how often a socket that is silent is asked whether the other end is still there. */
const keepAliveDelay = 60_000

/** Milliseconds. A longer wait would miss that the clock was set, and timers have a limit of their own. */
const longestWait = 60_000

/** What is open, and has to end with the application. */
export interface OpenTunnels {
  /**
   * @param end - ends it now
   * @returns what takes it off; null where nothing may be opened any more
   */
  add (end: () => void): (() => void) | null
  /** Ends all, and those that would follow. */
  close (): void
}

export function openTunnels (): OpenTunnels {
  const ends = new Set<() => void>()
  let isClosed = false
  return {
    add (end) {
      if (isClosed) return null
      ends.add(end)
      return () => { ends.delete(end) }
    },
    close () {
      isClosed = true
      for (const end of ends) end()
    }
  }
}

/**
 * Passes bytes both ways, no faster than they are read. When one side ends, what it sent is still delivered, and the other has
 * `timeout` to end as well: a WebSocket has no use for half a connection (RFC 6455 section 7.1.1). Silence is no reason to end,
 * since TCP finds out whether the other side is gone; but both are ended when one takes nothing for `timeout` of what waits for
 * it, for then the other is not read, and nobody would see it go.
 *
 * @param timeout - milliseconds
 * @param closed - told when both sockets are closed
 * @returns what ends both at once
 */
export function joinSockets (client: Socket, upstream: Socket, timeout: number, closed: () => void): () => void {
  let open = 2
  let timer: NodeJS.Timeout | undefined
  const end = (): void => {
    client.destroy()
    upstream.destroy()
  }
  const join = (from: Socket, to: Socket): void => {
    let stalled: NodeJS.Timeout | undefined
    from.setTimeout(0)
    from.setNoDelay(true)
    from.setKeepAlive(true, keepAliveDelay)
    from.on('error', () => {}) // `close` follows.
    from.on('pause', () => {
      clearTimeout(stalled)
      if (to.writableNeedDrain) stalled = setTimeout(end, timeout)
    })
    to.on('drain', () => clearTimeout(stalled))
    to.on('close', () => clearTimeout(stalled))
    from.on('end', () => { timer ??= setTimeout(end, timeout) })
    from.on('close', () => {
      timer ??= setTimeout(end, timeout)
      to.destroySoon()
      if (--open > 0) return
      clearTimeout(timer)
      closed()
    })
    from.pipe(to)
  }
  join(client, upstream)
  join(upstream, client)
  return end
}

/**
 * @param time - milliseconds since the epoch; may be Infinity
 * @returns what calls it off
 */
export function atTime (time: number, act: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    const left = time - Date.now()
    if (left <= 0) act()
    else timer = setTimeout(look, Math.min(left, longestWait))
  }
  if (time !== Infinity) look()
  return () => clearTimeout(timer)
}
