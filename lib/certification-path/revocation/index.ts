/**
 * Revocation of the certificates in a path: by CRLs (RFC 5280 sections 5 and 6.3) and by OCSP (RFC 6960).
 *
 *     const front = revocation({ mode: 'hard', crls: ['ca.crl'] }, (event) => log.warn(event))
 *     const verdict = await front.check(path, new Date())
 *     if (!isAdmitted(verdict, 'hard')) refuse()
 */

export { parseCrl, parseCrlInSlices, type Crl } from './crl.ts'
export { judgeCrl, type CrlContext, type CrlVerdict } from './judge-crl.ts'
export { judgeOcspResponse, type OcspQuestion, type OcspVerdict } from './judge-ocsp.ts'
export { ocspRequest } from './ocsp-request.ts'
export type { RevocationOptions } from './options.ts'
export type { RevocationReason } from './reason.ts'
export { isAdmitted, revocation, type Revocation, type RevocationEvent, type RevocationVerdict } from './revocation.ts'
