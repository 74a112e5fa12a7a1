import createError from '@fastify/error'
import type { Reason } from '../types/decision.ts'

/**
 * What a client is told. Texts are constants: nothing of the token, the certificate or the authorization server is echoed
 * (RFC 6750 section 5.3), and every `invalid_token` reads the same, so that a thief cannot learn how far a stolen token got.
 */
export const answers = {
  missing: {
    statusCode: 401,
    code: 'FST_BOUND_TOKEN_MISSING',
    message: 'An access token is required'
  },
  invalidRequest: {
    statusCode: 400,
    code: 'FST_BOUND_TOKEN_INVALID_REQUEST',
    message: 'The request does not carry exactly one well-formed access token'
  },
  invalidToken: {
    statusCode: 401,
    code: 'FST_BOUND_TOKEN_INVALID_TOKEN',
    message: 'The access token is not valid for this request'
  },
  insufficientScope: {
    statusCode: 403,
    code: 'FST_BOUND_TOKEN_INSUFFICIENT_SCOPE',
    message: 'The access token does not allow this request'
  },
  unavailable: {
    statusCode: 503,
    code: 'FST_BOUND_TOKEN_UNAVAILABLE',
    message: 'The access token cannot be verified at the moment'
  },
  refusedUs: {
    statusCode: 500,
    code: 'FST_BOUND_TOKEN_REFUSED_BY_ISSUER',
    message: 'The access token cannot be verified'
  },
  badResponse: {
    statusCode: 502,
    code: 'FST_BOUND_TOKEN_BAD_RESPONSE',
    message: 'The access token cannot be verified'
  },
  ambiguousPath: {
    statusCode: 400,
    code: 'FST_BOUND_TOKEN_AMBIGUOUS_PATH',
    message: 'The request path is ambiguous'
  },
  upstreamUnavailable: {
    statusCode: 502,
    code: 'FST_BOUND_TOKEN_UPSTREAM_UNAVAILABLE',
    message: 'The upstream cannot be reached'
  },
  upstreamTimeout: {
    statusCode: 504,
    code: 'FST_BOUND_TOKEN_UPSTREAM_TIMEOUT',
    message: 'The upstream did not answer in time'
  },
  badHandshake: {
    statusCode: 400,
    code: 'FST_BOUND_TOKEN_BAD_HANDSHAKE',
    message: 'The WebSocket handshake is not valid'
  },
  unsupportedVersion: {
    statusCode: 426,
    code: 'FST_BOUND_TOKEN_UNSUPPORTED_VERSION',
    message: 'The version of the WebSocket protocol is not supported'
  }
} as const

export type Answer = keyof typeof answers

