import { hash } from 'node:crypto'
import { chainFormats, type ChainFormatName } from '../../lib/certificate/chain-formats.ts'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import { formatNames, formats } from '../../lib/certificate/formats.ts'
import type { RememberedCertificate } from '../../lib/certificate/source.ts'
import { thumbprintFormats } from '../../lib/certificate/thumbprint-formats.ts'
import { readXfcc } from '../../lib/certificate/xfcc.ts'
import { requestFields } from '../../lib/request-fields.ts'
import { socketFrom } from '../certificate/inbound.ts'
import { isOneSequence } from '../certificate/one-sequence.ts'
import { certificates, corpusOf, spellingsOf, type Corpus } from './corpus.ts'
import type { Random } from './random.ts'
import { chainSaidBy, saidBy } from './said-by.ts'
import { nearToken, warmGuard } from './warm-guard.ts'

/** One decoder, the source around it, or the guard around that. */
export interface Target {
  /** How the values are written, by the name that `spellingsOf` knows. */
  readonly format: string
  readonly corpus: Corpus
  /** What is made of a value: bytes, or null where there is no certificate; it throws a refusal. */
  read (value: string, random: Random): Uint8Array | null
  /** What has to come out, if anything does. */
  said (value: string): Uint8Array | null
  /** Whether nothing may be refused that says something. */
  readonly takesAllThatIsSaid: boolean
}

const sha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer')
const isThumbprint = (format: string): boolean => format in thumbprintFormats

function decoderTarget (format: keyof typeof saidBy): Target {
  const certificate = formats[format as keyof typeof formats]
  const thumbprint = thumbprintFormats[format as keyof typeof thumbprintFormats]
  return {
    format,
    corpus: corpusOf(format),
    read: (value) => format in formats ? certificate(value) : isThumbprint(format) ? thumbprint(value) : xfccBytes(value),
    said: saidBy[format],
    // What XFCC may hold beside a certificate has rules of its own.
    takesAllThatIsSaid: format !== 'xfcc'
  }
}

function xfccBytes (value: string): Uint8Array {
  const element = readXfcc(value, { elements: 1, client: 'last' })
  return 'der' in element ? element.der : element.digest
}

const proxy = socketFrom('10.0.0.5')
const stranger = socketFrom('10.0.0.6')
const verdict = ['x-ssl-verify', 'SUCCESS']

// What stands beside the certificate: lines that change nothing, and lines of which each is enough to refuse it.
const harmless: ReadonlyArray<readonly string[]> = [verdict, ['X-SSL-VERIFY', 'SUCCESS'], [...verdict, 'X-Other', 'a'], [...verdict, 'Client-Cert', ':AAAA:', 'Connection', 'keep-alive']]
const harmful: ReadonlyArray<readonly string[]> = [
  [], [...verdict, ...verdict], ['x-ssl-verify', 'NONE'], ['x_ssl_verify', 'SUCCESS'],
  ...[
    ['x_ssl_cert', 'a'], ['X.SSL.Cert', ''], ['X-SSL-Cert', ''], ['x-ssl-CERT', '(null)'], ['X_SSL_VERIFY', 'SUCCESS'], ['Connection', 'close, X-SSL-Cert'], ['connection', 'x_ssl-verify']
  ].map((line) => [...verdict, ...line])
]

/** All of it: lines, peer, verdict, placeholder, size, decoder, one certificate. What comes out is the thumbprint. */
function sourceTarget (format: keyof typeof saidBy): Target {
  const source = compileCertificateSource({
    preset: 'nginx', format, trustedProxies: ['10.0.0.5'], verified: { header: 'x-ssl-verify', value: 'SUCCESS' }
  }, 'certificate')
  const fieldsOf = requestFields(source.fields)
  let remembered: RememberedCertificate | undefined
  return {
    format,
    corpus: corpusOf(format),
    read (value, random) {
      const isTrusted = random.below(32) !== 0
      const isHarmless = random.below(8) !== 0
      const lines = ['X-SSL-Cert', withoutBlanks(value)]
      const beside = random.of(isHarmless ? harmless : harmful)
      const outcome = source.read(fieldsOf(random.below(2) === 0 ? [...lines, ...beside] : [...beside, ...lines]), isTrusted ? proxy : stranger, remembered)
      if (typeof outcome === 'string') return null
      if (!isTrusted || !isHarmless) throw new Error(`taken ${isTrusted ? `beside ${beside.join()}` : 'from a stranger'}`)
      remembered = random.below(2) === 0 ? source.share(outcome) : undefined
      return Buffer.from(outcome.presented.certificate.thumbprint, 'base64url')
    },
    said (value) {
      const bytes = saidBy[format](withoutBlanks(value))
      const isDigest = isThumbprint(format) || (format === 'xfcc' && bytes?.length === 32)
      if (bytes === null || isDigest) return bytes
      return isOneSequence(bytes) ? sha256(bytes) : null
    },
    takesAllThatIsSaid: false
  }
}

