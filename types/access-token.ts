export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [member: string]: JsonValue }

/** RFC 7800 confirmation claim. */
export interface Confirmation {
  /** RFC 8705 section 3.1: base64url SHA-256 of the client certificate's DER. */
  readonly 'x5t#S256'?: string
  readonly [member: string]: JsonValue | undefined
}

/** The claims of an access token, as its authorization server states them; deeply frozen. */
export interface Claims {
  readonly active?: boolean
  readonly scope?: string
  readonly client_id?: string
  readonly username?: string
  readonly token_type?: string
  readonly exp?: number
  readonly iat?: number
  readonly nbf?: number
  readonly sub?: string
  readonly aud?: string | readonly string[]
  readonly iss?: string
  readonly jti?: string
  readonly cnf?: Confirmation
  readonly [claim: string]: JsonValue | Confirmation | undefined
}

/** A verified access token; frozen, and shared by all requests that carry it. It does not hold the token itself. */
export interface AccessToken {
  readonly claims: Claims
  readonly scopes: readonly string[]
  /** The configured issuer that vouches for the token. */
  readonly issuer: string
  readonly subject: string | null
  readonly clientId: string | null
  readonly audience: readonly string[]
  /** Seconds since the epoch; null when the authorization server names no end. */
  readonly expiresAt: number | null
  /** The `cnf` claim; null when the token is not bound. */
  readonly confirmation: Confirmation | null
  /** The confirmation method that held on this request; null where none was asked for. */
  readonly binding: 'x5t#S256' | null
}
