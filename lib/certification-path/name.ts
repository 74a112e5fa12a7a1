import { contentOf, derOf, expectTag, objectIdentifier, readDer, tags, type Element } from './der.ts'

/** A distinguished name. Two that are equal by RFC 5280 section 7.1 have the same `rdns`, however each is encoded. */
export interface Name {
  readonly der: Uint8Array
  /** One string for each relative distinguished name, in the form that is compared. */
  readonly rdns: readonly string[]
  /** The values of emailAddress (PKCS #9), which name constraints on mailboxes speak of (section 4.2.1.10). */
  readonly emailAddresses: readonly string[]
}

const mostAttributes = 128
// 1.2.840.113549.1.9.1
const emailAddress = '2a864886f70d010901'

/** @throws SyntaxError */
export function readName (name: Element): Name {
  const emailAddresses: string[] = []
  let count = 0
  const rdns = expectTag(name, tags.sequence).children.map((rdn) => {
    const attributes = expectTag(rdn, tags.set).children.map((attribute) => {
      const [type, value, ...more] = expectTag(attribute, tags.sequence).children
      if (value === undefined || more.length > 0) throw new SyntaxError('an attribute is a type and a value')
      if (++count > mostAttributes) throw new SyntaxError('too many attributes in a name')
      const oid = hexOf(expectTag(type, tags.oid))
      if (oid === emailAddress) emailAddresses.push(textOf(value) ?? '')
      return JSON.stringify([oid, comparable(value)])
    })
    if (attributes.length === 0) throw new SyntaxError('a relative distinguished name without an attribute')
    // A SET has no order; within each string the quotes keep one attribute from looking like two.
    return attributes.sort().join(',')
  })
  return Object.freeze({ der: derOf(name), rdns: Object.freeze(rdns), emailAddresses: Object.freeze(emailAddresses) })
}

/** The attributes of a name, each by its object identifier and its text; null for a value that is no text, or one of which nobody knows what it says. */
export function attributesOf ({ der }: Name): ReadonlyArray<readonly [type: string, text: string | null]> {
  return readDer(der).children.flatMap(({ children }) => children.map(({ children: [type, value] }) => [objectIdentifier(type), textOf(value as Element)] as const))
}

/** Reads a name from its DER. @throws SyntaxError */
export function parseName (der: Uint8Array): Name {
  return readName(readDer(der))
}

/** RFC 5280 section 7.1. */
export function isSameName (one: Name, other: Name): boolean {
  return one.rdns.length === other.rdns.length && isWithin(one, other)
}

/** Whether `name` is in the subtree below `base` (RFC 5280 section 7.1, last paragraph but one). */
export function isWithin (name: Name, base: Name): boolean {
  return base.rdns.length <= name.rdns.length && base.rdns.every((rdn, index) => rdn === name.rdns[index])
}

/** Whether it could be, were there not values that cannot be compared: what nobody can read must not get round a constraint that excludes. */
export function mayBeWithin (name: Name, base: Name): boolean {
  const isUnread = (rdn: string): boolean => rdn.includes('","#') || rdn.includes('","~')
  return base.rdns.length <= name.rdns.length && base.rdns.every((rdn, index) => {
    const other = name.rdns[index] as string
    return rdn === other || isUnread(rdn) || isUnread(other)
  })
}

export function isEmptyName (name: Name): boolean {
  return name.rdns.length === 0
}

/** A key for a map: the same for names that are equal. */
export function nameKey (name: Name): string {
  return JSON.stringify(name.rdns)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// Strings that can be told to say the same are compared as text; TeletexString, in whose character sets nobody agrees, and what
// is no string, or not a good one, are compared byte by byte, which section 7.1 allows.
function comparable (value: Element): string {
  const text = textOf(value)
  if (text === null) return `#${value.tag} ${hexOf(value)}`
  return `${invisible.test(text) ? '~' : '='}${prepare(text)}`
}

function hexOf ({ source, contentStart, end }: Element): string {
  return Buffer.from(source.buffer, source.byteOffset + contentStart, end - contentStart).toString('hex')
}

// Printable ASCII with single spaces inside: most of what there is.
const plain = /^[!-~]+(?: [!-~]+)*$/

// RFC 4518 section 2.2 maps them to nothing. A name with one stays a name of its own here, but may be meant to look like another.
const invisible = /(?![\t\n\v\f\r\u0085])[\p{Cc}\p{Cf}\p{Variation_Selector}\u034f\ufffc]/u

// RFC 4518 section 2, as far as attribute values need it: NFKC, no difference of case, spaces neither at the ends nor in a row.
function prepare (text: string): string {
  if (plain.test(text)) return text.toLowerCase()
  return text.normalize('NFKC').toLowerCase().normalize('NFKC').replace(/\s+/gu, ' ').trim()
}

// The upper bounds of RFC 5280 appendix A.1 are far below this; a longer string is not worth the work of preparing it.
const longestText = 1024

function textOf (value: Element): string | null {
  const content = contentOf(value)
  if (content.length > longestText) return null
  switch (value.tag) {
    case 0x0c: return decodeUtf8(content)
    case 0x12: case 0x13: case 0x16: case 0x1a: return content.every((octet) => octet < 0x80) ? Buffer.from(content).toString('latin1') : null
    case 0x1c: return decodeUniversal(content)
    case 0x1e: return decodeBmp(content)
    default: return null
  }
}

function decodeUtf8 (content: Uint8Array): string | null {
  try {
    return utf8.decode(content)
  } catch {
    return null
  }
}

function decodeBmp (content: Uint8Array): string | null {
  if (content.length % 2 !== 0) return null
  const text = Buffer.from(content).swap16().toString('utf16le')
  // The Basic Multilingual Plane has no surrogates.
  return /[\ud800-\udfff]/.test(text) ? null : text
}

function decodeUniversal (content: Uint8Array): string | null {
  if (content.length % 4 !== 0) return null
  const bytes = Buffer.from(content)
  const points = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32BE(index * 4))
  if (points.some((point) => point > 0x10ffff || (point >= 0xd800 && point < 0xe000))) return null
  return points.map((point) => String.fromCodePoint(point)).join('')
}
