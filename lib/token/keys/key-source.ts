import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { OptionsError } from '../../errors.ts'
import type { JwtOptions, KeyOptions } from '../../options.ts'
import { filesOf, resolveSecret } from '../../secret.ts'
import { parseStrictJsonObject } from '../../strict-json.ts'
import { keyFromJwk, type KeyUse } from './jwk.ts'
import { weakness, type Key } from './key.ts'

const sources = ['pem', 'jwk', 'pkcs12'] as const

/** The key that an option describes. @throws OptionsError; its text holds nothing of a key */
export async function readKey (options: KeyOptions, use: KeyUse, path: string): Promise<Key> {
  const given = sources.filter((source) => options[source] !== undefined)
  if (given.length !== 1) throw new OptionsError(`${path}: found ${given.join(' and ') || 'no key'}; allowed: one of ${sources.join(', ')}`)
  const key = await readSource(options, use, path)
  return { ...key, kid: options.kid ?? key.kid, algorithm: options.algorithm ?? key.algorithm }
}

export async function readKeys (options: readonly KeyOptions[], use: KeyUse, path: string): Promise<readonly Key[]> {
  return await Promise.all(options.map(async (each, index) => await readKey(each, use, `${path}[${index}]`)))
}

/** The files that keys stand in. */
export function filesOfKeys (options: readonly KeyOptions[]): string[] {
  return options.flatMap(({ pem, jwk, pkcs12 }) => [
    ...filesOf(pem, typeof jwk === 'object' && 'kty' in jwk ? undefined : jwk),
    ...pkcs12 === undefined ? [] : [pkcs12.file, ...filesOf(pkcs12.password)]
  ])
}

/** A JWK set of the operator's own. What can't be used in it stops the boot. */
export async function readKeySet (jwks: NonNullable<JwtOptions['jwks']>, path: string): Promise<readonly Key[]> {
  const members: unknown = 'file' in jwks ? (await readJsonFile(jwks.file, `${path}.file`))['keys'] : jwks.keys
  if (!Array.isArray(members) || members.length === 0) throw new OptionsError(`${path}: found no keys; allowed: a JWK set`)
  return members.map((jwk, index) => orStop(keyFromJwk(jwk, 'verify'), `${path}.keys[${index}]`))
}

async function readSource (options: KeyOptions, use: KeyUse, path: string): Promise<Key> {
  if (options.jwk !== undefined) return orStop(keyFromJwk(await readJwk(options.jwk, `${path}.jwk`), use), `${path}.jwk`)
  const key = options.pem === undefined
    ? await readEntry(options.pkcs12 as NonNullable<KeyOptions['pkcs12']>, use, `${path}.pkcs12`)
    : readPem(await resolveSecret(options.pem, `${path}.pem`), use, `${path}.pem`)
  const weak = weakness(key)
  return orStop(weak ?? { kid: null, algorithm: null, key, isRetired: false }, path)
}

async function readJwk (jwk: NonNullable<KeyOptions['jwk']>, path: string): Promise<unknown> {
  if (typeof jwk === 'object' && 'kty' in jwk) return jwk
  const parsed = parseStrictJsonObject(Buffer.from(await resolveSecret(jwk, path)))
  if (parsed === null) throw new OptionsError(`${path}: found something that is not one JSON object; allowed: a JWK`)
  return parsed
}

function readPem (pem: string, use: KeyUse, path: string): KeyObject {
  try {
    // Node would take the public half of a private key: it has no business here.
    if (use === 'verify' && /PRIVATE KEY-----/.test(pem)) throw new TypeError('a private key')
    return use === 'verify' ? createPublicKey(pem) : createPrivateKey(pem)
  } catch {
    const allowed = use === 'verify' ? 'a public key or a certificate in PEM' : 'a private key in PEM, not encrypted'
    const label = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(pem)?.[1]
    throw new OptionsError(`${path}: found ${label === undefined ? 'text that is no PEM' : `PEM that says ${label}`}; allowed: ${allowed}; { file } for a path`)
  }
}

/** The reader of key stores is loaded only where one is configured. */
async function readEntry ({ file, password, alias }: NonNullable<KeyOptions['pkcs12']>, use: KeyUse, path: string): Promise<KeyObject> {
  const { pickEntry, readKeyStore } = await import('./pkcs12.ts')
  const bytes = await readBytes(file, `${path}.file`)
  const entry = pickEntry(await readKeyStore(bytes, await resolveSecret(password, `${path}.password`), path), alias, path)
  if (entry.kind === 'secret') return entry.secretKey
  if (use !== 'verify') {
    if (entry.kind === 'key') return entry.privateKey
    throw new OptionsError(`${path}.alias: found a certificate without its private key; allowed: an entry with a private or secret key`)
  }
  return (entry.certificate as X509Certificate | null)?.publicKey ?? createPublicKey((entry as { privateKey: KeyObject }).privateKey)
}

async function readJsonFile (file: string, path: string): Promise<Record<string, unknown>> {
  const parsed = parseStrictJsonObject(await readBytes(file, path))
  if (parsed === null) throw new OptionsError(`${path}: found something that is not one JSON object in ${file}; allowed: a JWK set`)
  return parsed
}

async function readBytes (file: string, path: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new OptionsError(`${path}: cannot read ${file} (${(error as NodeJS.ErrnoException).code})`)
  }
}

function orStop (key: Key | string, path: string): Key {
  if (typeof key === 'string') throw new OptionsError(`${path}: found ${key}; allowed: a key that is fit for it`)
  return key
}
