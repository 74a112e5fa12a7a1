// Generated from lib/options.ts by `npm run docs`; a test fails when it is stale.
import type { CertificateDecoder } from './client-certificate.ts'

/** A secret: its text, where it stands, or a function that gives it. Read once, at boot. */
export type Secret = string | {
  /** Name of an environment variable. */
  env: string
  /** The stored form is base64 of the secret. */
  encoding?: 'base64'
} | {
  /** Path of a file; one line break at its end is ignored. */
  file: string
  /** The stored form is base64 of the secret. */
  encoding?: 'base64'
} | (() => string | Promise<string>)

/** Certificate authorities in PEM. */
export type CertificateAuthorities = string | {
  /** Path of a PEM file. */
  file: string
}

export interface FastifyBoundTokenOptions {
  /** Where the client certificate comes from and whom to believe. */
  certificate: CertificateOptions
  /** The authorization server. */
  issuers: IssuerOptions[]
  /** Memory of resolved tokens, in process. Decisions are never remembered. */
  cache?: CacheOptions
  /**
   * `realm` of the challenges.
   *
   * @defaultValue "api"
   */
  realm?: string
  /** Scopes that a token must have, all of them. */
  scopes?: string[]
  /** Scopes of which a token must have one. */
  anyScope?: string[]
  /** Identifiers of this API; a token must name one of them in `aud`. Replaces that of the issuer. */
  audience?: string | string[]
  /** Clients whose tokens are let in; everybody's when absent. */
  clients?: string[]
  /**
   * `required` (or `strict`): the token must be bound to the presented certificate. `optional`: only a token that is bound must be; a bad certificate header is refused all the same. `off`: no certificate is read and no binding checked.
   *
   * @defaultValue "required"
   */
  binding?: 'required' | 'strict' | 'optional' | 'off'
  /**
   * `report` lets every request through, without `accessToken`, and publishes what would have been decided.
   *
   * @defaultValue "enforce"
   */
  mode?: 'enforce' | 'report'
  /** Where to forward the request to; the handler of the route must be `forward`. */
  upstream?: UpstreamOptions
}

export interface CertificateOptions {
  /**
   * Where the client certificate comes from: a header that the TLS terminator writes, or the TLS connection itself, where Fastify terminates TLS. Never whichever is there.
   *
   * @defaultValue "header"
   */
  source?: 'header' | 'tls'
  /** The proxy: fills `header`, `format` and `verified` with what the README says it sends. Each can be overridden. */
  preset?: 'nginx' | 'apache' | 'haproxy' | 'caddy' | 'rfc9440'
  /** Name of the header. Only this one is ever read. */
  header?: string
  /** How the certificate is written in the header; or a function that gives the DER of one value and throws for a bad one. Never guessed. */
  format?: 'pem' | 'url-pem' | 'base64-der' | 'base64-pem' | 'rfc9440' | CertificateDecoder
  /** Who may write the header: IP addresses, CIDRs, and `unix` for a unix socket. Judged on the address of the socket, never on forwarded headers. Required for a header source. */
  trustedProxies?: string[]
  /** The verdict of the proxy that must stand beside every certificate; `false` where certificates are self-signed and only the thumbprint counts. */
  verified?: {
    /** Name of the header with the verdict. */
    header: string
    /** What it must be, to the letter. */
    value: string
  } | false
  /** The name of the header is itself a secret: refuse a short one at boot. It never stands in a log or an error. */
  secretName?: {
    /**
     * Least length of the name.
     *
     * @defaultValue 32
     */
    minLength?: number
  }
  /**
   * Longest value that is decoded. Node itself refuses more than 16 KiB of headers unless `maxHeaderSize` is raised.
   *
   * @defaultValue 16384
   */
  maxBytes?: number
}

export interface IssuerOptions {
  /** Issuer identifier of the authorization server, a URL. It is only compared: an `iss` in an answer must be equal. */
  issuer: string
  /** Identifiers of this API; a token must name one of them in `aud`. `false` accepts tokens for any audience: only for an authorization server that states none. */
  audience: string | string[] | false
  /** Where and how to ask what a token stands for. */
  introspection: IntrospectionOptions
  /** TLS to the authorization server. */
  tls?: TlsOptions
  /**
   * Allow http for endpoints on a loopback address, for development.
   *
   * @defaultValue false
   */
  allowInsecureLoopback?: boolean
}

