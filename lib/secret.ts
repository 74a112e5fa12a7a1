import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { OptionsError } from './errors.ts'
import type { CertificateAuthorities, Secret } from './options.ts'
import { renewed } from './renewed.ts'

/**
 * The value that a secret stands for, now; its text never stands in an error.
 *
 * @throws OptionsError when there is none, so that nothing starts with an empty secret
 */
export async function resolveSecret (secret: Secret, path: string): Promise<string> {
  return decode(secret, await storedForm(secret, path), path)
}

/**
 * The same for as long as it is needed: a file is read again when it changes, and one that can't be used keeps what there was.
 *
 * @param check - throws an OptionsError for a value that is none for this purpose
 * @param onTrouble - told of a new file that can't be used
 */
export async function keptSecret (secret: Secret, path: string, check: (value: string) => void, onTrouble: (detail: string) => void): Promise<() => string> {
  const checked = (value: string): string => { check(value); return value }
  const first = checked(await resolveSecret(secret, path))
  return renewed(filesOf(secret), first, () => checked(secretInFile(secret as { file: string }, path)), (error) => onTrouble(`the new file is not used: ${textOf(error)}`))
}

/** Where secrets and certificates stand in files, the paths of these. */
export function filesOf (...sources: ReadonlyArray<Secret | CertificateAuthorities | undefined>): string[] {
  return sources.flatMap((source) => typeof source === 'object' && 'file' in source ? [source.file] : [])
}

/** A secret that stands in a file, read at once. @throws OptionsError */
export function secretInFile (secret: { readonly file: string, readonly encoding?: 'base64' }, path: string): string {
  return decode(secret, withoutLineBreak(readTextNow(secret.file, path)), path)
}

function decode (secret: Secret, stored: string, path: string): string {
  if (stored === '') throw new OptionsError(`${path}: found an empty secret; allowed: a string that is not empty`)
  if (typeof secret !== 'object' || secret.encoding === undefined) return stored
  const bytes = Buffer.from(stored.trim(), 'base64')
  const decoded = bytes.toString('utf8')
  if (bytes.length === 0 || bytes.toString('base64').replace(/=+$/, '') !== stored.trim().replace(/=+$/, '')) {
    throw new OptionsError(`${path}: found something that is not base64; allowed: base64, as \`encoding\` says`)
  }
  return decoded
}

async function storedForm (secret: Secret, path: string): Promise<string> {
  if (typeof secret === 'string') return secret
  if (typeof secret === 'function') {
    const value: unknown = await givenBy(secret, path)
    if (typeof value !== 'string') throw new OptionsError(`${path}: the function gave no string`)
    return value
  }
  if ('env' in secret) {
    const value = process.env[secret.env]
    if (value === undefined) throw new OptionsError(`${path}: the environment variable ${secret.env} is not set`)
    return value
  }
  return withoutLineBreak(await readText(secret.file, path))
}

/** Milliseconds. */
const longestWait = 10_000

/** A function may hang or throw anything; what it throws may hold the secret. */
async function givenBy (secret: () => unknown, path: string): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new OptionsError(`${path}: the function gave nothing for ${longestWait / 1000} seconds`)), longestWait)
  })
  try {
    return await Promise.race([(async () => await secret())().catch(() => { throw new OptionsError(`${path}: the function threw`) }), late])
  } finally {
    clearTimeout(timer)
  }
}

function withoutLineBreak (text: string): string {
  return text.replace(/\r?\n$/, '')
}

/** PEM certificates to trust. A missing or empty file stops the boot: fail closed. */
export async function resolveCertificateAuthorities (ca: CertificateAuthorities, path: string): Promise<readonly string[]> {
  return certificatesIn(typeof ca === 'string' ? ca : await readText(ca.file, path), path)
}

/** The same out of a file, read at once. @throws OptionsError */
export function authoritiesInFile (file: string, path: string): readonly string[] {
  return certificatesIn(readTextNow(file, path), path)
}

function certificatesIn (text: string, path: string): readonly string[] {
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  // Of a file that is cut off, less would be read than was meant.
  const isCut = certificates !== null && text.split('-----BEGIN ').length - 1 !== certificates.length
  if (certificates === null || isCut || !certificates.every(isCertificate)) {
    throw new OptionsError(`${path}: found ${labelsIn(text, certificates !== null)}; allowed: PEM text, or { file } with the path of a PEM file`)
  }
  return certificates
}

/** What stands there instead, without anything of it. */
function labelsIn (text: string, hasCertificates: boolean): string {
  const others = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----/g)].map(([, label]) => label).filter((label) => label !== 'CERTIFICATE')
  if (others.length > 0) return `PEM that says ${[...new Set(others)].join(', ')}`
  return hasCertificates ? 'PEM that is no certificate' : 'no PEM certificate'
}

function isCertificate (pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

async function readText (file: string, path: string): Promise<string> {
  return await readFile(file, 'utf8').catch((error: unknown) => { throw unreadable(file, path, error) })
}

function readTextNow (file: string, path: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw unreadable(file, path, error)
  }
}

function unreadable (file: string, path: string, error: unknown): Error {
  return new OptionsError(`${path}: cannot read ${file} (${(error as NodeJS.ErrnoException).code})`)
}

/** What to tell the operator of a file that can't be used: our own words only, since others' may hold what is in it. */
export function textOf (error: unknown): string {
  return error instanceof OptionsError ? error.message : 'it cannot be read'
}
