/** What one source says of one certificate. */
export type SourceStatus =
  | { readonly status: 'good', readonly goodUntil: number }
  | { readonly status: 'revoked', readonly by: 'crl' | 'ocsp' }
  | { readonly status: 'undetermined', readonly why: string, readonly retryAt: number }

/** Where there is nobody to ask, asking again is of no use for a while. */
const pauseWithoutSource = 60_000

export function undetermined (why: string, retryAt = Date.now() + pauseWithoutSource): SourceStatus {
  return { status: 'undetermined', why, retryAt }
}
