import { hash } from 'node:crypto'
import type { Certificate } from '../certificate.ts'
import { expectTag, readDer, tags, wholeOctets } from '../der.ts'

export const nonceOid = '1.3.6.1.5.5.7.48.1.2'
/** RFC 9654 section 2.1: 32 octets. */
export const nonceLength = 32

// The octets of AlgorithmIdentifiers. Neither hash protects anything here: they only name the issuer.
const hashes = Object.freeze({ sha1: '300906052b0e03021a0500', sha256: '300d06096086480165030402010500' })

export type CertIdHash = keyof typeof hashes

/**
 * An OCSPRequest for one certificate (RFC 6960 section 4.1), not signed. The names are hashed with SHA-1, which is the only hash
 * that every responder knows (RFC 5019 section 2.1.1).
 */
export function ocspRequest (target: Certificate, issuer: Certificate, nonce: Uint8Array | null): Uint8Array {
  const nameHash = nameHashOf(target, 'sha1')
  const keyHash = keyHashOf(issuer, 'sha1')
  const certId = encode(0x30, Buffer.from(hashes.sha1, 'hex'), encode(0x04, nameHash), encode(0x04, keyHash), encode(0x02, target.serialNumber))
  const extensions = nonce === null
    ? []
    : [encode(0xa2, encode(0x30, encode(0x30, encode(0x06, Buffer.from('2b0601050507300102', 'hex')), encode(0x04, encode(0x04, nonce)))))]
  return encode(0x30, encode(0x30, encode(0x30, encode(0x30, certId)), ...extensions))
}

/** `issuerNameHash` of a CertID (section 4.1.1): over the name as the certificate itself has it. */
export function nameHashOf (target: Certificate, algorithm: CertIdHash): Buffer {
  return Buffer.from(hash(algorithm, target.issuer.der, 'hex'), 'hex')
}

/** `issuerKeyHash` of a CertID: over what is in the BIT STRING of the key. @throws SyntaxError */
export function keyHashOf ({ subjectPublicKeyInfo }: Certificate, algorithm: CertIdHash): Buffer {
  const key = wholeOctets(expectTag(readDer(subjectPublicKeyInfo), tags.sequence).children[1])
  return Buffer.from(hash(algorithm, key, 'hex'), 'hex')
}

function encode (tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  // Nothing here is longer than a CertID and a nonce.
  return Buffer.concat([Uint8Array.of(tag, ...length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]), content])
}
