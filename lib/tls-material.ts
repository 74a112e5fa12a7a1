import { createPrivateKey, X509Certificate } from 'node:crypto'
import { accessSync, constants } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { OptionsError } from './errors.ts'
import type { CertificateAuthorities, Secret, TlsOptions } from './options.ts'
import { renewed } from './renewed.ts'
import { authoritiesInFile, filesOf, resolveCertificateAuthorities, resolveSecret, secretInFile, textOf } from './secret.ts'

/** What a TLS connection to the authorization server, or to an upstream, is made with. */
export interface Secured {
  readonly ca?: string[]
  readonly cert?: string
  readonly key?: string
}

export interface TlsMaterial {
  /** The same object as long as nothing has changed. */
  current (): Secured
}

/**
 * CA, certificate and key of our connections (RFC 8705 section 2). Files are read again when they change: short-lived
 * certificates are renewed in their place. A new pair that is no pair keeps the old one, and so does a CA file without certificates.
 *
 * @param onTrouble - told of a new file that can't be used
 * @throws OptionsError
 */
export async function tlsMaterial (options: TlsOptions | undefined, path: string, onTrouble: (detail: string) => void): Promise<TlsMaterial> {
  const { ca, certificate, key } = options ?? {}
  if ((certificate === undefined) !== (key === undefined)) {
    throw new OptionsError(`${path}.${certificate === undefined ? 'certificate' : 'key'}: missing; allowed: certificate and key together`)
  }
  const pair = certificate === undefined || key === undefined ? () => none : await pairOf(certificate, key, path, onTrouble)
  return { current: joined(await authoritiesOf(ca, path, onTrouble), pair) }
}

const none: Secured = Object.freeze({})

async function authoritiesOf (ca: CertificateAuthorities | undefined, path: string, onTrouble: (detail: string) => void): Promise<() => Secured> {
  if (ca === undefined) return () => none
  const first: Secured = Object.freeze({ ca: [...await resolveCertificateAuthorities(ca, `${path}.ca`)] })
  return renewed(filesOf(ca), first, (known) => {
    const next = [...authoritiesInFile(filesOf(ca)[0] as string, `${path}.ca`)]
    return next.join() === known.ca?.join() ? known : Object.freeze({ ca: next })
  }, (error) => onTrouble(`the new CA file is not used: ${textOf(error)}`))
}

/** Both in one object, which stays the same as long as both do. */
function joined (...parts: ReadonlyArray<() => Secured>): () => Secured {
  let seen: readonly Secured[] = []
  let secured: Secured = {}
  return () => {
    const now = parts.map((part) => part())
    if (now.length === seen.length && now.every((part, index) => part === seen[index])) return secured
    seen = now
    secured = Object.freeze(Object.assign({}, ...now) as Secured)
    return secured
  }
}

async function pairOf (certificate: Secret, key: Secret, path: string, onTrouble: (detail: string) => void): Promise<() => Secured> {
  const first = Object.freeze({ cert: await resolveSecret(certificate, `${path}.certificate`), key: await resolveSecret(key, `${path}.key`) })
  const wrong = faultOf(first)
  if (wrong !== null) throw new OptionsError(`${path}.certificate: ${wrong}; allowed: a PEM certificate and its private key`)
  return renewed(filesOf(certificate, key), first, (known) => {
    const pair = { cert: again(certificate, path) ?? known.cert, key: again(key, path) ?? known.key }
    const wrong = faultOf(pair)
    if (wrong !== null) throw new OptionsError(wrong)
    return pair.cert === known.cert && pair.key === known.key ? known : Object.freeze(pair)
  }, (error) => onTrouble(`the new client certificate is not used: ${textOf(error)}`))
}

/** Null for what stands in no file, and for a file that is gone or can't be read; the pair is then judged with what was there before. */
function again (secret: Secret, path: string): string | null {
  return typeof secret === 'object' && 'file' in secret && isReadable(secret.file) ? secretInFile(secret, path) : null
}

function isReadable (file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}

const unfit = 'found a certificate and a key that do not fit'

function faultOf (pair: { cert: string, key: string }): string | null {
  try {
    // Also the certificates behind the first: no connection could be made with one that is cut off.
    createSecureContext(pair)
    return new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key)) ? null : unfit
  } catch {
    return unfit
  }
}
