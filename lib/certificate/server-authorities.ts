import { hash, X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { LRUCache } from 'lru-cache'
import type { PathValidator } from '../certification-path/index.ts'
import type { ServerTls } from './surroundings.ts'

/** The authorities that the server itself was given, and what they vouch for. */
export interface ServerAuthorities {
  /**
   * Whether one of them has issued the certificate that a peer has shown. That the handshake took it is not enough: a server has
   * other contexts, one for each name that clients may ask for (SNI), and one without a `ca` of its own believes every public authority.
   */
  vouchFor (socket: Partial<TLSSocket>, der: Buffer): boolean
  /** Loads what judges certificates; until then nobody is vouched for. */
  ready (): Promise<void>
}

const mostKnown = 1000
const longestChain = 10

export function serverAuthorities (server: ServerTls): ServerAuthorities {
  // A resumed session has the peer's certificate, but not its chain.
  const known = new LRUCache<string, { readonly by: PathValidator, readonly until: number }>({ max: mostKnown })
  let compile: ((authorities: unknown) => PathValidator | null) | null = null
  let ca: unknown
  let validator: PathValidator | null = null

  return {
    vouchFor (socket, der) {
      if (compile === null || socket.authorized !== true) return false
      // A server may be given others while it runs (`setSecureContext`).
      const now = server.authorities()
      if (now !== ca) {
        ca = now
        validator = compile(now)
      }
      if (validator === null) return false
      const thumbprint = hash('sha256', der, 'base64url')
      const before = known.get(thumbprint)
      if (before !== undefined && before.by === validator && before.until > Date.now()) return true
      const verdict = validator.validate(der, chainOf(socket), new Date())
      if (verdict.valid) known.set(thumbprint, { by: validator, until: verdict.goodUntil.getTime() })
      return verdict.valid
    },

    async ready () {
      if (compile !== null) return
      const { certificationPaths } = await import('../certification-path/index.ts')
      compile = (authorities) => {
        try {
          const anchors = dersOf(authorities)
          return anchors.length === 0 ? null : certificationPaths({ anchors })
        } catch {
          return null
        }
      }
    }
  }
}

function chainOf (socket: Partial<TLSSocket>): Buffer[] {
  const chain: Buffer[] = []
  let each = socket.getPeerCertificate?.(true)
  while (chain.length < longestChain && each?.issuerCertificate !== undefined && each.issuerCertificate !== each) {
    each = each.issuerCertificate as typeof each
    chain.push(each.raw)
  }
  return chain
}

/** What `ca` of a server may be: PEM of one or several, or DER; text or bytes, or a list of these. */
function dersOf (authorities: unknown): Uint8Array[] {
  return [authorities].flat(Infinity).flatMap((each) => {
    if (typeof each !== 'string' && !(each instanceof Uint8Array)) return []
    const pems = Buffer.from(each as string).toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
    return (pems ?? [each]).map((one) => new X509Certificate(one).raw)
  })
}
