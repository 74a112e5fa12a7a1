import { parseCertificate } from '../certification-path/certificate.ts'
import { readDer } from '../certification-path/der.ts'
import { oids } from '../certification-path/extensions.ts'
import { readGeneralNames } from '../certification-path/general-name.ts'
import { attributesOf, type Name } from '../certification-path/name.ts'
import { refuse } from '../errors.ts'
import { attributeTypes, type AttributeName } from './attribute-types.ts'
import { canonicalAddress } from './trusted-address.ts'

type Wanted = string | readonly string[]
type WantedName = { readonly [name in AttributeName]?: Wanted | undefined }

const { subjectAltName } = oids

/** Names that a certificate must have: every member that is there must hold. */
export interface WantedNames {
  readonly subject?: WantedName | undefined
  readonly issuer?: WantedName | undefined
  readonly subjectAltName?: { readonly dns?: Wanted | undefined, readonly uri?: Wanted | undefined, readonly email?: Wanted | undefined, readonly ip?: Wanted | undefined } | undefined
}

/** Whether the names in a certificate, DER, are such as were wanted. */
export type NamesCheck = (der: Uint8Array) => boolean

/** Subject and alternative names as they stand in the certificate, parsed (RFC 5280 sections 4.1.2.4, 4.1.2.6 and 4.2.1.6): never the printed text, in which a name can look like another. */
export function namesCheck (alternatives: readonly WantedNames[]): NamesCheck {
  return (der) => {
    const names = namesIn(der)
    return alternatives.some((wanted) => isName(names.subject, wanted.subject) && isName(names.issuer, wanted.issuer) && hasAlternativeNames(names, wanted.subjectAltName))
  }
}

interface Names {
  readonly subject: Attributes
  readonly issuer: Attributes
  readonly dns: readonly string[]
  readonly uri: readonly string[]
  readonly email: readonly string[]
  readonly ip: readonly string[]
}

/** Values by the OID of their attribute; null stands for a value that is no text. */
type Attributes = ReadonlyMap<string, ReadonlyArray<string | null>>

/** @throws Refusal for what cannot be read in one way only */
function namesIn (der: Uint8Array): Names {
  try {
    const { subject, issuer, extensions, repeatsExtension } = parseCertificate(der)
    if (repeatsExtension) throw new SyntaxError('an extension twice')
    const extension = extensions.get(subjectAltName)
    const names = extension === undefined ? [] : readGeneralNames(readDer(extension.value))
    return {
      subject: valuesOf(subject),
      issuer: valuesOf(issuer),
      dns: names.flatMap((name) => name.form === 'dNSName' ? [name.value.toLowerCase()] : []),
      uri: names.flatMap((name) => name.form === 'uniformResourceIdentifier' ? [name.value] : []),
      email: names.flatMap((name) => name.form === 'rfc822Name' ? [foldDomain(name.value)] : []),
      ip: names.flatMap((name) => name.form === 'iPAddress' ? [addressOf(name.value)] : [])
    }
  } catch {
    throw refuse('certificate_malformed', 'names that cannot be read')
  }
}

function valuesOf (name: Name): Attributes {
  const values = new Map<string, Array<string | null>>()
  for (const [type, text] of attributesOf(name)) values.set(type, [...values.get(type) ?? [], text])
  return values
}

function addressOf (octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.')
  return canonicalAddress((Buffer.from(octets).toString('hex').match(/..../g) ?? []).join(':'))
}

/** An attribute may stand there several times; then each must be one of those that were wanted: nobody gains by adding a second. */
function isName (attributes: Attributes, wanted: WantedName = {}): boolean {
  return Object.entries(wanted).every(([name, values]) => {
    const found = attributes.get(attributeTypes[name as AttributeName]) ?? []
    return values === undefined || (found.length > 0 && found.every((value) => value !== null && [values].flat().includes(value)))
  })
}

/** Alternative names are all equally good (RFC 5280 section 4.2.1.6): one of each kind that was wanted must be there. No wildcards. */
function hasAlternativeNames (names: Names, { dns, uri, email, ip }: NonNullable<WantedNames['subjectAltName']> = {}): boolean {
  return hasOne(names.dns, dns, (name) => name.toLowerCase()) && hasOne(names.uri, uri, (name) => name) &&
    hasOne(names.email, email, foldDomain) && hasOne(names.ip, ip, canonicalAddress)
}

function hasOne (found: readonly string[], wanted: Wanted | undefined, fold: (name: string) => string): boolean {
  return wanted === undefined || [wanted].flat().some((name) => found.includes(fold(name)))
}

/** RFC 5280 section 7.5: the part before the @ may tell case apart, the domain does not. */
function foldDomain (address: string): string {
  const at = address.lastIndexOf('@')
  if (at === -1) return address
  return address.slice(0, at) + address.slice(at).toLowerCase()
}
