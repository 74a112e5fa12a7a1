import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { OptionsError } from '../errors.ts'
import type { TlsOptions } from '../options.ts'
import { resolveCertificateAuthorities, resolveSecret } from '../secret.ts'

/** What a TLS connection to the authorization server is made with. */
export interface Secured {
  readonly ca?: string[]
  readonly cert?: string
  readonly key?: string
}

export interface TlsMaterial {
  /** The same object as long as nothing has changed. */
  current (): Secured
}

/** A secret that stands in a file. */
interface Source {
  readonly file: string
  readonly encoding?: 'base64'
}

/** Least milliseconds between two looks at the files. */
const lookEvery = 1000

/**
 * CA, certificate and key of our connections (RFC 8705 section 2). Files are read again when they change: short-lived
 * certificates are renewed in their place. A new pair that is no pair keeps the old one.
 *
 * @param onTrouble - told of a new file that can't be used
 * @throws OptionsError
 */
export async function tlsMaterial (options: TlsOptions | undefined, path: string, onTrouble: (detail: string) => void): Promise<TlsMaterial> {
  const { ca, certificate, key } = options ?? {}
  if ((certificate === undefined) !== (key === undefined)) {
    throw new OptionsError(`${path}.${certificate === undefined ? 'certificate' : 'key'}: missing; allowed: certificate and key together`)
  }
  const authorities = ca === undefined ? {} : { ca: [...await resolveCertificateAuthorities(ca, `${path}.ca`)] }
  if (certificate === undefined || key === undefined) return fixed(Object.freeze(authorities))
  const pair = { cert: await resolveSecret(certificate, `${path}.certificate`), key: await resolveSecret(key, `${path}.key`) }
  const wrong = faultOf(pair)
  if (wrong !== null) throw new OptionsError(`${path}.certificate: ${wrong}; allowed: a PEM certificate and its private key`)
  const sources = [certificate, key].map((source) => typeof source === 'object' && 'file' in source ? source : null)
  if (sources.every((source) => source === null)) return fixed(Object.freeze({ ...authorities, ...pair }))
  return renewed(authorities, pair, sources as [Source | null, Source | null], onTrouble)
}

function fixed (secured: Secured): TlsMaterial {
  return { current: () => secured }
}

function renewed (authorities: Pick<Secured, 'ca'>, first: { cert: string, key: string }, [cert, key]: [Source | null, Source | null], onTrouble: (detail: string) => void): TlsMaterial {
  let secured: Secured & typeof first = Object.freeze({ ...authorities, ...first })
  // Not what they are now: they may have changed since they were read.
  let seen = ''
  let lookedAt = Date.now()

  return {
    current () {
      const now = Date.now()
      if (now - lookedAt < lookEvery && now >= lookedAt) return secured
      lookedAt = now
      const stamp = stamps()
      if (stamp === seen) return secured
      seen = stamp
      const pair = { cert: read(cert) ?? secured.cert, key: read(key) ?? secured.key }
      const wrong = faultOf(pair)
      if (wrong !== null) onTrouble(`the new client certificate is not used: ${wrong}`)
      else if (pair.cert !== secured.cert || pair.key !== secured.key) secured = Object.freeze({ ...authorities, ...pair })
      return secured
    }
  }

  function stamps (): string {
    return [cert, key].map(stampOf).join(' ')
  }
}

/** What changes when a file does; nothing for one that can't be looked at. */
function stampOf (source: Source | null): string {
  try {
    const { mtimeNs, size, ino } = statSync(source?.file ?? '', { bigint: true })
    return `${mtimeNs}:${size}:${ino}`
  } catch {
    return ''
  }
}

/** Null for a file that is gone or can't be read; the pair is then judged with what was there before. */
function read (source: Source | null): string | null {
  try {
    if (source === null) return null
    const text = readFileSync(source.file, 'utf8').replace(/\r?\n$/, '')
    return source.encoding === undefined ? text : Buffer.from(text, source.encoding).toString('utf8')
  } catch {
    return null
  }
}

const unfit = 'found a certificate and a key that do not fit'

function faultOf (pair: { cert: string, key: string }): string | null {
  try {
    return new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key)) ? null : unfit
  } catch {
    return unfit
  }
}
