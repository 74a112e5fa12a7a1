import type { Claims } from '../../types/access-token.ts'
import { OptionsError } from '../errors.ts'
import type { HeaderValue, Secret, UpstreamOptions } from '../options.ts'
import { keptSecret } from '../secret.ts'
import { claimAt } from './claim.ts'

/** A header that the upstream gets. */
export interface HeaderSetter {
  /** In lower case. */
  readonly name: string
  /** @param claims - null where there is no token: then a claim gives nothing */
  readonly value: (claims: Claims | null) => string | undefined
}

/** RFC 9110 section 5.5, without the octets above ASCII that are only there for old times' sake, and without tabs. */
const sendable = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** Characters of a value, whatever it comes from: all headers of a request together have 16 KB in most servers. */
const longestValue = 4096

/**
 * Decides everything about the headers to set but the values of claims.
 *
 * @param path - what to call the upstream in an error
 * @param onTrouble - told of a new file that can't be used
 * @throws OptionsError also for a secret that can't stand in a header; the error doesn't show it
 */
export async function headerSetters (headers: UpstreamOptions['headers'], path: string, onTrouble: (detail: string) => void): Promise<readonly HeaderSetter[]> {
  return await Promise.all(Object.entries(headers ?? {}).map(async ([name, source]) =>
    ({ name: name.toLowerCase(), value: await headerValue(source, `${path}.headers.${name}`, onTrouble) })))
}

async function headerValue (source: HeaderValue, path: string, onTrouble: (detail: string) => void): Promise<HeaderSetter['value']> {
  if (typeof source === 'string') return () => source
  if ('claim' in source) return claimValue(source.claim, source.encoding)
  return await keptSecret(source as Secret, path, (value) => {
    if (isSendable(value)) return
    throw new OptionsError(`${path}: found a secret that cannot stand in a header; allowed: printable ASCII, at most ${longestValue} characters, no space at either end`)
  }, onTrouble)
}

function claimValue (claim: string | readonly string[], encoding: 'plain' | 'percent' | 'base64url' = 'plain'): HeaderSetter['value'] {
  const encode = encoders[encoding]
  return (claims) => {
    const text = claims === null ? undefined : encode(claimAt(claims, claim))
    return text !== undefined && isSendable(text) ? text : undefined
  }
}

function isSendable (value: string): boolean {
  return value.length <= longestValue && sendable.test(value)
}

/** A claim may hold anything: what an encoding is not for gives nothing. */
const encoders = {
  plain (value: unknown): string | undefined {
    if (typeof value === 'string') return value
    return typeof value === 'boolean' || (typeof value === 'number' && isExact(value)) ? String(value) : undefined
  },

  /** RFC 3986 section 2.1, of UTF-8, in which half a surrogate pair can't be written. */
  percent (value: unknown): string | undefined {
    return typeof value === 'string' && value.length <= longestValue && !/\p{Surrogate}/u.test(value) ? encodeURIComponent(value) : undefined
  },

  base64url (value: unknown): string | undefined {
    return value !== undefined && isExact(value) ? Buffer.from(JSON.stringify(value)).toString('base64url') : undefined
  }
}

/** Larger numbers were rounded when they were read, and two accounts would become one. How deep a claim goes was limited when it was read. */
function isExact (value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
  return typeof value !== 'object' || value === null || Object.values(value).every(isExact)
}
