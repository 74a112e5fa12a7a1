import { timingSafeEqual } from 'node:crypto'
import type { ConfirmationMethod } from './confirmation.ts'

/**
 * RFC 8705 section 3.1: base64url, without padding, of the SHA-256 of the certificate's DER. Hex, standard base64, padding,
 * another length or another type never match.
 */
export const x5tS256: ConfirmationMethod = (value) => {
  if (typeof value !== 'string' || value.length !== 43) return null
  const expected = Buffer.from(value, 'base64url')
  if (expected.length !== 32 || expected.toString('base64url') !== value) return null
  return (presented) => timingSafeEqual(presented.digest, expected)
}
