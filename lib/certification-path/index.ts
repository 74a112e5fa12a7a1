/**
 * Certification path validation by RFC 5280 section 6.1 for the certificates of clients, with node:crypto and nothing else.
 *
 *     const paths = certificationPaths({ anchors: [rootDer], intermediates: [issuingDer] })
 *     const verdict = paths.validate(clientDer, chainDers, new Date())
 *     if (!verdict.valid) console.warn(verdict.reason, pathFaults[verdict.reason], verdict.detail)
 *
 * Revocation is not looked at. A path says that a certificate was issued by somebody trusted, never that whoever showed it has
 * its key: that is for TLS to prove.
 */

export { parseCertificate, type Certificate, type Extension } from './certificate.ts'
export { pathFaults, type PathFault } from './faults.ts'
export { defaultLimits, type Limits } from './limits.ts'
export type { Name } from './name.ts'
export { certificationPaths, type PathValidator, type PathVerdict, type TrustOptions } from './validator.ts'
