import { hash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import { OptionsError } from '../errors.ts'
import { foldName } from '../field-name.ts'
import type { Secret, TrustedProxy } from '../options.ts'
import { keptSecret } from '../secret.ts'
import { proxyCertificate, type ProxyCertificate } from './proxy-certificate.ts'
import { nowhere, type Surroundings } from './surroundings.ts'
import { trustedAddresses } from './trusted-address.ts'

/** Who may write the certificate header. */
export interface TrustedPeers {
  /** The header in which a proxy proves itself by a secret; undefined where none does. */
  readonly secretHeader: string | undefined
  /**
   * Whether what arrived on a socket comes from one of them. What the socket itself tells is remembered on it.
   *
   * @param secret - the value of the header with the secret
   */
  isTrusted (socket: Socket, secret: string | undefined): boolean
  /** Resolves when it can tell; until then it trusts less. @throws OptionsError */
  ready (): Promise<void>
}

/** One alternative: all that is stated of it must hold. */
interface Proxy {
  isPeer (socket: Socket): boolean
  /** Null where the peer alone decides. */
  readonly secret: SharedSecret | null
  ready (): Promise<void>
}

interface SharedSecret {
  readonly header: string
  equals (value: string | undefined): boolean
  ready (): Promise<void>
}

/** Anybody may try: 32 characters of base64 are 192 bits. */
const shortestSecret = 32

/**
 * Any one of the entries is enough; of an entry with several members, all must hold.
 *
 * @throws OptionsError
 */
export function trustedPeers (trusted: readonly TrustedProxy[], path: string, surroundings: Surroundings = nowhere): TrustedPeers {
  const addresses = trusted.flatMap((entry, index) => typeof entry === 'string' ? [[entry, `${path}[${index}]`] as const] : [])
  const proxies = trusted.flatMap((entry, index) => typeof entry === 'string' ? [] : [proxyOf(entry, `${path}[${index}]`, surroundings)])
  if (addresses.length > 0) proxies.unshift({ isPeer: trustedAddresses(addresses), secret: null, async ready () {} })
  const headers = new Set(proxies.flatMap(({ secret }) => secret === null ? [] : [foldName(secret.header)]))
  if (headers.size > 1) throw new OptionsError(`${path}: found two names of headers with a secret; allowed: one name, with as many secrets as there are`)
  const kStanding = Symbol('fastify-bound-token.trusted-peer')
  type Remembering = Socket & { [kStanding]?: boolean | readonly SharedSecret[] }
  let isReady = addresses.length === trusted.length

  return {
    secretHeader: proxies.find(({ secret }) => secret !== null)?.secret?.header,

    isTrusted (socket, value) {
      const remembered = (socket as Remembering)[kStanding]
      if (typeof remembered === 'boolean') return remembered
      const standing = remembered ?? standingOf(socket)
      if (isReady) (socket as Remembering)[kStanding] = standing
      return typeof standing === 'boolean' ? standing : standing.some((secret) => secret.equals(value))
    },

    async ready () {
      await Promise.all(proxies.map(async (proxy) => { await proxy.ready() }))
      isReady = true
    }
  }

  /** What the socket tells by itself: trusted, not trusted, or by which secrets it would be. */
  function standingOf (socket: Socket): boolean | readonly SharedSecret[] {
    const peers = proxies.filter((proxy) => proxy.isPeer(socket))
    if (peers.some(({ secret }) => secret === null)) return true
    return peers.length > 0 && peers.flatMap(({ secret }) => secret ?? [])
  }
}

function proxyOf ({ addresses, clientCertificate, secretHeader }: Exclude<TrustedProxy, string>, path: string, surroundings: Surroundings): Proxy {
  if (addresses === undefined && clientCertificate === undefined && secretHeader === undefined) {
    throw new OptionsError(`${path}: found an empty object; allowed: addresses, clientCertificate, secretHeader, of which all that are stated must hold`)
  }
  const isAddress = addresses === undefined ? () => true : trustedAddresses(addresses.map((entry, index) => [entry, `${path}.addresses[${index}]`]))
  const certificate: ProxyCertificate | null = clientCertificate === undefined ? null : proxyCertificate(clientCertificate, `${path}.clientCertificate`, surroundings)
  const secret = secretHeader === undefined ? null : sharedSecret(secretHeader, `${path}.secretHeader`, surroundings)
  return {
    isPeer: (socket) => isAddress(socket) && certificate?.isShown(socket) !== false,
    secret,
    async ready () {
      await Promise.all([certificate?.ready(), secret?.ready()])
    }
  }
}

/** Compared by digests and in constant time, so that the time tells nothing of how much was right. */
function sharedSecret ({ name, value }: { name: string, value: Secret }, path: string, { onTrouble }: Surroundings): SharedSecret {
  let current: (() => string) | null = null
  let known = ''
  let digest = Buffer.alloc(0)

  function check (secret: string): void {
    if (secret.length < shortestSecret || !/^[\x21-\x7e]+$/.test(secret)) {
      const found = secret.length < shortestSecret ? `a secret of ${secret.length} characters` : 'a secret with white space or non-ASCII'
      throw new OptionsError(`${path}.value: found ${found}; allowed: at least ${shortestSecret} characters of visible ASCII`)
    }
  }

  return {
    header: name,

    equals (value) {
      if (current === null || value === undefined) return false
      const secret = current()
      if (secret !== known) {
        digest = hash('sha256', secret, 'buffer')
        known = secret
      }
      return timingSafeEqual(hash('sha256', value, 'buffer'), digest)
    },

    async ready () {
      current ??= await keptSecret(value, `${path}.value`, check, onTrouble)
    }
  }
}
