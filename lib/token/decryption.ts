import { canDecrypt, type Key } from './keys/key.ts'
import { decodePart, readPart } from './shape.ts'
import { invalid } from './signature.ts'
import { loadedOnce } from './loaded-once.ts'

const decrypting = loadedOnce(() => import('jose/jwe/compact/decrypt'))

export interface DecryptionRules {
  keys (): readonly Key[] | Promise<readonly Key[]>
  readonly keyManagementAlgorithms: ReadonlySet<string>
  readonly contentEncryptionAlgorithms: ReadonlySet<string>
}

export interface Decrypted {
  readonly plaintext: Uint8Array
  readonly header: Record<string, unknown>
  /** Where it is symmetric, only the issuer and we have it; with a public one anybody could have encrypted this. */
  readonly key: Key
}

/** Asymmetric key management first, then what two parties share. Neither `RSA1_5` nor passwords (PBES2) are among them. */
export const keyManagementAlgorithms = ['RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512', 'RSA-OAEP', 'ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW',
  'dir', 'A128KW', 'A192KW', 'A256KW', 'A128GCMKW', 'A192GCMKW', 'A256GCMKW'] as const
export const contentEncryptionAlgorithms = ['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512'] as const

/** RFC 8725 section 3.3; one text for whatever went wrong, so that nobody learns from it (RFC 7516 section 11.4). */
const failed = 'it cannot be decrypted'

/**
 * Opens a JWE in compact form (RFC 7516 section 5.2). Compression is refused before anything is decrypted: a few kilobytes
 * could become gigabytes (RFC 8725 section 3.6).
 *
 * @throws Refusal `token_invalid`
 */
export async function decrypt (jwe: string, rules: DecryptionRules): Promise<Decrypted> {
  const parts = jwe.split('.')
  const header = readPart(parts[0])
  if (parts.length !== 5 || header === null || parts.some((part) => decodePart(part) === null)) throw invalid('not a JWE')
  const { alg, enc, kid, zip, crit } = header
  if (typeof alg !== 'string' || !rules.keyManagementAlgorithms.has(alg)) throw invalid('`alg` of the JWE is not allowed')
  if (typeof enc !== 'string' || !rules.contentEncryptionAlgorithms.has(enc)) throw invalid('`enc` is not allowed')
  if (zip !== undefined || crit !== undefined) throw invalid('`zip` or `crit`')
  // Who compiles the rules has loaded it.
  const { compactDecrypt } = await decrypting()
  for (const key of keysFor(await rules.keys(), alg, enc, kid)) {
    try {
      const { plaintext } = await compactDecrypt(jwe, key.key, { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc], maxDecompressedLength: 0 })
      return { plaintext, header, key }
    } catch {
      // Another key may fit.
    }
  }
  throw invalid(failed)
}

function keysFor (keys: readonly Key[], alg: string, enc: string, kid: unknown): readonly Key[] {
  const fitting = keys.filter((key) => canDecrypt(key, alg, enc))
  const named = fitting.filter((key) => key.kid === kid)
  return named.length > 0 ? named : fitting.filter((key) => key.kid === null || kid === undefined)
}
