import { isSelfIssued, type Certificate } from './certificate.ts'
import { readDer, type Element } from './der.ts'
import {
  oids, readBasicConstraints, readCertificatePolicies, readExtendedKeyUsage, readInhibitAnyPolicy, readKeyUsage, readPolicyConstraints, readPolicyMappings,
  type BasicConstraints, type PolicyConstraints
} from './extensions.ts'
import { fault, type Fault } from './faults.ts'
import { readGeneralNames, type GeneralName } from './general-name.ts'
import { readNameConstraints, type NameConstraints } from './name-constraints.ts'
import { isEmptyName } from './name.ts'
import { readPublicKey, type PublicKey } from './public-key.ts'
import { isSameAlgorithm, readSignatureAlgorithm } from './signature.ts'

/** A certificate with its extensions read: all that the rules for a path ask of it. */
export interface Profile {
  readonly isSelfIssued: boolean
  readonly key: PublicKey
  readonly basicConstraints: BasicConstraints | null
  readonly keyUsage: ReadonlySet<number> | null
  readonly extendedKeyUsage: ReadonlySet<string> | null
  readonly nameConstraints: NameConstraints | null
  /** What name constraints are applied to (RFC 5280 section 6.1.3 (b) and (c)). */
  readonly names: readonly GeneralName[]
  readonly policies: ReadonlySet<string> | null
  readonly arePoliciesCritical: boolean
  readonly policyMappings: ReadonlyMap<string, ReadonlySet<string>> | null
  readonly policyConstraints: PolicyConstraints | null
  readonly inhibitAnyPolicy: number | null
}

export function isFault (value: object): value is Fault {
  return 'reason' in value
}

const processed = new Set<string>(Object.values(oids))

/** Reads what the certificate says of itself, or tells what is wrong with it wherever it stands in a path. Never throws. */
export function readProfile (certificate: Certificate, isConfigured: boolean): Profile | Fault {
  const { extensions, signatureAlgorithm, tbsSignatureAlgorithm, serialNumber } = certificate
  if (certificate.repeatsExtension) return fault('duplicate_extension', 'an extension is there twice')
  if (!isSameAlgorithm(signatureAlgorithm, tbsSignatureAlgorithm)) return fault('algorithm_mismatch', 'the signature algorithms inside and outside differ')
  for (const { oid, critical } of extensions.values()) if (critical && !processed.has(oid)) return fault('critical_extension', `the critical extension ${oid} is not known`)
  if (isEmptyName(certificate.issuer)) return fault('name_invalid', 'the issuer is empty')
  // Section 4.1.2.2; a zero octet that only carries the sign is not counted.
  const [first = 0] = serialNumber
  const isPositive = first < 0x80 && serialNumber.some((octet) => octet !== 0)
  // Some well-known roots have the number zero; whom an operator trusts, is not numbered by its serial number.
  if (!isConfigured && (!isPositive || serialNumber.length > (first === 0 ? 21 : 20))) return fault('serial_number', 'the serial number is not a positive one of up to 20 octets')
  const key = readPublicKey(certificate.subjectPublicKeyInfo)
  if (!key.usable) return fault('key_weak', key.why)
  try {
    return readExtensions(certificate, key)
  } catch (error) {
    return fault('extension_malformed', (error as SyntaxError).message)
  }
}

/** @throws SyntaxError */
function readExtensions (certificate: Certificate, key: PublicKey): Profile | Fault {
  const { extensions, subject } = certificate
  const read = <T>(oid: string, reader: (element: Element) => T): T | null => {
    const extension = extensions.get(oid)
    return extension === undefined ? null : reader(readDer(extension.value))
  }
  const alternativeNames = read(oids.subjectAltName, readGeneralNames)
  // Section 4.1.2.6.
  if (isEmptyName(subject) && (alternativeNames === null || extensions.get(oids.subjectAltName)?.critical === false)) {
    return fault('name_invalid', 'the subject is empty and there is no critical alternative name')
  }
  const policies = read(oids.certificatePolicies, readCertificatePolicies)
  const arePoliciesCritical = extensions.get(oids.certificatePolicies)?.critical === true
  if (arePoliciesCritical && policies?.hasUnknownQualifier === true) return fault('critical_extension', 'a critical policy has a qualifier that is not known')
  return Object.freeze({
    isSelfIssued: isSelfIssued(certificate),
    key,
    basicConstraints: read(oids.basicConstraints, readBasicConstraints),
    keyUsage: read(oids.keyUsage, readKeyUsage),
    extendedKeyUsage: read(oids.extendedKeyUsage, readExtendedKeyUsage),
    nameConstraints: read(oids.nameConstraints, readNameConstraints),
    names: namesOf(certificate, alternativeNames ?? []),
    policies: policies?.policies ?? null,
    arePoliciesCritical,
    policyMappings: read(oids.policyMappings, readPolicyMappings),
    policyConstraints: read(oids.policyConstraints, readPolicyConstraints),
    inhibitAnyPolicy: read(oids.inhibitAnyPolicy, readInhibitAnyPolicy)
  })
}

// Section 4.2.1.10: the subject as a directory name, and its mailboxes where no alternative name is one.
function namesOf ({ subject }: Certificate, alternativeNames: readonly GeneralName[]): readonly GeneralName[] {
  const mailboxes = alternativeNames.some(({ form }) => form === 'rfc822Name') ? [] : subject.emailAddresses
  return [
    ...isEmptyName(subject) ? [] : [{ form: 'directoryName', value: subject } as const],
    ...mailboxes.map((value) => ({ form: 'rfc822Name', value }) as const),
    ...alternativeNames
  ]
}

/** Null where the algorithm of the certificate's signature may be used. */
export function faultOfSignatureAlgorithm ({ signatureAlgorithm }: Certificate): Fault | null {
  const method = readSignatureAlgorithm(signatureAlgorithm)
  if (method === 'weak') return fault('signature_weak', 'signed with SHA-1, MD5 or the like')
  return method === 'unsupported' ? fault('signature_weak', 'signed by an algorithm that is not supported') : null
}
