/** Error codes of RFC 8935 section 2.4, as the registry of IANA has them. */
export type SetErrorCode = 'invalid_request' | 'invalid_key' | 'invalid_issuer' | 'invalid_audience' | 'authentication_failed' | 'access_denied'

/** Why a security event token was refused. The text is a constant of ours and goes to whoever sent it. */
export interface SetFault extends Error {
  readonly err: SetErrorCode
}

const kFault = Symbol('fastify-bound-token.set-fault')

export function setFault (err: SetErrorCode, description: string): SetFault {
  return Object.assign(new Error(description), { err, [kFault]: true })
}

export function isSetFault (error: unknown): error is SetFault {
  return typeof error === 'object' && error !== null && kFault in error
}
