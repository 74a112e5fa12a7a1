import { candidate, type Candidate } from './candidate.ts'
import { parseCertificate, parseConfigured, type Certificate } from './certificate.ts'
import type { Allowance } from './der.ts'
import { fault, type Fault, type PathFault } from './faults.ts'
import { keyForm } from './key-form.ts'
import { defaultLimits, type Limits } from './limits.ts'
import type { PolicyOptions } from './policies.ts'
import type { Judgement } from './path-state.ts'
import { isFault, type Profile } from './profile.ts'
import { faultOfIssuer, faultOfLeaf, faultOfValidity, type UsageOptions } from './rules.ts'
import { findPath } from './search.ts'
import { verifier, type LastingVerdicts } from './verification.ts'

export interface TrustOptions extends UsageOptions, PolicyOptions {
  /** Trust anchors, DER: where a path may end, self-signed or not. */
  readonly anchors: readonly Uint8Array[]
  /** Certificates that clients need not send, DER. They are not trusted by themselves. */
  readonly intermediates?: readonly Uint8Array[]
  /** Whether a path may also end at one of `intermediates`. */
  readonly allowPartialChain?: boolean
  readonly limits?: Partial<Limits>
}

export type PathVerdict =
  | {
    readonly valid: true
    /** The client's certificate first, the trust anchor last. */
    readonly path: readonly Certificate[]
    /** The earliest `notAfter` in the path. */
    readonly goodUntil: Date
  }
  | { readonly valid: false, readonly reason: PathFault, readonly detail: string }

export interface PathValidator {
  /** Trust anchors that no path from another certificate can ever end at, and why. */
  readonly unusableAnchors: ReadonlyArray<{ readonly index: number, readonly reason: PathFault, readonly detail: string }>
  /**
   * Judges the certificate of a client (DER) at a time, with what came along with it in any order. Whatever the bytes are, it does not throw.
   * Takes a few milliseconds at most, whatever the bytes are.
   */
  validate (leaf: Uint8Array, chain: readonly Uint8Array[], at: Date): PathVerdict
}

const largestConfigured = 1_048_576

/**
 * Compiles what an operator trusts.
 *
 * @throws TypeError where a certificate cannot be read, or there is no anchor
 */
export function certificationPaths (options: TrustOptions): PathValidator {
  const limits: Limits = Object.freeze({ ...defaultLimits, ...options.limits })
  const wrongLimit = Object.entries(limits).find(([, value]) => !Number.isSafeInteger(value) || value < 0)
  if (wrongLimit !== undefined) throw new TypeError(`limits.${wrongLimit[0]} is not a number from 0 on`)
  if (![options.anchors, options.intermediates ?? []].every(Array.isArray)) throw new TypeError('anchors and intermediates are lists of certificates in DER')
  const given = readConfigured(options.anchors, 'anchors')
  const intermediates = readConfigured(options.intermediates ?? [], 'intermediates')
  const anchors = distinct([...given, ...options.allowPartialChain === true ? intermediates : []])
  if (anchors.length === 0) throw new TypeError('anchors: there is none')
  const configured = distinct([...given, ...intermediates])
  const lasting: LastingVerdicts = new WeakMap()

  const judge = (leaf: Candidate, chain: readonly Candidate[], at: Date): readonly Candidate[] | Fault => {
    const early = faultOfValidity(leaf.certificate, at, true)
    if (early !== null) return early
    const profile: Profile | Fault = leaf.profile()
    if (isFault(profile)) return profile
    const pinned = anchors.find(({ digest }) => digest === leaf.digest)
    const wrong = faultOfLeaf(profile, pinned !== undefined && profile.isSelfIssued, options)
    if (wrong !== null) return wrong
    if (pinned !== undefined) return [leaf]
    const judgement: Judgement = {
      at, options, mostIntermediates: limits.intermediates, verify: verifier(limits.signatures, lasting), budget: { left: limits.comparisons }
    }
    return findPath(leaf, profile, anchors, distinct([...configured, ...chain]), limits.steps, judgement)
  }

  const unusableAnchors = Object.freeze(given.flatMap((one, index) => {
    const profile = one.profile()
    const wrong = isFault(profile) ? profile : faultOfIssuer(one.certificate, profile)
    return wrong === null ? [] : [{ index, ...wrong }]
  }))

  return Object.freeze({
    unusableAnchors,

    validate (bytes: Uint8Array, sent: readonly Uint8Array[], at: Date): PathVerdict {
      if (!(bytes instanceof Uint8Array) || !Array.isArray(sent) || !sent.every((each) => each instanceof Uint8Array) || !(at instanceof Date)) {
        throw new TypeError('validate takes a certificate in DER, a list of certificates in DER, and a Date')
      }
      const size = sent.reduce((sum, { length }) => sum + length, bytes.length)
      if (sent.length > limits.certificates || size > limits.bytes) return refused(fault('limit_exceeded', 'more certificates or bytes than the limit'))
      const allowance: Allowance = { left: limits.values }
      const leaf = readOrNull(bytes, limits.bytes, allowance)
      const chain = sent.map((der) => readOrNull(der, limits.bytes, allowance)).filter((one) => one !== null)
      if (allowance.left < 0) return refused(fault('limit_exceeded', 'more values in the certificates than the limit'))
      if (leaf === null && keyForm(bytes) === 'curve') return refused(fault('key_weak', 'a curve that is written out'))
      if (leaf === null) return refused(fault('leaf_malformed', 'not exactly one certificate in DER'))
      const found = judge(leaf, chain, at)
      if (!isFault(found)) return accepted(found)
      const unread = found.reason === 'no_path' && chain.length < sent.length ? `; ${sent.length - chain.length} certificates beside it cannot be read` : ''
      return refused(fault(found.reason, `${found.detail}${unread}`))
    }
  })
}

function readConfigured (list: readonly Uint8Array[], name: string): readonly Candidate[] {
  return list.map((der, index) => {
    try {
      const one = candidate(parseConfigured(der, largestConfigured, { left: largestConfigured }), true)
      // Read now: what an operator configured is no work of a request.
      one.profile()
      return one
    } catch (error) {
      throw new TypeError(`${name}[${index}]: ${(error as Error).message}`)
    }
  })
}

function readOrNull (der: Uint8Array, mostBytes: number, allowance: Allowance): Candidate | null {
  try {
    return candidate(parseCertificate(der, mostBytes, allowance), false)
  } catch {
    return null
  }
}

/** Each certificate once; of equals the first stays, which is the configured one. */
function distinct (candidates: readonly Candidate[]): readonly Candidate[] {
  return [...new Map([...candidates].reverse().map((one) => [one.digest, one])).values()].reverse()
}

function refused ({ reason, detail }: Fault): PathVerdict {
  return Object.freeze({ valid: false, reason, detail })
}

function accepted (path: readonly Candidate[]): PathVerdict {
  const certificates = Object.freeze(path.map(({ certificate }) => certificate).reverse())
  const goodUntil = new Date(Math.min(...certificates.map(({ notAfter }) => notAfter)))
  return Object.freeze({ valid: true, path: certificates, goodUntil })
}
