import type { buildConnector } from 'undici'
import { OptionsError } from '../errors.ts'
import { defaultOf, UpstreamSchema, type UpstreamOptions } from '../options.ts'
import type { Places } from '../places.ts'
import type { PoolOptions } from './open-pool.ts'
import type { ReplyFrom } from './reply-from.ts'

/** Connections to one origin, made in one way. */
export interface Pool {
  /** Milliseconds. */
  readonly timeout: number
  /** More requests than undici makes connections wait here, where they can give up. */
  readonly connections: Places
  readonly from: ReplyFrom
  /** Makes connections on which HTTP/1.1 is spoken, whatever the others speak: a WebSocket needs it. */
  readonly connect: buildConnector.connector
}

export interface Pools {
  /**
   * The pool for an upstream: upstreams of one origin with equal `tls`, `http2`, `timeout` and `connections` share one.
   *
   * @throws OptionsError at once, or rejects with one
   */
  of (origin: string, options: UpstreamOptions, path: string): Promise<Pool>
  close (): Promise<void>
}

/** @param onTrouble - told of a new file that can't be used */
export function pools (onTrouble: (detail: string) => void): Pools {
  const opened = new Map<string, Promise<Pool>>()
  const keyOf = keys()

  return {
    of (origin, options, path) {
      if (options.tls !== undefined && !origin.startsWith('https:')) throw new OptionsError(`${path}.tls: found with an http URL; allowed: with an https URL`)
      const { timeout = defaultOf<number>(UpstreamSchema.properties.timeout), connections = defaultOf<number>(UpstreamSchema.properties.connections), tls = {}, http2 = false } = options
      const key = keyOf([origin, http2, timeout, connections, tls.ca, tls.certificate, tls.key])
      const known = opened.get(key)
      if (known !== undefined) return known
      const opening = open({ origin, http2, timeout, connections, tls }, path)
      opened.set(key, opening)
      return opening
    },

    async close () {
      const settled = await Promise.allSettled(opened.values())
      await Promise.all(settled.map((outcome) => outcome.status === 'fulfilled' ? outcome.value.from.close() : undefined))
    }
  }

  /** reply-from and undici are loaded only where requests go upstream. */
  async function open (options: PoolOptions, path: string): Promise<Pool> {
    const { openPool } = await import('./open-pool.ts')
    return await openPool(options, path, onTrouble)
  }
}

/** Text that is equal for equal options. A function, such as one that gives a secret, equals only itself. */
export function keys (): (value: unknown) => string {
  const numbers = new Map<unknown, number>()
  const numberOf = (member: unknown): number => {
    const number = numbers.get(member) ?? numbers.size
    numbers.set(member, number)
    return number
  }
  return (value) => JSON.stringify(value, (_name, member: unknown) => typeof member === 'function' ? { function: numberOf(member) } : member)
}
