import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'

/** Text that only somebody who has a certain token can read. */
export type Sealed = Buffer

const secret = randomBytes(32)
const nonceBytes = 12
const tagBytes = 16

/**
 * Keeps a JWT that belongs to a token without keeping one that could be used: its key is made of the token and of a secret of
 * this process, and neither stands beside it.
 */
export function seal (text: string, token: string): Sealed {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', keyOf(token), nonce)
  const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), encrypted])
}

/** @throws Error for another token than the one it was sealed with */
export function unseal (sealed: Sealed, token: string): string {
  const decipher = createDecipheriv('aes-256-gcm', keyOf(token), sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes))
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8')
}

function keyOf (token: string): Buffer {
  return createHmac('sha256', secret).update(token).digest()
}
