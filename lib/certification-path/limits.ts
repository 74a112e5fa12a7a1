/** What one judgement may cost at most. Every limit is a count, so that the same certificates always have the same verdict. */
export interface Limits {
  /** Certificates that come with the client's. */
  readonly certificates: number
  /** Bytes of all of them and the client's. */
  readonly bytes: number
  /** Intermediates in a path, without self-issued ones. */
  readonly intermediates: number
  /** Values of ASN.1 in all of them, without what is in their extensions. */
  readonly values: number
  /** Verifications with RSA or P-256; one with a larger key counts for several. What the operator configured is verified once and not counted. */
  readonly signatures: number
  /** Certificates that are tried as the next in a path. */
  readonly steps: number
  /** Comparisons of names with constraints; a policy counts for four. */
  readonly comparisons: number
}

export const defaultLimits: Limits = Object.freeze({ certificates: 32, bytes: 65_536, values: 8192, intermediates: 8, signatures: 32, steps: 256, comparisons: 50_000 })
