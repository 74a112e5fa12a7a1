import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

/**
 * The same key, without what has generated it. Node 20 holds the key's lock while it makes a JWK of it, as jose does to sign, and
 * where garbage is collected at that time, what has generated the key waits for that lock in the same thread: the process stands
 * still.
 */
export function readAgain (key: KeyObject): KeyObject {
  return key.type === 'private'
    ? createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' }))
    : createPublicKey(key.export({ type: 'spki', format: 'pem' }))
}
