import type { Certificate } from '../certificate.ts'
import { expectTag, readDer, tags } from '../der.ts'
import { oids, readBasicConstraints } from '../extensions.ts'
import type { GeneralName } from '../general-name.ts'
import type { Crl } from './crl.ts'
import {
  distributionPointsOf, fieldsByTag, isSameGeneralName, readDistributionPointName, readFlag, type DistributionPoint
} from './distribution-point.ts'

export const issuingDistributionPoint = '2.5.29.28'

/** `partial`: that a certificate is not in the list says nothing of other reasons to revoke it. */
export type CrlScope = 'complete' | 'partial' | { readonly why: string }

const complete = Object.freeze({ names: null, onlyUsers: false, onlyAuthorities: false, onlyAttributes: false, isIndirect: false, hasReasons: false })

/** Whether a CRL speaks of a certificate at all (RFC 5280 section 6.3.3 (b)). @throws SyntaxError */
export function scopeFor (crl: Crl, target: Certificate): CrlScope {
  const scope = readIssuingDistributionPoint(crl)
  if (scope.isIndirect) return { why: 'an indirect CRL, which is not supported' }
  if (scope.onlyAttributes) return { why: 'a CRL of attribute certificates' }
  const isAuthority = isAuthorityCertificate(target)
  if (scope.onlyUsers && isAuthority) return { why: 'a CRL without the certificates of authorities' }
  if (scope.onlyAuthorities && !isAuthority) return { why: 'a CRL of the certificates of authorities only' }
  const matching = pointsFor(target).filter((point) => isFrom(point, scope.names))
  if (matching.length === 0) return { why: 'a CRL of another distribution point' }
  // Section 6.3.3 (d).
  return scope.hasReasons || matching.every(({ hasReasons }) => hasReasons) ? 'partial' : 'complete'
}

function readIssuingDistributionPoint ({ extensions }: Crl): { readonly [Field in keyof typeof complete]: Field extends 'names' ? readonly GeneralName[] | null : boolean } {
  const extension = extensions.get(issuingDistributionPoint)
  if (extension === undefined) return complete
  const { children } = expectTag(readDer(extension.value), tags.sequence)
  // Section 5.2.5.
  if (children.length === 0) throw new SyntaxError('an empty issuing distribution point')
  const fields = fieldsByTag(children, [0xa0, 0x81, 0x82, 0x83, 0x84, 0x85])
  const name = fields.get(0xa0)
  return {
    names: name === undefined ? null : readDistributionPointName(name),
    onlyUsers: readFlag(fields.get(0x81)),
    onlyAuthorities: readFlag(fields.get(0x82)),
    hasReasons: fields.has(0x83),
    isIndirect: readFlag(fields.get(0x84)),
    onlyAttributes: readFlag(fields.get(0x85))
  }
}

// Those of the certificate whose CRL is its issuer's, and the one that is always assumed: the name of the issuer (section 6.3.3,
// last paragraph).
function pointsFor (target: Certificate): readonly DistributionPoint[] {
  const issuer: GeneralName = { form: 'directoryName', value: target.issuer }
  const own = distributionPointsOf(target).filter(({ cRLIssuer }) => cRLIssuer === null || cRLIssuer.some((name) => isSameGeneralName(name, issuer)))
  return [...own, { names: [issuer], hasReasons: false, cRLIssuer: null }]
}

// Section 6.3.3 (b) (2) (i).
function isFrom ({ names, cRLIssuer }: DistributionPoint, ofCrl: readonly GeneralName[] | null): boolean {
  if (ofCrl === null) return true
  return ofCrl.some((one) => (names ?? cRLIssuer ?? []).some((other) => isSameGeneralName(one, other)))
}

function isAuthorityCertificate ({ extensions }: Certificate): boolean {
  const extension = extensions.get(oids.basicConstraints)
  return extension !== undefined && readBasicConstraints(readDer(extension.value)).cA
}