export interface IntrospectionOptions {
  /** URL of the introspection endpoint (RFC 7662). https, unless `allowInsecureLoopback`. */
  endpoint: string
  /** Credentials of this service at the authorization server. */
  clientAuth: ClientAuthOptions
  /**
   * Milliseconds for a whole call.
   *
   * @defaultValue 5000
   */
  timeout?: number
  /**
   * `token_type_hint` to send; `false` for none.
   *
   * @defaultValue "access_token"
   */
  tokenTypeHint?: string | false
  /** More form parameters to send. */
  parameters?: Record<string, string>
  /** More headers to send. */
  headers?: Record<string, string>
}

export interface ClientAuthOptions {
  /** How this service authenticates to the authorization server. */
  method: 'client_secret_basic' | 'client_secret_post'
  /** Client identifier of this service. */
  clientId: string
  /** Its secret. */
  clientSecret: Secret
}

export interface CacheOptions {
  /**
   * `false` asks the authorization server on every request.
   *
   * @defaultValue true
   */
  enabled?: boolean
  /**
   * Tokens to remember; the least recently used go first. About 1 to 3 KB each.
   *
   * @defaultValue 10000
   */
  maxEntries?: number
  /**
   * Milliseconds to remember a token without `exp`.
   *
   * @defaultValue 30000
   */
  defaultTtl?: number
  /**
   * Milliseconds to remember any token: how late a revocation may be noticed.
   *
   * @defaultValue 60000
   */
  maxTtl?: number
  /**
   * Milliseconds to believe that a token is not active.
   *
   * @defaultValue 2000
   */
  negativeTtl?: number
}

export interface BoundTokenRouteOptions {
  /** Scopes that a token must have, all of them. */
  scopes?: string[]
  /** Scopes of which a token must have one. */
  anyScope?: string[]
  /** Identifiers of this API; a token must name one of them in `aud`. Replaces that of the issuer. */
  audience?: string | string[]
  /** Clients whose tokens are let in; everybody's when absent. */
  clients?: string[]
  /**
   * `required` (or `strict`): the token must be bound to the presented certificate. `optional`: only a token that is bound must be; a bad certificate header is refused all the same. `off`: no certificate is read and no binding checked.
   *
   * @defaultValue "required"
   */
  binding?: 'required' | 'strict' | 'optional' | 'off'
  /**
   * `report` lets every request through, without `accessToken`, and publishes what would have been decided.
   *
   * @defaultValue "enforce"
   */
  mode?: 'enforce' | 'report'
  /** Where to forward the request to; the handler of the route must be `forward`. */
  upstream?: UpstreamOptions
  /** Another certificate source for this route; replaces the whole of the plugin's. */
  certificate?: CertificateOptions
  /** `false` asks on every request; `{ maxTtl }` accepts only younger entries than the plugin keeps. */
  cache?: false | {
    /** Milliseconds; entries that are older are asked for again. */
    maxTtl: number
  }
}

export interface UpstreamOptions {
  /** http or https URL; the path and query of the request are put behind its path. */
  url: string
  /**
   * What becomes of the `Authorization` header.
   *
   * @defaultValue "remove"
   */
  token?: 'forward' | 'remove'
  /** Send the certificate that the token was found to be bound to. */
  certificate?: {
    /** Name of the header. */
    header: string
    /**
     * The thumbprint, or the certificate as `Client-Cert` has it (RFC 9440).
     *
     * @defaultValue "x5t#S256"
     */
    format?: 'x5t#S256' | 'rfc9440'
  }
  /** Headers to set: constants, or `{ claim }`. What the client sends under these names is dropped. */
  headers?: Record<string, string | {
    /** Name of a claim. Its value is sent when it is a string of printable ASCII, a boolean, or a number that was not rounded; otherwise the header is not sent. */
    claim: string
  }>
  /** TLS to the upstream. */
  tls?: TlsOptions
  /**
   * Milliseconds to wait for the upstream: for its headers, and between two pieces of its body.
   *
   * @defaultValue 30000
   */
  timeout?: number
}

export interface TlsOptions {
  /** Certificate authorities to trust for this connection, in PEM, instead of those that Node comes with. Certificates and names are always verified. */
  ca?: CertificateAuthorities
}
