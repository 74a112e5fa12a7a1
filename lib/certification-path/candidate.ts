import { hash } from 'node:crypto'
import type { Certificate } from './certificate.ts'
import { contentOf, readDer } from './der.ts'
import type { Fault } from './faults.ts'
import { nameKey } from './name.ts'
import { readProfile, type Profile } from './profile.ts'

/** A certificate that may become part of a path. */
export interface Candidate {
  readonly certificate: Certificate
  /** The same for the same DER. */
  readonly digest: string
  readonly subject: string
  readonly issuer: string
  /** Subject and key: whoever has both is the same entity, however many certificates say so. */
  readonly entity: string
  /** Whether the operator configured it, and not the client sent it. */
  readonly isConfigured: boolean
  readonly subjectKeyIdentifier: string | null
  readonly authorityKeyIdentifier: string | null
  /** Read when it is asked for: most of what a client can send never gets that far. */
  profile (): Profile | Fault
}

export function candidate (certificate: Certificate, isConfigured: boolean): Candidate {
  let profile: Profile | Fault | undefined
  const subject = nameKey(certificate.subject)
  return Object.freeze({
    certificate,
    digest: hash('sha256', certificate.der, 'base64'),
    subject,
    issuer: nameKey(certificate.issuer),
    entity: `${Buffer.from(certificate.subjectPublicKeyInfo).toString('base64')} ${subject}`,
    isConfigured,
    subjectKeyIdentifier: keyIdentifier(certificate, '2.5.29.14'),
    authorityKeyIdentifier: keyIdentifier(certificate, '2.5.29.35'),
    profile: () => (profile ??= readProfile(certificate, isConfigured))
  })
}

// Only says which certificate to try first, so one that cannot be read is none (RFC 5280 sections 4.2.1.1 and 4.2.1.2).
function keyIdentifier ({ extensions }: Certificate, oid: string): string | null {
  const extension = extensions.get(oid)
  if (extension === undefined) return null
  try {
    const element = readDer(extension.value)
    const identifier = element.tag === 0x30 ? element.children.find(({ tag }) => tag === 0x80) : element
    return identifier === undefined ? null : Buffer.from(contentOf(identifier)).toString('hex')
  } catch {
    return null
  }
}
