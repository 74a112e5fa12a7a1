/** What one judgement may cost at most. Every limit is a count, so that the same certificates always have the same verdict. */
export interface Limits {
  /** Certificates that come with the client's. */
  readonly certificates: number
  /** Bytes of all of them and the client's. */
  readonly bytes: number
  /** Intermediates in a path, without self-issued ones. */
  readonly intermediates: number
  /** Signatures that are verified; what the operator configured is verified once and not counted. */
  readonly signatures: number
  /** Certificates that are tried as the next in a path. */
  readonly steps: number
  /** Comparisons of names with constraints, and of policies. */
  readonly comparisons: number
}

export const defaultLimits: Limits = Object.freeze({ certificates: 32, bytes: 65_536, intermediates: 8, signatures: 24, steps: 256, comparisons: 50_000 })
