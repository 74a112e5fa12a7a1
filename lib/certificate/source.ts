import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { LRUCache } from 'lru-cache'
import type { CertificateDecoder } from '../../types/client-certificate.ts'
import { isRefusal, refuse } from '../errors.ts'
import type { RequestFields } from '../request-fields.ts'
import { presentCertificate, presentThumbprint, refuseUnlessOneCertificate, type PresentedCertificate } from './client-certificate.ts'
import { isPlaceholder } from './placeholder.ts'

/** Why there is no certificate. Not an error by itself: a route may do without one. */
export type Absence = 'certificate_missing' | 'certificate_placeholder'

/** A certificate and the header value that it was read from, so that the same value need not be read twice. */
export interface RememberedCertificate {
  readonly source: CertificateSource
  readonly value: string
  readonly presented: PresentedCertificate
}

export interface CertificateSource {
  /** Whether a thumbprint may come in without its certificate. */
  readonly mayLackCertificate: boolean
  /** What the header with the certificate and the one with the verdict are called: each may stand once, under no alias. */
  readonly fields: { readonly certificate?: string, readonly verdict?: string }
  /**
   * The certificate of a request.
   *
   * @param remembered - the one last found to carry the token's thumbprint
   * @returns the certificate, or why there is none; throws a refusal for anything in between
   */
  read (fields: RequestFields, socket: Socket, remembered: RememberedCertificate | undefined): RememberedCertificate | Absence
  /**
   * What to remember of a certificate that a token was found to be bound to: one copy for all tokens of one certificate, since
   * its header value is longer than everything else that is kept of a token.
   */
  share (proven: RememberedCertificate): RememberedCertificate
}

export interface HeaderSourceOptions {
  readonly header: string
  /** What a value holds: a certificate, or only the thumbprint of one. */
  readonly decode: (value: string) => Decoded
  readonly mayLackCertificate: boolean
  /** Whether a comma belongs to the format. */
  readonly hasCommas: boolean
  readonly isTrusted: (socket: Socket) => boolean
  readonly verified: { readonly header: string, readonly value: string } | false
  readonly maxBytes: number
}

export type Decoded = { readonly der: Uint8Array } | { readonly digest: Buffer }

/** Certificates to share; only those that some token is bound to, so that nobody else can fill the room. */
const maxShared = 5000

/** The certificate that a TLS terminator wrote into a header. */
export function headerSource ({ header, decode, mayLackCertificate, hasCommas, isTrusted, verified, maxBytes }: HeaderSourceOptions): CertificateSource {
  const shared = new LRUCache<string, RememberedCertificate>({ max: maxShared })

  const source: CertificateSource = {
    mayLackCertificate,
    fields: { certificate: header, ...(verified === false ? {} : { verdict: verified.header }) },

    read ({ certificate: value, verdict }, socket, remembered) {
      if (value === undefined) return 'certificate_missing'
      if (!isTrusted(socket)) throw refuse('certificate_source_untrusted')
      const isRemembered = remembered !== undefined && remembered.source === source && remembered.value === value
      if (!isRemembered && isPlaceholder(value)) return 'certificate_placeholder'
      if (verified !== false && verdict !== verified.value) throw refuse('certificate_unverified')
      if (isRemembered) return remembered
      return Object.freeze({ source, value, presented: readValue(value) })
    },

    share (proven) {
      const { thumbprint } = proven.presented.certificate
      const seen = shared.get(thumbprint)
      if (seen !== undefined && seen.value === proven.value) return seen
      shared.set(thumbprint, proven)
      return proven
    }
  }
  return Object.freeze(source)

  function readValue (value: string): PresentedCertificate {
    if (value.length > maxBytes) throw refuse('certificate_too_large')
    if (!hasCommas && value.includes(',')) throw refuse('certificate_ambiguous', 'a comma, as a proxy leaves it when it joins two lines')
    const decoded = decode(value)
    if ('digest' in decoded) return presentThumbprint(decoded.digest)
    const der = Buffer.from(decoded.der)
    const presented = presentCertificate(der)
    const seen = shared.get(presented.certificate.thumbprint)
    // The same digest is the same certificate: parsing it again, which costs more than everything else here, tells nothing new.
    if (seen?.presented.isWhole === true) return seen.presented
    refuseUnlessOneCertificate(der)
    return presented
  }
}

/** Of a decoder that gives a certificate. */
export function certificateBy (decode: CertificateDecoder): (value: string) => Decoded {
  return (value) => ({ der: decodeStrictly(decode, value) })
}

/** A decoder of the user's own may throw anything; none of it goes further, since its message may hold the value. */
function decodeStrictly (decode: CertificateDecoder, value: string): Buffer {
  let der: unknown
  try {
    der = decode(value)
  } catch (error) {
    throw isRefusal(error) ? error : refuse('certificate_malformed', 'the decoder threw')
  }
  if (der instanceof Uint8Array) return Buffer.from(der)
  // An async decoder does not fit; what it rejects with must not end the process.
  Promise.resolve(der).catch(() => {})
  throw refuse('certificate_malformed', 'the decoder gave no bytes')
}

/** The certificate of the TLS connection, where Fastify itself terminates TLS. */
export function tlsSource (): CertificateSource {
  const kCertificate = Symbol('fastify-bound-token.peer-certificate')
  type Remembering = TLSSocket & { [kCertificate]?: RememberedCertificate }

  const source: CertificateSource = {
    mayLackCertificate: false,
    fields: {},

    read (_fields, socket) {
      const remembered = (socket as Remembering)[kCertificate]
      if (remembered !== undefined) return remembered
      const der = (socket as TLSSocket).getPeerX509Certificate?.()?.raw
      if (der === undefined) return 'certificate_missing'
      const certificate = Object.freeze({ source, value: '', presented: presentCertificate(der) })
      // Another handshake on this connection could bring another certificate; none is accepted (RFC 9440 section 1.2).
      ;(socket as TLSSocket).disableRenegotiation()
      ;(socket as Remembering)[kCertificate] = certificate
      return certificate
    },

    share: (proven) => proven
  }
  return Object.freeze(source)
}
