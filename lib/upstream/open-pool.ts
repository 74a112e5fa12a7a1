import { Agent } from 'undici'
import type { UpstreamOptions } from '../options.ts'
import { places } from '../places.ts'
import { tlsMaterial } from '../tls-material.ts'
import { upstreamConnector } from './connector.ts'
import { http2Requests } from './http2.ts'
import type { Pool } from './pools.ts'
import { codesOnly, loadReplyFrom } from './reply-from.ts'

/** What two upstreams must have in common to share connections. */
export interface PoolOptions {
  readonly origin: string
  readonly http2: boolean
  /** Milliseconds. */
  readonly timeout: number
  readonly connections: number
  readonly tls: NonNullable<UpstreamOptions['tls']>
}

/** @throws OptionsError */
export async function openPool ({ origin, http2, timeout, connections, tls: options }: PoolOptions, path: string, onTrouble: (detail: string) => void): Promise<Pool> {
  const tls = await tlsMaterial(options, `${path}.tls`, onTrouble)
  const connect = upstreamConnector(tls, timeout, http2)
  const from = await loadReplyFrom({
    disableRequestLogging: true,
    // Else close() would leave its connections open.
    destroyAgent: true,
    undici: codesOnly(http2 ? http2Requests(origin, connect) : new Agent({ connections, headersTimeout: timeout, bodyTimeout: timeout, connect }))
  })
  return { timeout, connections: places(connections), from, connect: http2 ? upstreamConnector(tls, timeout, false) : connect }
}
