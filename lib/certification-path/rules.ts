import type { Certificate } from './certificate.ts'
import { purposes, usages } from './extensions.ts'
import { fault, type Fault } from './faults.ts'
import type { Profile } from './profile.ts'

export interface UsageOptions {
  /** Whether `anyExtendedKeyUsage` stands for the authentication of clients in a client's certificate. */
  readonly allowAnyExtendedKeyUsage?: boolean
  /** Whether a client's certificate without an extended key usage is refused. */
  readonly requireExtendedKeyUsage?: boolean
  /** Whether the certificate of a certification authority may be that of a client. */
  readonly allowAuthorityAsLeaf?: boolean
}

/** RFC 5280 section 4.1.2.5: both ends belong to the validity, in whole seconds. A date that is none is outside. */
export function faultOfValidity ({ notBefore, notAfter }: Certificate, at: Date, isLeaf: boolean): Fault | null {
  const now = Math.floor(at.getTime() / 1000) * 1000
  if (!(now >= notBefore)) return fault(isLeaf ? 'leaf_not_yet_valid' : 'issuer_not_yet_valid', 'before notBefore')
  if (!(now <= notAfter)) return fault(isLeaf ? 'leaf_expired' : 'issuer_expired', 'after notAfter')
  return null
}

/** What a client's certificate may be used for, whatever the path (sections 4.2.1.3, 4.2.1.9, 4.2.1.10, 4.2.1.12). */
export function faultOfLeaf (profile: Profile, isPinned: boolean, options: UsageOptions): Fault | null {
  const { basicConstraints, keyUsage, extendedKeyUsage } = profile
  const isAuthority = basicConstraints?.cA === true
  if (isAuthority && !isPinned && options.allowAuthorityAsLeaf !== true) return fault('ca_as_leaf', 'cA is true')
  if (!isAuthority && profile.nameConstraints !== null) return fault('extension_malformed', 'name constraints outside the certificate of an authority')
  if (!isAuthority && keyUsage?.has(usages.keyCertSign) === true) return fault('key_usage', 'keyCertSign outside the certificate of an authority')
  if (keyUsage !== null && !keyUsage.has(usages.digitalSignature) && !keyUsage.has(usages.keyAgreement)) {
    return fault('key_usage', 'neither digitalSignature nor keyAgreement')
  }
  if (extendedKeyUsage === null) return options.requireExtendedKeyUsage === true ? fault('extended_key_usage', 'no extended key usage') : null
  const isForClients = extendedKeyUsage.has(purposes.clientAuth) || (options.allowAnyExtendedKeyUsage === true && extendedKeyUsage.has(purposes.any))
  return isForClients ? null : fault('extended_key_usage', 'clientAuth is not among the purposes')
}

/** What a certificate has to be to issue others (section 6.1.4 (k) and (n)), a trust anchor as well. */
export function faultOfIssuer ({ version }: Certificate, { basicConstraints, keyUsage, extendedKeyUsage }: Profile): Fault | null {
  // Only version 3 has extensions, so an older one never gets past this.
  if (basicConstraints?.cA !== true) return fault('not_a_ca', version === 3 ? 'cA is not true' : 'no version 3')
  if (keyUsage !== null && !keyUsage.has(usages.keyCertSign)) return fault('key_usage', 'no keyCertSign')
  // Not in the RFC: a purpose in an issuer's certificate limits what it issues, as every other validator has it.
  const isForClients = extendedKeyUsage === null || extendedKeyUsage.has(purposes.clientAuth) || extendedKeyUsage.has(purposes.any)
  return isForClients ? null : fault('extended_key_usage', 'clientAuth is not among the purposes of an issuer')
}
