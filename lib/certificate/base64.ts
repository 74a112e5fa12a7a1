const standardAlphabet = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * RFC 4648 section 4 with padding, canonical (section 3.5): `Buffer.from` skips what it does not know and never throws, so
 * the alphabet is checked first and the result is encoded again and compared.
 *
 * @returns null for anything else
 */
export function decodeBase64 (text: string): Buffer | null {
  if (text.length % 4 !== 0 || !standardAlphabet.test(text)) return null
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}
