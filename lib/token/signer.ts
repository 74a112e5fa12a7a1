import { isRefusal, OptionsError, type Refusal } from '../errors.ts'
import type { JwtOptions, TlsOptions } from '../options.ts'
import { compileJwt } from './compile-jwt.ts'
import { documentTimeout, maxDocumentBytes, readDocument } from './document.ts'
import { endpointUrl } from './endpoints.ts'
import type { Exchange } from './exchange.ts'
import type { KeySet } from './keys/key-set.ts'
import { openExchange } from './open-exchange.ts'
import { remoteKeys } from './keys/remote-keys.ts'
import { isNotSigned, noKeyFits, verifySignature } from './signature.ts'
import { tlsMaterial } from '../tls-material.ts'

/** Somebody who signs another kind of JWT than access tokens. */
export interface Signer {
  /** @throws Refusal `token_invalid`, or that of keys that can't be had */
  verify (jws: string): Promise<Uint8Array>
  close (): Promise<void>
}

export interface SignerOptions {
  readonly issuer: string
  readonly keys: Pick<JwtOptions, 'jwksUri' | 'jwks' | 'keys' | 'algorithms'>
  /** `typ`, in lower case and without `application/`; it must be there (RFC 8725 section 3.11). */
  readonly typ: string
  readonly tls: TlsOptions | undefined
  readonly allowLoopback: boolean
}

/** Whether it is the key that is wrong, and nothing else that can be seen. */
export function isWrongKey ({ detail }: Refusal): boolean {
  return detail === noKeyFits || detail === isNotSigned
}

/** Keys, limits and rules are those of access tokens. @throws OptionsError */
export async function compileSigner ({ issuer, keys, typ, tls, allowLoopback }: SignerOptions, path: string, warn: (detail: string) => void): Promise<Signer> {
  if (keys.jwksUri === undefined && keys.jwks === undefined && keys.keys === undefined) throw new OptionsError(`${path}: found no keys; allowed: one of jwksUri, jwks, keys`)
  const secured = await tlsMaterial(tls, `${path}.tls`, warn)
  const documents = keys.jwksUri === undefined ? null : await openExchange({ tls: secured, timeout: documentTimeout, maxBytes: maxDocumentBytes })
  try {
    const { signature } = await compileJwt({ name: issuer, audience: null }, keys, path, remoteSet, warn)
    const isType = (found: unknown): boolean => typeof found === 'string' && found.toLowerCase().replace(/^application\//, '') === typ
    return {
      verify: async (jws) => (await verifySignature(jws, { ...signature, isType })).payload,
      async close () {
        signature.keys.close()
        await documents?.close()
      }
    }
  } catch (error) {
    await documents?.close()
    throw error
  }

  function remoteSet (jwksUri: string | null): KeySet {
    const url = endpointUrl(jwksUri as string, allowLoopback, `${path}.jwksUri`)
    const onTrouble = (refusal: unknown): void => { if (isRefusal(refusal)) warn(`${refusal.reason}: ${refusal.detail ?? ''}`) }
    return remoteKeys({ identity: url.href, fetch: async () => await readDocument(documents as Exchange, url, 'the JWK set'), onTrouble })
  }
}
