import type { Candidate } from './candidate.ts'
import type { PublicKey } from './public-key.ts'
import { verifyWithKey, type SignatureVerdict } from './signature.ts'

/** Verifies that `issuer` signed `child`; null where that would be more work than allowed. */
export type Verifier = (child: Candidate, issuer: Candidate, key: PublicKey) => SignatureVerdict | null

/** What was verified among configured certificates: as many entries as there are pairs of them that name one another. */
export type LastingVerdicts = WeakMap<Candidate, Map<string, SignatureVerdict>>

/** Each pair of a certificate and a key is verified once in a judgement, and once for good if both were configured. */
export function verifier (mostWork: number, lasting: LastingVerdicts): Verifier {
  const passing: LastingVerdicts = new WeakMap()
  let left = mostWork
  return (child, issuer, key) => {
    const isLasting = child.isConfigured && issuer.isConfigured
    const verdicts = isLasting ? lasting : passing
    const known = verdicts.get(child) ?? new Map<string, SignatureVerdict>()
    verdicts.set(child, known)
    const before = known.get(issuer.entity)
    if (before !== undefined) return before
    left -= isLasting || !key.usable ? 0 : key.work
    if (left < 0) return null
    const { signatureAlgorithm, tbs, signature } = child.certificate
    const verdict = verifyWithKey({ algorithm: signatureAlgorithm, tbs, signature }, key)
    known.set(issuer.entity, verdict)
    return verdict
  }
}
