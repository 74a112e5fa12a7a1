import { AsnConvert } from '@peculiar/asn1-schema'
import { Certificate, id_ce_subjectAltName as subjectAltName, SubjectAlternativeName, type Name } from '@peculiar/asn1-x509'
import { refuse } from '../errors.ts'
import { attributeTypes, type AttributeName } from './attribute-types.ts'
import { canonicalAddress } from './trusted-address.ts'

type Wanted = string | readonly string[]
type WantedName = { readonly [name in AttributeName]?: Wanted | undefined }

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
    const { tbsCertificate: { subject, issuer, extensions = [] } } = AsnConvert.parse(der, Certificate)
    const found = extensions.filter(({ extnID }) => extnID === subjectAltName)
    if (found.length > 1) throw new TypeError('an extension twice')
    const names = found[0] === undefined ? [] : [...AsnConvert.parse(found[0].extnValue, SubjectAlternativeName)]
    return {
      subject: attributesOf(subject),
      issuer: attributesOf(issuer),
      dns: names.flatMap(({ dNSName }) => dNSName === undefined ? [] : [dNSName.toLowerCase()]),
      uri: names.flatMap(({ uniformResourceIdentifier: uri }) => uri ?? []),
      email: names.flatMap(({ rfc822Name }) => rfc822Name === undefined ? [] : [foldDomain(rfc822Name)]),
      ip: names.flatMap(({ iPAddress }) => iPAddress === undefined ? [] : [canonicalAddress(iPAddress)])
    }
  } catch {
    throw refuse('certificate_malformed', 'names that cannot be read')
  }
}

function attributesOf (name: Name): Attributes {
  const attributes = new Map<string, Array<string | null>>()
  for (const rdn of name) {
    for (const { type, value } of rdn) {
      // Not TeletexString: nobody agrees on what its bytes stand for.
      const text = value.utf8String ?? value.printableString ?? value.ia5String ?? value.bmpString ?? null
      attributes.set(type, [...attributes.get(type) ?? [], text])
    }
  }
  return attributes
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
  return address.slice(0, at) + address.slice(at).toLowerCase()
}
