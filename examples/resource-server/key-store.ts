import { randomBytes } from 'node:crypto'
import forge from 'node-forge'

const { asn1, hmac, md, pkcs12, pki, util } = forge
const { Class, Type } = asn1

export type KeyStoreEntry =
  | { readonly alias: string, readonly certificate: Buffer }
  | { readonly alias: string, readonly secretKey: Buffer }

type Value = forge.asn1.Asn1

const iterations = 10_000
// RFC 7292 section 4.2 and appendix D; the last two are Java's mark of a certificate that is there to be trusted, and for what.
const ids = {
  data: '1.2.840.113549.1.7.1',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  secretBag: '1.2.840.113549.1.12.10.1.5',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  x509: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  aes: '2.16.840.1.101.3.4.1',
  sha256: '2.16.840.1.101.3.4.2.1',
  trustedKeyUsage: '2.16.840.1.113894.746875.1.1',
  anyUsage: '2.5.29.37.0'
}

/**
 * A PKCS#12 key store (RFC 7292) as keytool writes it: by `keytool -importcert` for a certificate, by `keytool -genseckey` for a
 * secret key. It stands here so that nobody needs Java to start the example.
 */
export function createKeyStore (entries: readonly KeyStoreEntry[], password: string): Buffer {
  const contents = der(sequence(data(der(sequence(...entries.map((entry) => bag(entry, password)))))))
  return Buffer.from(der(sequence(integer(3), data(contents), mac(contents, password))), 'latin1')
}

function bag (entry: KeyStoreEntry, password: string): Value {
  const name = [id(ids.friendlyName), set(primitive(Type.BMPSTRING, entry.alias))]
  if ('certificate' in entry) {
    const trusted = [id(ids.trustedKeyUsage), set(id(ids.anyUsage))]
    return sequence(id(ids.certificateBag), tagged(sequence(id(ids.x509), tagged(octets(bytesOf(entry.certificate))))), set(sequence(...name), sequence(...trusted)))
  }
  const key = sequence(integer(0), sequence(id(ids.aes)), octets(bytesOf(entry.secretKey)))
  const encrypted = pki.encryptPrivateKeyInfo(key, password, { algorithm: 'aes256', prfAlgorithm: 'sha256', count: iterations } as object)
  return sequence(id(ids.secretBag), tagged(sequence(id(ids.shroudedKeyBag), tagged(octets(der(encrypted))))), set(sequence(...name)))
}

/** RFC 7292 section 4 and appendix B. */
function mac (contents: string, password: string): Value {
  const salt = bytesOf(randomBytes(20))
  const key = pkcs12.generateKey(password, util.createBuffer(salt), 3, iterations, 32, md.sha256.create())
  const stamp = hmac.create()
  stamp.start(md.sha256.create(), key)
  stamp.update(contents)
  return sequence(sequence(sequence(id(ids.sha256), primitive(Type.NULL, '')), octets(stamp.digest().getBytes())), octets(salt), integer(iterations))
}

const bytesOf = (buffer: Buffer): string => buffer.toString('latin1')
const der = (value: Value): string => asn1.toDer(value).getBytes()
const primitive = (type: forge.asn1.Type, value: string): Value => asn1.create(Class.UNIVERSAL, type, false, value)
const sequence = (...values: Value[]): Value => asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, values)
const set = (...values: Value[]): Value => asn1.create(Class.UNIVERSAL, Type.SET, true, values)
const tagged = (value: Value): Value => asn1.create(Class.CONTEXT_SPECIFIC, 0 as forge.asn1.Type, true, [value])
const octets = (value: string): Value => primitive(Type.OCTETSTRING, value)
const id = (value: string): Value => primitive(Type.OID, asn1.oidToDer(value).getBytes())
const integer = (value: number): Value => primitive(Type.INTEGER, asn1.integerToDer(value).getBytes())
const data = (value: string): Value => sequence(id(ids.data), tagged(octets(value)))
