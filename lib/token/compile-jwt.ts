import type { Issuer } from '../access-token.ts'
import { OptionsError } from '../errors.ts'
import { defaultOf, IssuerSchema, type IssuerOptions, type JwtOptions } from '../options.ts'
import { sharedLists } from '../shared-lists.ts'
import { isSymmetric, profiles } from './algorithms.ts'
import type { JwtRules } from './jwt.ts'
import { canDecrypt, canVerify, kindOf, type Key } from './keys/key.ts'
import { staticKeys, type KeySet } from './keys/key-set.ts'
import { readKeys, readKeySet } from './keys/key-source.ts'

const schemas = IssuerSchema.properties.jwt.properties

/** Seconds; FAPI 2.0 section 5.4.1 wants clients whose clocks go ahead by ten seconds to be served. */
const fapiClockTolerance = 10

/** Kinds of JWT that never are access tokens, whatever the operator says (RFC 8725 section 3.12). */
const otherTypes = new Set(['dpop+jwt', 'logout+jwt', 'secevent+jwt', 'token-introspection+jwt', 'oauth-authz-req+jwt', 'client-authentication+jwt', 'id_token+jwt', 'kb+jwt', 'entity-statement+jwt'])

/**
 * Options of an issuer's JWTs to the rules for them.
 *
 * @param remote - makes the key set of a URL; of the one that the metadata name when it is null
 * @throws OptionsError
 */
export async function compileJwt (issuer: Issuer, options: NonNullable<IssuerOptions['jwt']>, path: string, remote: (url: string | null) => KeySet): Promise<JwtRules> {
  const given = (['jwksUri', 'jwks', 'keys'] as const).filter((name) => options[name] !== undefined)
  if (given.length > 1) throw new OptionsError(`${path}: found ${given.join(' and ')}; allowed: one of jwksUri, jwks, keys`)
  const algorithms = algorithmsOf(options, path)
  if (options.profile !== undefined && options.typ !== undefined && options.typ !== 'at+jwt') throw new OptionsError(`${path}.typ: found another than at+jwt with a profile; allowed: no typ, or no profile`)
  const own = await ownKeys(options, path)
  for (const [index, key] of (own ?? []).entries()) {
    if (!algorithms.some((algorithm) => canVerify(key, algorithm))) {
      throw new OptionsError(`${path}.${options.jwks === undefined ? 'keys' : 'jwks.keys'}[${index}]: found ${kindOf(key)}, which fits none of the algorithms; allowed: a key for ${algorithms.join(', ')}`)
    }
  }
  if (own === null && algorithms.some(isSymmetric)) {
    throw new OptionsError(`${path}.algorithms: found ${algorithms.find(isSymmetric)}, whose keys are secret; allowed: with jwks or keys only`)
  }
  return {
    signature: {
      keys: own === null ? remote(options.jwksUri ?? null) : staticKeys(own, fingerprint(own)),
      algorithms: new Set(algorithms),
      isType: typeCheck(options.typ ?? defaultOf<string>(schemas.typ), `${path}.typ`)
    },
    claims: {
      issuer,
      clockTolerance: options.clockTolerance ?? (options.profile === 'fapi' ? fapiClockTolerance : defaultOf<number>(schemas.clockTolerance)),
      required: requiredClaims(options),
      shared: sharedLists()
    },
    decryption: options.decryption === undefined ? null : await compileDecryption(options.decryption, `${path}.decryption`)
  }
}

async function ownKeys ({ jwks, keys }: JwtOptions, path: string): Promise<readonly Key[] | null> {
  if (jwks !== undefined) return await readKeySet(jwks, `${path}.jwks`)
  return keys === undefined ? null : await readKeys(keys, 'verify', `${path}.keys`)
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

async function compileDecryption (options: NonNullable<JwtOptions['decryption']>, path: string): Promise<JwtRules['decryption']> {
  const { keyManagementAlgorithms: algorithms } = options
  const keys = await readKeys(options.keys, 'decrypt', `${path}.keys`)
  const byDefault = defaultOf<NonNullable<typeof options.contentEncryptionAlgorithms>>(schemas.decryption.properties.contentEncryptionAlgorithms)
  const encryptions = options.contentEncryptionAlgorithms ?? byDefault
  const fits = (key: Key, algorithm: string): boolean => encryptions.some((encryption) => canDecrypt(key, algorithm, encryption))
  const unfit = keys.findIndex((key) => !algorithms.some((algorithm) => fits(key, algorithm)))
  if (unfit !== -1) throw new OptionsError(`${path}.keys[${unfit}]: found ${kindOf(keys[unfit] as Key)}, which fits none of the algorithms; allowed: a key for ${algorithms.join(', ')} with ${encryptions.join(', ')}`)
  const unused = algorithms.find((algorithm) => !keys.some((key) => fits(key, algorithm)))
  if (unused !== undefined) throw new OptionsError(`${path}.keyManagementAlgorithms: found ${unused}, and no key for it; allowed: algorithms that a key fits`)
  if (options.allowUnsigned === true && !keys.some(({ key }) => key.type === 'secret')) {
    throw new OptionsError(`${path}.allowUnsigned: found true, but no secret key; allowed: with a secret key, and dir, A*KW or A*GCMKW`)
  }
  return {
    keys,
    keyManagementAlgorithms: new Set(algorithms),
    contentEncryptionAlgorithms: new Set(encryptions),
    isRequired: options.required ?? defaultOf<boolean>(schemas.decryption.properties.required),
    allowUnsigned: options.allowUnsigned ?? defaultOf<boolean>(schemas.decryption.properties.allowUnsigned)
  }
}

/** Tells sets of keys apart in the key of a cache; the cache hashes it. */
function fingerprint (keys: readonly Key[]): string {
  return keys.map(({ kid, algorithm, key }) => `${kid} ${algorithm} ${JSON.stringify(key.type === 'secret' ? '' : key.export({ format: 'jwk' }))}`).join(' ')
}
