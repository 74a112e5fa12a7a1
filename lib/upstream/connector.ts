import { buildConnector } from 'undici'
import type { TlsMaterial } from '../tls-material.ts'

/**
 * Makes connections to an upstream, and verifies whom they lead to. When CA, certificate or key were renewed, new connections are
 * made with the new ones, and no TLS session of the old ones is resumed.
 *
 * @param timeout - milliseconds until a connection must be made
 * @param http2 - whether HTTP/2 is offered, by ALPN
 */
export function upstreamConnector (tls: TlsMaterial, timeout: number, http2: boolean): buildConnector.connector {
  let secured = tls.current()
  let connect = newConnector()
  return (options, callback) => {
    const now = tls.current()
    if (now !== secured) {
      secured = now
      connect = newConnector()
    }
    return connect(options, callback)
  }

  function newConnector (): buildConnector.connector {
    // reply-from does not verify certificates unless told to.
    return buildConnector({ timeout, rejectUnauthorized: true, allowH2: http2, ...secured })
  }
}
