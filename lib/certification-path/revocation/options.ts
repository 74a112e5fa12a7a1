import { hash } from 'node:crypto'
import type { Certificate } from '../certificate.ts'
import { largestCrl } from './crl.ts'
import { defaultClockTolerance } from './judge-ocsp.ts'
import { largestOcspResponse } from './ocsp-response.ts'
import { allowedHostsOf } from './permitted-url.ts'

export interface RevocationOptions {
  /** What the caller makes of `undetermined` (see `isAdmitted`): `hard` refuses, `soft` admits. `revoked` is refused in both. */
  readonly mode: 'soft' | 'hard'
  /** Files with CRLs, PEM or DER, also delta CRLs; read again when they change. */
  readonly crls?: readonly string[]
  /** Whether the distribution points in certificates are asked. Needs `allowedHosts`. */
  readonly fetchCrls?: boolean
  readonly ocsp?: {
    /** The responder: one for all issuers, or by the SHA-256 fingerprint (hex) of the issuer's certificate. It may have a private address. */
    readonly url?: string | Readonly<Record<string, string>>
    /** Whether the responders in certificates are asked. Needs `allowedHosts`. */
    readonly fromCertificates?: boolean
    /** Whether a nonce is sent and has to come back. */
    readonly requireNonce?: boolean
  }
  /** Hosts (with a port where it is not that of the scheme) that certificates may name. */
  readonly allowedHosts?: readonly string[]
  /** Whether these may have loopback, link-local, private and similar addresses. */
  readonly allowPrivateAddresses?: boolean
  /** Milliseconds for one download, 2000 by default. */
  readonly timeout?: number
  /** Milliseconds by which the clock of a responder may differ, 60000 by default. */
  readonly clockTolerance?: number
  /** Bytes of a CRL that is fetched, at most and by default 10485760. */
  readonly maxCrlBytes?: number
  /** Bytes of an OCSP response, at most and by default 65536. */
  readonly maxOcspBytes?: number
  /** CRLs that are kept, 64 by default. */
  readonly maxCrls?: number
  /** OCSP answers that are kept, 10000 by default. */
  readonly maxOcspAnswers?: number
  /** Milliseconds for which a CRL or an answer is kept at most, whatever its nextUpdate: a week by default. */
  readonly maxLife?: number
}

export interface CompiledOptions extends Required<Omit<RevocationOptions, 'ocsp' | 'allowedHosts'>> {
  readonly allowedHosts: ReadonlySet<string>
  readonly ocsp: {
    readonly isFromCertificates: boolean
    readonly requireNonce: boolean
    configured (issuer: Certificate): URL | null
  } | null
}

const defaults = Object.freeze({
  crls: [],
  fetchCrls: false,
  allowPrivateAddresses: false,
  timeout: 2000,
  clockTolerance: defaultClockTolerance,
  maxCrlBytes: largestCrl,
  maxOcspBytes: largestOcspResponse,
  maxCrls: 64,
  maxOcspAnswers: 10_000,
  maxLife: 604_800_000
})

const mostOf: Readonly<Record<string, readonly [number, number]>> = Object.freeze({
  timeout: [1, 60_000], clockTolerance: [0, 3_600_000], maxCrlBytes: [1, largestCrl], maxOcspBytes: [1, largestOcspResponse], maxCrls: [1, 10_000], maxOcspAnswers: [1, 1_000_000], maxLife: [1, 31_536_000_000]
})

/** @throws TypeError where an option is wrong, or nothing could ever be determined */
export function compileOptions (options: RevocationOptions): CompiledOptions {
  const { ocsp, ...rest } = options
  const compiled = { ...defaults, ...rest, allowedHosts: allowedHostsOf(options.allowedHosts ?? []), ocsp: ocsp === undefined ? null : compileOcsp(ocsp) }
  if (!['soft', 'hard'].includes(options.mode)) throw new TypeError('mode: neither soft nor hard')
  for (const [name, [least, most]] of Object.entries(mostOf)) {
    const value = compiled[name as keyof typeof defaults] as number
    if (!Number.isSafeInteger(value) || value < least || value > most) throw new TypeError(`${name}: not a number from ${least} to ${most}`)
  }
  if (compiled.crls.length === 0 && !compiled.fetchCrls && ocsp === undefined) throw new TypeError('no source: neither crls nor fetchCrls nor ocsp')
  if ((compiled.fetchCrls || compiled.ocsp?.isFromCertificates === true) && compiled.allowedHosts.size === 0) {
    throw new TypeError('allowedHosts: there is none, so nothing that a certificate names could be asked')
  }
  return Object.freeze(compiled)
}

function compileOcsp ({ url, fromCertificates = false, requireNonce = false }: NonNullable<RevocationOptions['ocsp']>): CompiledOptions['ocsp'] {
  if (url === undefined && !fromCertificates) throw new TypeError('ocsp: neither url nor fromCertificates')
  const forAll = typeof url === 'string' ? responderUrl(url, 'ocsp.url') : null
  const byIssuer = new Map(Object.entries(typeof url === 'object' ? url : {}).map(([fingerprint, one]) => {
    const key = fingerprint.replaceAll(':', '').toLowerCase()
    if (!/^[0-9a-f]{64}$/.test(key)) throw new TypeError('ocsp.url: a key that is not a SHA-256 fingerprint in hex')
    return [key, responderUrl(one, `ocsp.url.${fingerprint}`)]
  }))
  const configured = ({ der }: Certificate): URL | null => forAll ?? (byIssuer.size === 0 ? null : byIssuer.get(hash('sha256', der, 'hex')) ?? null)
  return Object.freeze({ isFromCertificates: fromCertificates, requireNonce, configured })
}

function responderUrl (text: string, path: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') throw new TypeError(`${path}: not an http or https URL without credentials`)
  return url
}
