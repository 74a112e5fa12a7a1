import type { Socket } from 'node:net'
import { LRUCache } from 'lru-cache'
import type { RevocationStats } from '../../types/bound-token.ts'
import type { CertificateDecoder } from '../../types/client-certificate.ts'
import { isRefusal, refuse } from '../errors.ts'
import type { FieldNames, RequestFields } from '../request-fields.ts'
import { checked, readChain, type ChainOptions } from './chain.ts'
import { presentCertificate, presentThumbprint, refuseUnlessOneCertificate, type PresentedCertificate } from './client-certificate.ts'
import { isPlaceholder } from './placeholder.ts'
import type { Standing, Trust } from './trust.ts'

/** Why there is no certificate. Not an error by itself: a route may do without one. */
export type Absence = 'certificate_missing' | 'certificate_placeholder'

/** A certificate and the header values that it was read from, so that the same values need not be read twice. */
export interface RememberedCertificate {
  readonly source: CertificateSource
  readonly value: string
  readonly chain: string | undefined
  readonly presented: PresentedCertificate
  readonly standing: Standing
}

export interface CertificateSource {
  /** Whether a thumbprint may come in without its certificate. */
  readonly mayLackCertificate: boolean
  /** What the headers are called that it reads: none may stand under an alias, and only a chain twice. */
  readonly fields: FieldNames
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
  /** Whether a certificate is known to be trusted, as far as that is asked for. */
  isTrusted (certificate: RememberedCertificate, now: number): boolean
  /** Finds it out. Rejects with a refusal where it is not. */
  judge (certificate: RememberedCertificate): Promise<void>
  /** Null where nobody asks whether certificates are revoked. */
  revocationStats (): RevocationStats | null
  close (): Promise<void>
  /** Resolves when everything that it needs is loaded; until then it lets nobody in who needs that. @throws OptionsError */
  ready (): Promise<void>
}

export interface HeaderSourceOptions {
  readonly header: string
  /** What a value holds: a certificate, or only the thumbprint of one. */
  readonly decode: (value: string) => Decoded
  /** Whether a value may be good now and bad later, as one that a decoder of the user's own finds expired: read again with each new token. */
  readonly readsAnew?: boolean
  readonly mayLackCertificate: boolean
  /** Whether a comma belongs to the format. */
  readonly hasCommas: boolean
  /** @param secret - the value of the header that a proxy proves itself with */
  readonly isTrusted: (socket: Socket, secret: string | undefined) => boolean
  readonly secretHeader?: string | undefined
  readonly verified: { readonly header: string, readonly value: string } | false
  /** A header with further certificates. */
  readonly chain?: ChainOptions & { readonly header: string } | undefined
  readonly match?: CertificateMatch | undefined
  readonly trust?: Trust | undefined
  readonly maxBytes: number
  ready? (): Promise<void>
}

/** A chain is one that stood in the same value. */
export type Decoded = { readonly der: Uint8Array, readonly chain?: readonly Uint8Array[] } | { readonly digest: Buffer }

/** Which certificates are taken at all. */
export interface CertificateMatch {
  /** @throws Refusal for others */
  refuseOthers (der: Uint8Array): void
  ready (): Promise<void>
}

/** Certificates to share; only those that some token is bound to, so that nobody else can fill the room. */
const maxShared = 5000

/** Where most formats have the signature, which no two certificates have in common: the whole value takes longer to look up than to decode. */
const endingOf = (value: string): string => value.slice(-120, -40)

/** The certificate that a TLS terminator wrote into a header. */
export function headerSource (options: HeaderSourceOptions): CertificateSource {
  const { header, decode, mayLackCertificate, hasCommas, isTrusted, verified, chain, match, trust, maxBytes } = options
  const byEnding = new Map<string, RememberedCertificate>()
  const shared = new LRUCache<string, RememberedCertificate>({ max: maxShared, dispose: ({ value }) => { byEnding.delete(endingOf(value)) } })

  const source: CertificateSource = {
    mayLackCertificate,
    fields: Object.freeze({ certificate: header, ...verified !== false && { verdict: verified.header }, ...chain && { chain: chain.header }, ...options.secretHeader !== undefined && { secret: options.secretHeader } }),

    read ({ certificate: value, verdict, chain: chainValue, secret }, socket, remembered) {
      if (value === undefined) return 'certificate_missing'
      if (!isTrusted(socket, secret)) throw refuse('certificate_source_untrusted')
      // A token that is new may come with a certificate that is not.
      const known = isReadFrom(remembered, value, chainValue) ? remembered : byEnding.get(endingOf(value))
      const isKnown = isReadFrom(known, value, chainValue)
      if (!isKnown && isPlaceholder(value)) return 'certificate_placeholder'
      if (verified !== false && verdict !== verified.value) throw refuse('certificate_unverified')
      if (isKnown) return known
      return Object.freeze({ source, value, chain: chainValue, presented: readValue(value, chainValue), standing: { goodFrom: 0, goodUntil: 0, judgedBy: null } })
    },

    share (proven) {
      const { thumbprint } = proven.presented.certificate
      const seen = shared.get(thumbprint)
      if (seen !== undefined && seen.value === proven.value && seen.chain === proven.chain) {
        Object.assign(seen.standing, proven.standing)
        return seen
      }
      shared.set(thumbprint, proven)
      if (options.readsAnew !== true) byEnding.set(endingOf(proven.value), proven)
      return proven
    },

    isTrusted: ({ standing }, now) => trust === undefined || trust.counts(standing, now),

    async judge ({ presented, standing }) {
      await trust?.judge(presented, standing)
    },

    revocationStats: () => trust?.stats() ?? null,

    async ready () {
      await Promise.all([options.ready?.(), match?.ready(), trust?.ready()])
    },

    async close () {
      await trust?.close()
    }
  }
  return Object.freeze(source)

  /** Nothing less than the same values of this very source. */
  function isReadFrom (known: RememberedCertificate | undefined, value: string, chainValue: string | undefined): known is RememberedCertificate {
    return known !== undefined && known.source === source && known.value === value && known.chain === chainValue
  }

  function readValue (value: string, chainValue: string | undefined): PresentedCertificate {
    if (value.length > maxBytes) throw refuse('certificate_too_large')
    if (!hasCommas && value.includes(',')) throw refuse('certificate_ambiguous', 'a comma, as a proxy leaves it when it joins two lines')
    const decoded = decode(value)
    if ('digest' in decoded) {
      if (match !== undefined) throw refuse('certificate_not_allowed', 'a thumbprint has no names')
      if (trust !== undefined) throw refuse('certificate_untrusted', 'a thumbprint has no issuer')
      return presentThumbprint(decoded.digest)
    }
    const der = Buffer.from(decoded.der)
    const further = chain === undefined ? checked(decoded.chain ?? []) : readChain(chainValue, der, chain)
    const presented = presentCertificate(der, further)
    const seen = shared.get(presented.certificate.thumbprint)
    // The same digest is the same certificate: parsing it again, which costs more than everything else here, tells nothing new.
    if (seen?.presented.isWhole === true) return further.length === 0 && seen.presented.chain.length === 0 ? seen.presented : presented
    refuseUnlessOneCertificate(der)
    match?.refuseOthers(der)
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
