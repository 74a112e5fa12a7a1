import type { Issuer } from '../access-token.ts'
import { OptionsError } from '../errors.ts'
import { defaultOf, IssuerSchema, type IssuerOptions, type JwtOptions } from '../options.ts'
import { renewedLater } from '../renewed.ts'
import { filesOf, textOf } from '../secret.ts'
import { sharedLists } from '../shared-lists.ts'
import { isSymmetric, profiles } from './algorithms.ts'
import type { JwtRules } from './jwt.ts'
import { canDecrypt, canVerify, isSameKey, kindOf, type Key } from './keys/key.ts'
import { ownKeys, type KeySet } from './keys/key-set.ts'
import { filesOfKeys, readKeys, readKeySet } from './keys/key-source.ts'

const schemas = IssuerSchema.properties.jwt.properties

/** Seconds; FAPI 2.0 section 5.4.1 wants clients whose clocks go ahead by ten seconds to be served. */
const fapiClockTolerance = 10

/** Kinds of JWT that never are access tokens, whatever the operator says (RFC 8725 section 3.12). */
const otherTypes = new Set(['dpop+jwt', 'logout+jwt', 'secevent+jwt', 'token-introspection+jwt', 'oauth-authz-req+jwt', 'client-authentication+jwt', 'id_token+jwt', 'kb+jwt', 'entity-statement+jwt'])

/**
 * Options of an issuer's JWTs to the rules for them.
 *
 * @param remote - makes the key set of a URL; of the one that the metadata name when it is null
 * @param onTrouble - told of a new file that can't be used
 * @throws OptionsError
 */
export async function compileJwt (issuer: Issuer, options: NonNullable<IssuerOptions['jwt']>, path: string, remote: (url: string | null) => KeySet, onTrouble: (detail: string) => void): Promise<JwtRules> {
  const given = (['jwksUri', 'jwks', 'keys'] as const).filter((name) => options[name] !== undefined)
  if (given.length > 1) throw new OptionsError(`${path}: found ${given.join(' and ')}; allowed: one of jwksUri, jwks, keys`)
  const algorithms = algorithmsOf(options, path)
  if (options.profile !== undefined && options.typ !== undefined && options.typ !== 'at+jwt') throw new OptionsError(`${path}.typ: found another than at+jwt with a profile; allowed: no typ, or no profile`)
  const own = options.jwks !== undefined || options.keys !== undefined
  if (!own && algorithms.some(isSymmetric)) {
    throw new OptionsError(`${path}.algorithms: found ${algorithms.find(isSymmetric)}, whose keys are secret; allowed: with jwks or keys only`)
  }
  await import('jose/jws/compact/verify') // The first request shall not wait for it.
  return {
    signature: {
      keys: own ? await verificationKeys(options, algorithms, path, onTrouble) : remote(options.jwksUri ?? null),
      algorithms: new Set(algorithms),
      isType: typeCheck(options.typ ?? defaultOf<string>(schemas.typ), `${path}.typ`)
    },
    claims: {
      issuer,
      clockTolerance: options.clockTolerance ?? (options.profile === 'fapi' ? fapiClockTolerance : defaultOf<number>(schemas.clockTolerance)),
      required: requiredClaims(options),
      shared: sharedLists()
    },
    decryption: options.decryption === undefined ? null : await compileDecryption(options.decryption, `${path}.decryption`, onTrouble)
  }
}

async function verificationKeys ({ jwks, keys = [] }: JwtOptions, algorithms: readonly string[], path: string, onTrouble: (detail: string) => void): Promise<KeySet> {
  const files = jwks === undefined ? filesOfKeys(keys) : filesOf('file' in jwks ? jwks as { file: string } : undefined)
  const read = async (): Promise<readonly Key[]> => {
    const found = jwks === undefined ? await readKeys(keys, 'verify', `${path}.keys`) : await readKeySet(jwks, `${path}.jwks`)
    const unfit = found.findIndex((key) => !algorithms.some((algorithm) => canVerify(key, algorithm)))
    if (unfit === -1) return found
    throw new OptionsError(`${path}.${jwks === undefined ? 'keys' : 'jwks.keys'}[${unfit}]: found ${kindOf(found[unfit] as Key)}, which fits none of the algorithms; allowed: a key for ${algorithms.join(', ')}`)
  }
  const first = await read()
  return ownKeys(keptKeys(files, first, read, onTrouble), fingerprint(first))
}

/** Keys that are gone from their files prove nothing any more, as those that an issuer withdraws; those that stay are the same objects. */
function keptKeys (files: readonly string[], first: readonly Key[], read: () => Promise<readonly Key[]>, onTrouble: (detail: string) => void): () => readonly Key[] | Promise<readonly Key[]> {
  return renewedLater(files, first, async (previous) => {
    const found = await read()
    const next = found.map((key) => previous.find((other) => isSameKey(other, key)) ?? key)
    for (const key of previous) key.isRetired = !next.includes(key)
    return next
  }, (error) => onTrouble(`the new keys are not used: ${textOf(error)}`))
}

