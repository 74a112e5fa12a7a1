import { X509Certificate } from 'node:crypto'
import { contentOf, derOf, expectTag, objectIdentifier, readDer, tags, wholeOctets, type Allowance, type Element } from './der.ts'
import { keyForm } from './key-form.ts'
import { isSameName, readName, type Name } from './name.ts'
import { readTime } from './time.ts'

export interface Extension {
  readonly oid: string
  readonly critical: boolean
  /** What is in the OCTET STRING. */
  readonly value: Uint8Array
}

/** A certificate in its parts (RFC 5280 section 4.1): what it says, not whether to believe it. */
export interface Certificate {
  readonly der: Uint8Array
  /** What is signed, DER. */
  readonly tbs: Uint8Array
  readonly version: 1 | 2 | 3
  /** The octets of the INTEGER, most significant first. */
  readonly serialNumber: Uint8Array
  /** The AlgorithmIdentifier beside the signature, DER. */
  readonly signatureAlgorithm: Uint8Array
  /** The AlgorithmIdentifier among what is signed, DER. */
  readonly tbsSignatureAlgorithm: Uint8Array
  readonly signature: Uint8Array
  readonly issuer: Name
  readonly subject: Name
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  /** Milliseconds since the epoch; the last second is part of the validity. */
  readonly notAfter: number
  /** DER. */
  readonly subjectPublicKeyInfo: Uint8Array
  /** By object identifier. */
  readonly extensions: ReadonlyMap<string, Extension>
  /** Whether an extension is there twice (RFC 5280 section 4.2 forbids it); `extensions` has the first. */
  readonly repeatsExtension: boolean
}

const largestCertificate = 65_536
const mostExtensions = 100

/**
 * Takes nothing but exactly one certificate in DER. OpenSSL, whose signature checks are used, has to read the same bytes.
 *
 * @throws SyntaxError
 */
export function parseCertificate (bytes: Uint8Array, mostBytes = largestCertificate, allowance?: Allowance): Certificate {
  if (keyForm(bytes) === 'curve') throw new SyntaxError('a curve that is written out')
  return parseConfigured(bytes, mostBytes, allowance)
}

/** The same of a certificate that an operator configured: what it costs OpenSSL to read it, it costs once. @throws SyntaxError */
export function parseConfigured (bytes: Uint8Array, mostBytes = largestCertificate, allowance?: Allowance): Certificate {
  if (bytes.length > mostBytes) throw new SyntaxError('the certificate is too large')
  // A copy: whoever holds the caller's buffer cannot change what was judged.
  const der = Uint8Array.from(bytes)
  const certificate = readCertificate(readDer(der, allowance))
  if (!isReadAlikeByOpenSsl(der)) throw new SyntaxError('not a certificate to OpenSSL')
  return certificate
}

function isReadAlikeByOpenSsl (der: Uint8Array): boolean {
  try {
    return new X509Certificate(der).raw.equals(der)
  } catch {
    return false
  }
}

function readCertificate (root: Element): Certificate {
  const [tbs, signatureAlgorithm, signature, ...more] = expectTag(root, tags.sequence).children
  if (more.length > 0) throw new SyntaxError('a certificate has three parts')
  const fields = [...expectTag(tbs, tags.sequence).children]
  const version = fields[0]?.tag === 0xa0 ? readVersion(fields.shift()) : 1
  const [serialNumber, tbsSignatureAlgorithm, issuer, validity, subject, key, ...optional] = fields
  const [notBefore, notAfter, ...beyond] = expectTag(validity, tags.sequence).children
  if (beyond.length > 0) throw new SyntaxError('a validity has two times')
  const { extensions, repeatsExtension } = readExtensions(optional, version)
  return Object.freeze({
    der: root.source,
    tbs: derOf(tbs as Element),
    version,
    serialNumber: contentOf(expectTag(serialNumber, tags.integer)),
    signatureAlgorithm: derOf(expectTag(signatureAlgorithm, tags.sequence)),
    tbsSignatureAlgorithm: derOf(expectTag(tbsSignatureAlgorithm, tags.sequence)),
    signature: wholeOctets(signature),
    issuer: readName(expectTag(issuer, tags.sequence)),
    subject: readName(expectTag(subject, tags.sequence)),
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    subjectPublicKeyInfo: derOf(expectTag(key, tags.sequence)),
    extensions,
    repeatsExtension
  })
}

function readVersion (element: Element | undefined): 2 | 3 {
  const [number, ...more] = element?.children ?? []
  const [version, ...rest] = contentOf(expectTag(number, tags.integer))
  // Version 1 is the default and not written in DER.
  if (more.length > 0 || rest.length > 0 || (version !== 1 && version !== 2)) throw new SyntaxError('not a version of X.509')
  return version === 1 ? 2 : 3
}

// issuerUniqueID [1] and subjectUniqueID [2] from version 2 on, extensions [3] from version 3 on (RFC 5280 sections 4.1.2.8, 4.1.2.9).
function readExtensions (optional: readonly Element[], version: number): Pick<Certificate, 'extensions' | 'repeatsExtension'> {
  const order = optional.map(({ tag }) => [0x81, 0x82, 0xa3].indexOf(tag))
  const isInOrder = order.every((place, index) => place > (order[index - 1] ?? -1))
  if (!isInOrder || (order.length > 0 && version === 1) || (order.includes(2) && version !== 3)) throw new SyntaxError('fields that this version does not have')
  const extensions = new Map<string, Extension>()
  const field = optional.find(({ tag }) => tag === 0xa3)
  if (field === undefined) return { extensions, repeatsExtension: false }
  const [list, ...more] = field.children
  const { children } = expectTag(list, tags.sequence)
  if (more.length > 0 || children.length === 0 || children.length > mostExtensions) throw new SyntaxError('extensions are one list of at least one, and not of hundreds')
  const all = children.map(readExtension)
  for (const extension of all) if (!extensions.has(extension.oid)) extensions.set(extension.oid, extension)
  return { extensions, repeatsExtension: extensions.size !== all.length }
}

/** Also the form of extensions in a CRL and in an OCSP answer. @throws SyntaxError */
export function readExtension (element: Element): Extension {
  const parts = [...expectTag(element, tags.sequence).children]
  const oid = objectIdentifier(parts.shift())
  const critical = parts[0]?.tag === tags.boolean && contentOf(parts.shift() as Element)[0] === 0xff
  const [value, ...more] = parts
  if (more.length > 0) throw new SyntaxError('an extension has at most three parts')
  return Object.freeze({ oid, critical, value: contentOf(expectTag(value, tags.octetString)) })
}

/** RFC 5280 section 3.2: issued by a certification authority to itself, as when it changes its key. */
export function isSelfIssued ({ subject, issuer }: Certificate): boolean {
  return isSameName(subject, issuer)
}
