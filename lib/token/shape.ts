import { parseStrictJsonObject } from '../strict-json.ts'

/** What a token is by its looks alone: RFC 7515 section 3.1 has three parts, RFC 7516 section 3.1 five. */
export type Shape = 'jws' | 'jwe' | 'opaque'

export function shapeOf (token: string): Shape {
  const dots = token.split('.').length - 1
  return dots === 2 ? 'jws' : dots === 4 ? 'jwe' : 'opaque'
}

/** Whether the first characters are those of a JOSE header: `{"alg":…` and its like in base64url. */
export function beginsLikeJwt (token: string): boolean {
  const text = Buffer.from(token.slice(0, 4096), 'base64url').toString('latin1')
  return text.startsWith('{') && /"alg"\s*:/.test(text)
}

/**
 * One part of a JWS or JWE: base64url without padding (RFC 7515 section 2), in the one spelling that its bytes have. Lenient
 * readers skip what is no base64url, so that one token would have many spellings.
 *
 * @returns null for anything else
 */
export function decodePart (part: string | undefined): Buffer | null {
  if (part === undefined) return null
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : null
}

/** A part that is a JSON object; null for anything else. */
export function readPart (part: string | undefined): Record<string, unknown> | null {
  const bytes = decodePart(part)
  return bytes === null ? null : parseStrictJsonObject(bytes)
}

/** The issuer that a signed token names, before anything of it is believed; null where it names none. */
export function namedIssuer (token: string): string | null {
  const [header, payload] = token.split('.')
  const claims = shapeOf(token) === 'jws' ? readPart(payload) : readPart(header)
  const issuer = claims === null || !Object.hasOwn(claims, 'iss') ? null : claims['iss']
  return typeof issuer === 'string' ? issuer : null
}