/** Why a request was refused: for the log, the decision channel and the counters. Each maps to one answer. */
export const reasons = {
  token_missing: ['missing', 'no `Authorization` header with the Bearer scheme'],
  token_malformed: ['invalidRequest', 'repeated or malformed `Authorization`, or a second token in the query'],
  token_invalid: ['invalidToken', 'a JWT whose signature, encryption, type, key or claims do not hold, or an opaque token where none is taken'],
  token_inactive: ['invalidToken', 'the authorization server says that the token is not active'],
  token_expired: ['invalidToken', '`exp` has passed'],
  token_not_yet_valid: ['invalidToken', '`nbf` lies in the future'],
  token_type_unsupported: ['invalidToken', '`token_type` is not Bearer'],
  token_issuer_mismatch: ['invalidToken', '`iss` is not the configured issuer'],
  token_audience_mismatch: ['invalidToken', '`aud` holds none of the audiences that this route accepts'],
  binding_missing: ['invalidToken', 'the token is not bound and the route requires it'],
  binding_mismatch: ['invalidToken', 'the token is bound to another certificate'],
  binding_unsupported: ['invalidToken', 'the token is bound by a method that cannot be checked here'],
  certificate_missing: ['invalidToken', 'no client certificate'],
  certificate_placeholder: ['invalidToken', 'the proxy wrote a placeholder or an empty value; some proxies also do so when the certificate is too large'],
  certificate_malformed: ['invalidToken', 'the certificate header is not what its format demands'],
  certificate_ambiguous: ['invalidToken', 'repeated line, alias of the name, second certificate, or named by `Connection`'],
  certificate_too_large: ['invalidToken', 'longer than `certificate.maxBytes`'],
  certificate_source_untrusted: ['invalidToken', 'the certificate header came from a peer outside `trustedProxies`'],
  certificate_unverified: ['invalidToken', 'the verify header is absent or has another value'],
  certificate_not_allowed: ['invalidToken', 'the names in the certificate are none of those in `certificate.match`'],
  certificate_expired: ['invalidToken', 'the client certificate has expired'],
  certificate_not_yet_valid: ['invalidToken', 'the client certificate is not valid yet'],
  certificate_ca_as_leaf: ['invalidToken', 'the certificate of a certification authority was shown as that of a client'],
  certificate_untrusted: ['invalidToken', 'no chain of names leads from the client certificate to a trust anchor: the issuer is not trusted, or an intermediate is missing'],
  certificate_issuer_expired: ['invalidToken', 'an issuing certificate has expired'],
  certificate_issuer_not_yet_valid: ['invalidToken', 'an issuing certificate is not valid yet'],
  certificate_signature_invalid: ['invalidToken', 'a signature was not made by the key of the certificate that is named as issuer'],
  certificate_signature_weak: ['invalidToken', 'a signature by an algorithm that is too weak (SHA-1, MD5) or not supported'],
  certificate_algorithm_mismatch: ['invalidToken', 'a certificate names one signature algorithm inside and another beside its signature'],
  certificate_key_weak: ['invalidToken', 'a public key that is too weak, too large, of a type that is not supported, or not one at all'],
  certificate_not_a_ca: ['invalidToken', 'an issuing certificate is not that of a certification authority'],
  certificate_path_too_long: ['invalidToken', 'more intermediates than a certificate or the limit allows'],
  certificate_key_usage: ['invalidToken', 'a key was used for what its certificate does not allow'],
  certificate_extended_key_usage: ['invalidToken', 'a certificate is not meant for the authentication of clients'],
  certificate_name_constraints: ['invalidToken', 'a name that the constraints of an issuer do not allow, or constraints that cannot be applied'],
  certificate_policy: ['invalidToken', 'no certificate policy holds for the whole path where one is required'],
  certificate_critical_extension: ['invalidToken', 'a critical extension that is not understood'],
  certificate_duplicate_extension: ['invalidToken', 'an extension that is there twice'],
  certificate_extension_malformed: ['invalidToken', 'an extension that cannot be read, or that this certificate may not have'],
  certificate_name_invalid: ['invalidToken', 'an empty issuer, or an empty subject without a critical alternative name'],
  certificate_serial_number: ['invalidToken', 'a serial number that is zero, negative or longer than 20 octets'],
  certificate_limit_exceeded: ['invalidToken', 'the judgement would take more work than a limit allows'],
  certificate_revoked: ['invalidToken', 'the client certificate, or that of an issuer, is revoked'],
  certificate_revocation_unknown: ['invalidToken', 'nobody could say whether the certificate is revoked, and `trust.revocation` is hard'],
  scope_insufficient: ['insufficientScope', 'a scope that the route demands is absent'],
  client_not_allowed: ['insufficientScope', 'the client is not one of the route\'s `clients`'],
  claims_insufficient: ['insufficientScope', 'the claims are not what the route\'s `claims` demand'],
  issuer_unavailable: ['unavailable', 'the authorization server is down, slow, overloaded or answers 5xx or 429'],
  issuer_refused_us: ['refusedUs', 'the authorization server refuses our own credentials'],
  issuer_bad_response: ['badResponse', 'the authorization server\'s answer is not usable'],
  upstream_path_ambiguous: ['ambiguousPath', 'dot segments, encoded slashes and the like in a path that goes upstream'],
  upstream_unavailable: ['upstreamUnavailable', 'no connection to the upstream, or it broke'],
  upstream_timeout: ['upstreamTimeout', 'the upstream did not answer in time'],
  websocket_handshake_malformed: ['badHandshake', 'an upgrade on a route with `upstream.websocket` that is not the opening handshake of RFC 6455 and nothing else'],
  websocket_version_unsupported: ['unsupportedVersion', '`Sec-WebSocket-Version` is not 13']
} as const satisfies Record<Reason, readonly [Answer, string]>

/** A refusal on its way to the client. `reason` and `detail` are for the operator only. */
export interface Refusal extends Error {
  code: string
  statusCode: number
  answer: Answer
  reason: Reason
  /** A constant of ours that says more; never text from the wire. */
  detail?: string
  /** Whose trouble it is, or whose token it was. */
  issuer?: string
  /** Seconds, with `issuer_unavailable`. */
  retryAfter?: number
  /** With `issuer_unavailable`: whether the next token, too, would fail. */
  isOutage?: boolean
  /** With `issuer_unavailable`: whether asking again at once is harmless and may help. */
  isPassing?: boolean
  /** With `issuer_unavailable`: nobody was asked, since it has failed before. */
  isUnasked?: boolean
  /** Milliseconds for which the authorization server asks to be left alone. */
  askedPause?: number
}

const kRefusal = Symbol('fastify-bound-token.refusal')

const classes = Object.fromEntries(Object.entries(answers).map(([name, answer]) =>
  [name, createError(answer.code, answer.message, answer.statusCode)])) as Record<Answer, ReturnType<typeof createError>>

export function refuse (reason: Reason, detail?: string): Refusal {
  const answer = reasons[reason][0]
  const error = new classes[answer]() as unknown as Refusal
  error.answer = answer
  error.reason = reason
  if (detail !== undefined) error.detail = detail
  Object.defineProperty(error, kRefusal, { value: true })
  return error
}

export function isRefusal (error: unknown): error is Refusal {
  return typeof error === 'object' && error !== null && kRefusal in error
}

/** A wrong option. It stops the boot and names the option, what was found and what is allowed. */
export const OptionsError = createError('FST_BOUND_TOKEN_OPTIONS', '%s', 500, TypeError)

/** A fault of ours or of the configuration, found while a request was judged: it is refused. The log has the cause. */
export const NotJudgedError = createError('FST_BOUND_TOKEN_NOT_JUDGED', 'The request cannot be judged', 500)

/** A second registration on one chain of scopes: which of the two decides would be anybody's guess. */
export const AlreadyRegisteredError = createError(
  'FST_BOUND_TOKEN_ALREADY_REGISTERED',
  'fastify-bound-token is already registered in this scope, one above or one below it; register it once per chain of scopes',
  500, TypeError)
