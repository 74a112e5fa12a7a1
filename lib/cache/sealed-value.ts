import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

/** A secret that processes share, and a name to know it by when it is replaced. */
export interface SharedSecret {
  readonly id: string
  readonly secret: string
}

/** Seals what leaves the process: for keeping by somebody who must neither read nor change it. */
export interface Sealing {
  /**
   * @param place - where it will be kept: it opens nowhere else
   * @param token - without it, it does not open
   */
  seal (text: string, place: string, token: string): Uint8Array
  /** @returns null for what was not sealed by one of the secrets, for another place or token, or was changed */
  open (sealed: Uint8Array, place: string, token: string): string | null
}

const version = 1
const nonceBytes = 12
const tagBytes = 16
const keyIdBytes = 8

/**
 * AES-256-GCM under a key made of the secret and the token: neither stands beside what it opens, and the place is authenticated.
 *
 * @param secrets - the first one seals, each opens
 */
export function sealing (secrets: readonly SharedSecret[]): Sealing {
  const keys = secrets.map(({ secret }) => ({
    // Of the secret and not of its name: one that had none yet is known as well.
    id: Buffer.from(hkdfSync('sha256', secret, '', 'fastify-bound-token key id', keyIdBytes)),
    key: Buffer.from(hkdfSync('sha256', secret, '', 'fastify-bound-token sealed value', 32))
  }))
  const [current] = keys as [typeof keys[0]]

  return {
    seal (text, place, token) {
      const nonce = randomBytes(nonceBytes)
      const header = Buffer.concat([Buffer.of(version), current.id])
      const cipher = createCipheriv('aes-256-gcm', keyFor(current.key, token), nonce)
      cipher.setAAD(Buffer.concat([header, Buffer.from(place)]))
      const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([header, nonce, cipher.getAuthTag(), encrypted])
    },

    open (sealed, place, token) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      const header = bytes.subarray(0, 1 + keyIdBytes)
      const nonce = bytes.subarray(header.length, header.length + nonceBytes)
      const start = header.length + nonceBytes + tagBytes
      const known = keys.find(({ id }) => id.equals(header.subarray(1)))
      if (bytes.length < start || header[0] !== version || known === undefined) return null
      try {
        const decipher = createDecipheriv('aes-256-gcm', keyFor(known.key, token), nonce, { authTagLength: tagBytes })
        decipher.setAAD(Buffer.concat([header, Buffer.from(place)]))
        decipher.setAuthTag(bytes.subarray(start - tagBytes, start))
        const text = decipher.update(bytes.subarray(start))
        decipher.final() // Throws where the tag does not fit; it has no bytes of its own in this mode.
        return text.toString('utf8')
      } catch {
        return null
      }
    }
  }
}

function keyFor (key: Buffer, token: string): Buffer {
  return createHmac('sha256', key).update(token).digest()
}
