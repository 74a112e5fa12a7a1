/** Why a request was refused. */
export type Reason =
  | 'token_missing' | 'token_malformed' | 'token_invalid' | 'token_inactive' | 'token_expired' | 'token_not_yet_valid'
  | 'token_type_unsupported' | 'token_issuer_mismatch' | 'token_audience_mismatch'
  | 'binding_missing' | 'binding_mismatch' | 'binding_unsupported'
  | 'certificate_missing' | 'certificate_placeholder' | 'certificate_malformed' | 'certificate_ambiguous'
  | 'certificate_too_large' | 'certificate_source_untrusted' | 'certificate_unverified' | 'certificate_not_allowed'
  | 'certificate_expired' | 'certificate_not_yet_valid' | 'certificate_untrusted'
  | 'certificate_ca_as_leaf' | 'certificate_issuer_expired' | 'certificate_issuer_not_yet_valid' | 'certificate_signature_invalid' | 'certificate_signature_weak'
  | 'certificate_algorithm_mismatch' | 'certificate_key_weak' | 'certificate_not_a_ca' | 'certificate_path_too_long' | 'certificate_key_usage'
  | 'certificate_extended_key_usage' | 'certificate_name_constraints' | 'certificate_policy' | 'certificate_critical_extension' | 'certificate_duplicate_extension'
  | 'certificate_extension_malformed' | 'certificate_name_invalid' | 'certificate_serial_number' | 'certificate_limit_exceeded'
  | 'certificate_revoked' | 'certificate_revocation_unknown'
  | 'scope_insufficient' | 'client_not_allowed' | 'claims_insufficient'
  | 'issuer_unavailable' | 'issuer_refused_us' | 'issuer_bad_response'
  | 'upstream_path_ambiguous' | 'upstream_unavailable' | 'upstream_timeout'
  | 'websocket_handshake_malformed' | 'websocket_version_unsupported'

/**
 * What the guard decided about one request; published on the diagnostics channel `fastify-bound-token:decision`.
 * It holds no token, no certificate and no secret.
 */
export interface Decision {
  /** Whether the request fulfilled the route's policy. */
  readonly allowed: boolean
  /** False on a route in report mode: the request went on whatever `allowed` says. */
  readonly enforced: boolean
  /** Why not; null when allowed. */
  readonly reason: Reason | null
  /** The status of the answer to the client, or that it would have been. 200 stands for "left to the handler". */
  readonly statusCode: number
  readonly method: string
  /** The route's pattern; undefined for an unknown URL. */
  readonly route: string | undefined
  readonly requestId: string
  /** The configured issuer of the token, and what the token says, once it was resolved. */
  readonly issuer: string | null
  readonly clientId: string | null
  readonly subject: string | null
  /** SHA-256 thumbprint of the presented certificate, base64url (RFC 8705 section 3.1), once it was read. */
  readonly thumbprint: string | null
  /**
   * Tells tokens apart without naming them: the beginning of a keyed hash. The key lives as long as the process; with `cache.secret`
   * it is the same in all processes that have it, and so are the references.
   */
  readonly tokenReference: string | null
  /** Whether the token counted beyond its time in the cache, since the authorization server could not be asked (`cache.staleIfError`). */
  readonly stale: boolean
}
