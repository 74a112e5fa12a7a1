import type { IncomingHttpHeaders } from 'node:http'
import type { Claims } from '../../types/access-token.ts'
import { OptionsError, refuse } from '../errors.ts'
import { foldName } from '../field-name.ts'
import type { UpstreamOptions, UpstreamRequestOptions } from '../options.ts'
import { keptSecret } from '../secret.ts'
import { claimAt } from './claim.ts'
import { refuseUnfixed } from './path-template.ts'

/** What goes upstream in the place of the client's request. */
export interface Replacement {
  readonly method: NonNullable<UpstreamRequestOptions['method']>
  /** Null where there is no form. */
  readonly form: string | null
}

/** Makes such a request. @throws refusal `claims_insufficient` where the token lacks a claim, or it is none that a form can hold */
export type OwnRequest = (claims: Claims | null) => Replacement

type Field = (claims: Claims | null) => string

/** Characters of a claim: user names and passwords are shorter, and a form is not the place for documents. */
const longestClaim = 8192

/** Whether a request to this upstream can only be made for a token. */
export function needsClaims ({ request }: UpstreamOptions): boolean {
  return Object.values(request?.form ?? {}).some((value) => typeof value === 'object' && 'claim' in value)
}

/**
 * What can be said without reading a secret.
 *
 * @throws OptionsError
 */
export function checkOwnRequest (options: UpstreamOptions, path: string): void {
  const { request } = options
  if (request === undefined) return
  if (request.method === 'GET' && request.form !== undefined) throw new OptionsError(`${path}.request.form: found with the method GET, which has no body; allowed: with another method`)
  if (options.path !== undefined) throw new OptionsError(`${path}.path: found beside request, which has a path of its own; allowed: one of them`)
  if (options.websocket === true) throw new OptionsError(`${path}.websocket: found beside request; allowed: one of them`)
  refuseUnfixed(request.path, `${path}.request.path`)
}

/**
 * Compiles `upstream.request`. Files of secrets are read again when they change.
 *
 * @param onTrouble - told of a new file that can't be used
 * @throws OptionsError where a secret cannot be read
 */
export async function compileOwnRequest ({ method = 'POST', form }: UpstreamRequestOptions, path: string, onTrouble: (detail: string) => void): Promise<OwnRequest> {
  if (form === undefined) return () => ({ method, form: null })
  const fields = await Promise.all(Object.entries(form).map(async ([name, value]): Promise<[string, Field]> => {
    if (typeof value === 'string') return [name, () => value]
    if ('claim' in value) return [name, (claims) => formText(claims === null ? undefined : claimAt(claims, value.claim))]
    return [name, await keptSecret(value, `${path}.form.${name}`, () => {}, onTrouble)]
  }))
  return (claims) => ({ method, form: new URLSearchParams(fields.map(([name, field]): [string, string] => [name, field(claims)])).toString() })
}

/**
 * An empty text counts as none: some directories let everybody in who gives no password (RFC 4513 section 5.1.2). A larger number
 * was rounded when it was read, half a character would be replaced, and a NUL ends a text for some: two accounts would become one.
 */
function formText (claim: unknown): string {
  if (typeof claim === 'boolean' || (typeof claim === 'number' && Number.isFinite(claim) && (!Number.isInteger(claim) || Number.isSafeInteger(claim)))) return String(claim)
  if (typeof claim === 'string' && claim !== '' && claim.length <= longestClaim && !/[\0\p{Surrogate}]/u.test(claim)) return claim
  throw refuse('claims_insufficient', 'a claim that the request to the upstream needs is absent, or cannot stand in a form')
}

/** The client's headers without those that speak of its body, or make its request a conditional or partial one (RFC 9110 sections 8, 13 and 14). */
export function withoutContent (headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(?:content-.*|transfer-encoding|expect|range|if-.*)$/.test(foldName(name))))
}

/** Headers of the form, or of its absence: RFC 9110 section 8.6 has a length of 0 where the method expects a body. */
export function contentHeaders ({ method, form }: Replacement): IncomingHttpHeaders {
  if (form !== null) return { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(Buffer.byteLength(form)) }
  return method === 'GET' || method === 'DELETE' ? {} : { 'content-length': '0' }
}