/**
 * The guard that has just let in the owner of the value that this one was most likely made from. It must say of each what it says
 * when nothing is remembered; what comes out is the thumbprint with which somebody is let in.
 */
function warmTarget (): Target {
  const format = 'url-pem'
  const thumbprints = certificates.map((der) => sha256(der).toString('base64url'))
  const { tokenOf, warmed, cold } = warmGuard(thumbprints)
  const remembered = certificates.flatMap((der, owner) => spellingsOf(format).map((spell) => ({ owner, value: spell(der) })))
  return {
    format,
    corpus: corpusOf(format),
    read (value, random) {
      const nearest = nearestOf(remembered, value)
      const isFromProxy = random.below(16) !== 0
      const token = random.below(8) === 0 ? nearToken(tokenOf(nearest.owner), random) : tokenOf(random.below(8) === 0 ? random.below(certificates.length) : nearest.owner)
      const shown = { token: withoutBlanks(token), value: withoutBlanks(value), isFromProxy }
      const [known, unknown] = [warmed(nearest.value, nearest.owner, shown), cold(shown)]
      if (JSON.stringify(known) !== JSON.stringify(unknown)) throw new Error(`${JSON.stringify(known)} warm, ${JSON.stringify(unknown)} cold, with the token ${JSON.stringify(token)}`)
      if (typeof known === 'string') return null
      if (!isFromProxy) throw new Error('taken from a stranger')
      if (shown.token !== tokenOf(thumbprints.indexOf(known.thumbprint))) throw new Error(`taken with the token ${JSON.stringify(token)}`)
      return Buffer.from(known.thumbprint, 'base64url')
    },
    said (value) {
      const der = saidBy[format](withoutBlanks(value))
      return der === null ? null : sha256(der)
    },
    takesAllThatIsSaid: false
  }
}

/** The one that has most of its beginning and its end in common with the value. */
function nearestOf<Named extends { readonly value: string }> (all: readonly Named[], value: string): Named {
  let [nearest, most] = [all[0] as Named, -1]
  for (const each of all) {
    const common = inCommon(each.value, value)
    if (common > most) [nearest, most] = [each, common]
  }
  return nearest
}

function inCommon (one: string, other: string): number {
  const shorter = Math.min(one.length, other.length)
  let [before, after] = [0, 0]
  while (before < shorter && one.charCodeAt(before) === other.charCodeAt(before)) before++
  while (after < shorter - before && one.charCodeAt(one.length - 1 - after) === other.charCodeAt(other.length - 1 - after)) after++
  return before + after
}

/** As Node's parser hands a value on. */
function withoutBlanks (value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, '')
}

function chainTarget (format: ChainFormatName): Target {
  return {
    format: `chain:${format}`,
    corpus: corpusOf(`chain:${format}`),
    read: (value) => framed(chainFormats[format](value)),
    said (value) {
      const said = chainSaidBy[format](value)
      return said === null ? null : framed(said)
    },
    takesAllThatIsSaid: true
  }
}

/** Certificates in one piece that tells where each ends. */
function framed (certificates: readonly Uint8Array[]): Buffer {
  return Buffer.concat(certificates.flatMap((der) => [Buffer.from(`${der.length} `), der]))
}

/**
 * By name: each decoder by its format, `source:` before it for the whole of it, `chain:` for several certificates in one header;
 * `guard:warm` for the guard with everything remembered.
 */
export const targets: Readonly<Record<string, () => Target>> = Object.fromEntries(formatNames.flatMap((format) => [
  [format, () => decoderTarget(format)],
  [`source:${format}`, () => sourceTarget(format)]
]).concat((Object.keys(chainFormats) as ChainFormatName[]).map((format) => [`chain:${format}`, () => chainTarget(format)]), [['guard:warm', warmTarget]]))