/** RFC 8725 section 3.1: a secret key and a public one must never be taken for each other. */
function algorithmsOf ({ algorithms, profile }: JwtOptions, path: string): readonly string[] {
  const byDefault = profile === undefined ? profiles.rfc9068.algorithms : profiles[profile].algorithms
  const chosen: readonly string[] = algorithms ?? byDefault
  const foreign = profile === 'fapi' ? chosen.find((algorithm) => !(byDefault as readonly string[]).includes(algorithm)) : undefined
  if (foreign !== undefined) throw new OptionsError(`${path}.algorithms: found ${foreign}; allowed with the profile fapi: ${byDefault.join(', ')}`)
  if (chosen.some(isSymmetric) && !chosen.every(isSymmetric)) {
    throw new OptionsError(`${path}.algorithms: found symmetric and asymmetric ones; allowed: one kind, since a public key could be taken for a secret`)
  }
  return chosen
}

/** Media types are the same in any case (RFC 7515 section 4.1.9), with and without `application/`. */
function typeCheck (typ: string | readonly string[] | false, path: string): (typ: unknown) => boolean {
  const plain = (name: string): string => name.toLowerCase().replace(/^application\//, '')
  const allowed = typ === false ? null : new Set([typ].flat().map(plain))
  const foreign = [...allowed ?? []].find((name) => otherTypes.has(name))
  if (foreign !== undefined) throw new OptionsError(`${path}: found "${foreign}", which is another kind of JWT; allowed: types of access tokens`)
  return (found) => {
    if (allowed !== null) return typeof found === 'string' && allowed.has(plain(found))
    return found === undefined || (typeof found === 'string' && !otherTypes.has(plain(found)))
  }
}

function requiredClaims ({ requiredClaims: required = [], profile }: JwtOptions): ReadonlyMap<string, unknown> {
  const ofProfile: ReadonlyArray<[string, unknown]> = profile === undefined ? [] : profiles[profile].claims.map((name) => [name, undefined])
  const own: ReadonlyArray<[string, unknown]> = Array.isArray(required) ? required.map((name) => [name, undefined]) : Object.entries(required)
  return new Map([...ofProfile, ...own])
}

async function compileDecryption (options: NonNullable<JwtOptions['decryption']>, path: string, onTrouble: (detail: string) => void): Promise<JwtRules['decryption']> {
  const read = async (): Promise<readonly Key[]> => await decryptionKeys(options, path)
  await import('jose/jwe/compact/decrypt')
  return {
    keys: keptKeys(filesOfKeys(options.keys), await read(), read, onTrouble),
    keyManagementAlgorithms: new Set(options.keyManagementAlgorithms),
    contentEncryptionAlgorithms: new Set(options.contentEncryptionAlgorithms ?? contentEncryptions),
    isRequired: options.required ?? defaultOf<boolean>(schemas.decryption.properties.required),
    allowUnsigned: options.allowUnsigned ?? defaultOf<boolean>(schemas.decryption.properties.allowUnsigned)
  }
}

const contentEncryptions = defaultOf<NonNullable<NonNullable<JwtOptions['decryption']>['contentEncryptionAlgorithms']>>(schemas.decryption.properties.contentEncryptionAlgorithms)

async function decryptionKeys (options: NonNullable<JwtOptions['decryption']>, path: string): Promise<readonly Key[]> {
  const { keyManagementAlgorithms: algorithms, contentEncryptionAlgorithms: encryptions = contentEncryptions } = options
  const keys = await readKeys(options.keys, 'decrypt', `${path}.keys`)
  const fits = (key: Key, algorithm: string): boolean => encryptions.some((encryption) => canDecrypt(key, algorithm, encryption))
  const unfit = keys.findIndex((key) => !algorithms.some((algorithm) => fits(key, algorithm)))
  if (unfit !== -1) throw new OptionsError(`${path}.keys[${unfit}]: found ${kindOf(keys[unfit] as Key)}, which fits none of the algorithms; allowed: a key for ${algorithms.join(', ')} with ${encryptions.join(', ')}`)
  const unused = algorithms.find((algorithm) => !keys.some((key) => fits(key, algorithm)))
  if (unused !== undefined) throw new OptionsError(`${path}.keyManagementAlgorithms: found ${unused}, and no key for it; allowed: algorithms that a key fits`)
  if (options.allowUnsigned === true && !keys.some(({ key }) => key.type === 'secret')) {
    throw new OptionsError(`${path}.allowUnsigned: found true, but no secret key; allowed: with a secret key, and dir, A*KW or A*GCMKW`)
  }
  return keys
}

/** Tells sets of keys apart in the key of a cache; the cache hashes it. */
function fingerprint (keys: readonly Key[]): string {
  return keys.map(({ kid, algorithm, key }) => `${kid} ${algorithm} ${JSON.stringify(key.type === 'secret' ? '' : key.export({ format: 'jwk' }))}`).join(' ')
}
