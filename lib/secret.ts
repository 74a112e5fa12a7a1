import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { OptionsError } from './errors.ts'
import type { CertificateAuthorities, Secret } from './options.ts'

/**
 * The value that a secret stands for. Read once, at boot; its text never stands in an error.
 *
 * @throws OptionsError when there is none, so that nothing starts with an empty secret
 */
export async function resolveSecret (secret: Secret, path: string): Promise<string> {
  const stored = await storedForm(secret, path)
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
    const value: unknown = await secret()
    if (typeof value !== 'string') throw new OptionsError(`${path}: the function gave no string`)
    return value
  }
  if ('env' in secret) {
    const value = process.env[secret.env]
    if (value === undefined) throw new OptionsError(`${path}: the environment variable ${secret.env} is not set`)
    return value
  }
  return (await readText(secret.file, path)).replace(/\r?\n$/, '')
}

/** PEM certificates to trust. A missing or empty file stops the boot: fail closed. */
export async function resolveCertificateAuthorities (ca: CertificateAuthorities, path: string): Promise<readonly string[]> {
  const text = typeof ca === 'string' ? ca : await readText(ca.file, path)
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (certificates === null || !certificates.every(isCertificate)) {
    throw new OptionsError(`${path}: found ${certificates === null ? 'no PEM certificate' : 'PEM that is no certificate'}; allowed: PEM text, or { file } with the path of a PEM file`)
  }
  return certificates
}

function isCertificate (pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

async function readText (file: string, path: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new OptionsError(`${path}: cannot read ${file} (${(error as NodeJS.ErrnoException).code})`)
  }
}
