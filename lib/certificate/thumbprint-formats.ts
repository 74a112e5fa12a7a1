import { refuse } from '../errors.ts'
import { decodeBase64 } from './base64.ts'

/** Reads the SHA-256 of a certificate's DER, 32 bytes, from one header value. @throws Refusal */
export type ThumbprintDecoder = (value: string) => Buffer

/** RFC 8705 section 3.1: 43 characters, in the one spelling that they have. HAProxy `ssl_c_der,sha2(256),ub64enc`. */
const x5tS256: ThumbprintDecoder = (value) => {
  const digest = Buffer.from(value, 'base64url')
  if (digest.length !== 32 || digest.toString('base64url') !== value) throw refuse('certificate_malformed', 'not 32 bytes in base64url')
  return digest
}

/** In one case throughout: Caddy and Envoy write lower, others upper. */
const sha256Hex: ThumbprintDecoder = (value) => {
  if (!/^(?:[0-9a-f]{64}|[0-9A-F]{64})$/.test(value)) throw refuse('certificate_malformed', 'not 32 bytes in hex')
  return Buffer.from(value, 'hex')
}

/** Standard base64; some leave the padding out: Google Cloud. */
const sha256Base64: ThumbprintDecoder = (value) => {
  const digest = decodeBase64(value.length === 43 ? `${value}=` : value)
  if (digest?.length !== 32) throw refuse('certificate_malformed', 'not 32 bytes in base64')
  return digest
}

/** Formats that hold no certificate, but all that a binding needs of it. */
export const thumbprintFormats = {
  'x5t#S256': x5tS256,
  'sha256-hex': sha256Hex,
  'sha256-base64': sha256Base64
} as const satisfies Record<string, ThumbprintDecoder>
