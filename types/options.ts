// Generated from lib/options.ts by `npm run docs`; a test fails when it is stale.
import type { CertificateDecoder } from './client-certificate.ts'
import type { EvictionChannel, RedisClient, TokenStore } from './token-store.ts'

/** A secret: its text, where it stands, or a function that gives it. Read at boot; a file again when it changes. */
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

/** One way to know a proxy. */
export type TrustedProxy = string | {
  /** IP addresses, CIDRs, and `unix`. */
  addresses?: string[]
  /** The certificate that the proxy itself shows, where it connects to Fastify with mutual TLS. */
  clientCertificate?: ProxyCertificateOptions
  /** A header with a secret that only the proxy knows, and that it overwrites or removes in what clients send. */
  secretHeader?: {
    /** Name of the header. */
    name: string
    /** Its value, at least 32 characters. A file is read again when it changes. */
    value: Secret
  }
}

/** The value of a header that goes upstream. */
export type UpstreamHeaderValue = string | {
  /** Name of a claim; or the names that lead to one inside others. */
  claim: string | string[]
  /**
   * `plain`: the value is sent when it is a string of printable ASCII, a boolean, or a number that was not rounded; otherwise the header is not sent. `percent`: any string, in UTF-8 and percent-encoded. `base64url`: any value, as base64url of its JSON text.
   *
   * @defaultValue "plain"
   */
  encoding?: 'plain' | 'percent' | 'base64url'
} | {
  /** Name of an environment variable. */
  env: string
  /** The stored form is base64 of the secret. */
  encoding?: 'base64'
} | {
  /** Path of a file; one line break at its end is ignored. */
  file: string
  /** The stored form is base64 of the secret. */
  encoding?: 'base64'
}

/** The value of a field in a form that goes upstream. */
export type UpstreamFormValue = string | {
  /** Name of a claim; or the names that lead to one inside others. */
  claim: string | string[]
} | {
  /** Name of an environment variable. */
  env: string
  /** The stored form is base64 of the secret. */
  encoding?: 'base64'
} | {
  /** Path of a file; one line break at its end is ignored. */
  file: string
  /** The stored form is base64 of the secret. */
  encoding?: 'base64'
}

export interface FastifyBoundTokenOptions {
  /** Where the client certificate comes from and whom to believe. */
  certificate: CertificateOptions
  /** The authorization servers. */
  issuers: IssuerOptions[]
  /** Memory of resolved tokens, in process. Decisions are never remembered. */
  cache?: CacheOptions
  /** How this process learns what was revoked, beside `fastify.boundToken.evict()` and the `store`. */
  revocation?: FeedsOptions
  /**
   * `realm` of the challenges.
   *
   * @defaultValue "api"
   */
  realm?: string
  /** For the time of a probe only, never left on: requests with the secret are answered with what became of their headers on the way, on every path, instead of by guard and handler. */
  probe?: {
    /** What opens the echo, once: at least 32 visible ASCII characters, such as those of `openssl rand -hex 32`. */
    secret: Secret
  }
  /** Routes to declare, each with `url`, `upstream` or `respond`, and any route option: a gateway. */
  routes?: GatewayRoute[]
  /** Scopes that a token must have, all of them. */
  scopes?: string[]
  /** Scopes of which a token must have one. */
  anyScope?: string[]
  /** Identifiers of this API; a token must name one of them in `aud`. Replaces that of the issuer. */
  audience?: string | string[]
  /** Clients whose tokens are let in; everybody's when absent. Two issuers may have clients of one name: say `issuers` too. */
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
  /** JSON Schema (draft 7) that the claims must fulfil. Without `required`, a claim may be absent. */
  claims?: Record<string, unknown>
  /** Answers of your own to refusals, by reason: `{ certificate_malformed: { statusCode: 418, headers: {}, body: '…' }, 'token_*': {}, '*': {} }`. The most exact one counts. Challenges stay. */
  failure?: Record<string, FailureAnswer>
  /** Where to forward the request to; the handler of the route must be `forward`, as it is in `routes`. */
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
  preset?: 'nginx' | 'apache' | 'haproxy' | 'caddy' | 'ingress-nginx' | 'openshift' | 'envoy' | 'traefik' | 'kong' | 'aws-alb' | 'aws-cloudfront' | 'gcp' | 'azure-app-gateway' | 'azure-app-service' | 'cloudflare' | 'akamai' | 'rfc9440'
  /** Name of the header. Only this one is ever read. */
  header?: string
  /** How the certificate is written in the header; or a function that gives the DER of one value and throws for a bad one. Never guessed. With `x5t#S256`, `sha256-hex` and `sha256-base64` only the thumbprint is known. */
  format?: 'pem' | 'url-pem' | 'base64-der' | 'base64-der-list' | 'base64-pem' | 'hex-der' | 'rfc9440' | 'x5t#S256' | 'sha256-hex' | 'sha256-base64' | 'xfcc' | CertificateDecoder
  /** How to read `X-Forwarded-Client-Cert`. */
  xfcc?: {
    /**
     * How many elements the header has, exactly: one for each proxy that adds one. Others are refused, since a client can make up elements.
     *
     * @defaultValue 1
     */
    elements?: number
    /** Which of several elements is the client's. */
    client?: 'first' | 'last'
  }
  /** Who may write the header: IP addresses, CIDRs, and `unix` for a unix socket; or an object of which all members must hold: `addresses`, `clientCertificate: { thumbprints, subjects }` and `secretHeader: { name, value }`. One entry is enough. Judged on the socket, never on forwarded headers. Required for a header source. */
  trustedProxies?: TrustedProxy[]
  /** The verdict of the proxy that must stand beside every certificate; `false` where certificates are self-signed and only the thumbprint counts. */
  verified?: {
    /** Name of the header with the verdict. */
    header: string
    /** What it must be, to the letter. */
    value: string
  } | false
  /** Where further certificates that the client sent come from: `{ header, format, leaf }`, with `leaf: 'first'` where the client's own stands there too; or `appended`, behind the client's in its own header (`Chain` in XFCC). They are read into `clientCertificate.chain`, and not verified. */
  chain?: 'appended' | {
    /** Name of the header. */
    header: string
    /** How the certificates are written in it. */
    format: 'pem' | 'url-pem' | 'base64-pem' | 'base64-der' | 'base64-der-list' | 'rfc9440'
    /**
     * Whether the client's own certificate stands first in it.
     *
     * @defaultValue "excluded"
     */
    leaf?: 'excluded' | 'first'
  }
  /** Takes only certificates that one of these authorities has issued (RFC 5280 section 6). For proxies that pass certificates on without verifying them. */
  trust?: CertificateTrustOptions
  /** Names that a certificate must have, exactly: `{ subject, issuer, subjectAltName }`, of which all that are stated must hold, or a list of these of which one must. Names prove something only where the proxy verifies certificates. */
  match?: CertificateMatchOptions | CertificateMatchOptions[]
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

export interface CertificateName {
  CN?: string | string[]
  O?: string | string[]
  OU?: string | string[]
  C?: string | string[]
  ST?: string | string[]
  L?: string | string[]
  STREET?: string | string[]
  DC?: string | string[]
  UID?: string | string[]
  serialNumber?: string | string[]
  organizationIdentifier?: string | string[]
  businessCategory?: string | string[]
  emailAddress?: string | string[]
}

export interface CertificateMatchOptions {
  /** Attributes of the subject, such as `{ O: 'Partner', CN: ['a', 'b'] }`: each must be there, and every value of it must be one of these. */
  subject?: CertificateName
  /** Attributes of the issuer. */
  issuer?: CertificateName
  /** Alternative names: of each kind that is named here, the certificate must have one of these. */
  subjectAltName?: {
    /** DNS names, without wildcards. */
    dns?: string | string[]
    /** URIs. */
    uri?: string | string[]
    /** Mail addresses. */
    email?: string | string[]
    /** IP addresses. */
    ip?: string | string[]
  }
}

export interface CertificateTrustOptions {
  /** Certificates of the authorities that are trusted to issue certificates of clients, in PEM: where a chain must end. A file is read again when it changes. */
  ca: CertificateAuthorities
  /** Certificates that may stand between, so that clients need not send them; not trusted by themselves. */
  intermediates?: CertificateAuthorities
  /**
   * Whether a chain may also end at one of `intermediates`.
   *
   * @defaultValue false
   */
  allowPartialChain?: boolean
  /**
   * `if-present`: where a certificate states purposes, the authentication of clients must be among them. `required`: it must state them. `any`: `anyExtendedKeyUsage` will do, too.
   *
   * @defaultValue "if-present"
   */
  extendedKeyUsage?: 'if-present' | 'required' | 'any'
  /**
   * Whether certificates may be revoked, by CRLs (RFC 5280) and OCSP (RFC 6960): `off`, or an object that says where that stands.
   *
   * @defaultValue "off"
   */
  revocation?: 'off' | RevocationOptions
}

export interface RevocationOptions {
  /** What becomes of a client of which nobody can say whether it is revoked: `hard` refuses it, `soft` lets it in, with a warning and a counter. Who is revoked is refused in both. */
  mode: 'soft' | 'hard'
  /** CRLs of the authorities, also delta CRLs; read again when they change. */
  crls?: {
    /** Path of a CRL, PEM or DER. */
    file: string
  }[]
  /**
   * Whether CRLs are fetched from where certificates say they are; needs `allowedHosts`.
   *
   * @defaultValue false
   */
  fetchCrls?: boolean
  /** Responders to ask (RFC 6960). */
  ocsp?: {
    /** The responder; or one for each issuer, by the SHA-256 fingerprint of its certificate in hex. It may have a private address. */
    url?: string | Record<string, string>
    /**
     * Whether the responder that a certificate names is asked; needs `allowedHosts`.
     *
     * @defaultValue false
     */
    fromCertificates?: boolean
    /**
     * Whether a nonce is sent, and must come back.
     *
     * @defaultValue false
     */
    requireNonce?: boolean
  }
  /** Hosts that certificates may send us to, with the port where it is not that of the scheme. No other is ever asked. */
  allowedHosts?: string[]
  /**
   * Whether these hosts may have loopback, link-local and private addresses.
   *
   * @defaultValue false
   */
  allowPrivateAddresses?: boolean
  /**
   * Milliseconds for one call. Redirects are never followed.
   *
   * @defaultValue 2000
   */
  timeout?: number
}

export interface ProxyCertificateOptions {
  /** SHA-256 of its certificate, in base64url or hex. */
  thumbprints?: string[]
  /** Subjects of its certificate, where the `ca` of the server vouches for it. */
  subjects?: CertificateName[]
}

export interface IssuerOptions {
  /** Issuer identifier of the authorization server, a URL. `iss` of tokens and answers must be equal. Endpoints that are not given come from its metadata (RFC 8414, OpenID Connect Discovery). */
  issuer: string
  /** Identifiers of this API; a token must name one of them in `aud`. `false` accepts tokens for any audience: only for an authorization server that states none. */
  audience: string | string[] | false
  /** Where and how to ask what a token stands for. */
  introspection?: IntrospectionOptions
  /** How to verify JWTs. Where neither this nor `introspection` is given, JWTs are verified with the keys that the metadata name. */
  jwt?: JwtOptions
  /** `jwt`: JWTs are verified here, nothing else is taken. `introspection`: the server is asked, also for JWTs. `both`: a JWT is verified and then asked for as well, other tokens are asked for. When absent: what is configured; where both are, JWTs are verified here and other tokens asked for. */
  verify?: 'jwt' | 'introspection' | 'both'
  /** What the metadata of the issuer may say. */
  discovery?: {
    /** Origins beside the issuer's own that its metadata may send us to, such as `https://mtls.example.com`. */
    origins: string[]
  }
  /** TLS to the authorization server. */
  tls?: MutualTlsOptions
  /**
   * Allow http for endpoints on a loopback address, for development.
   *
   * @defaultValue false
   */
  allowInsecureLoopback?: boolean
}

export interface IntrospectionOptions {
  /** URL of the introspection endpoint (RFC 7662). https, unless `allowInsecureLoopback`. From the metadata of the issuer when absent. */
  endpoint?: string
  /** Credentials of this service at the authorization server. */
  clientAuth: ClientAuthOptions
  /**
   * What the server answers: `json`; `jwt`, the JWT that the token stands for (phantom token), verified by the rules under `jwt`; `signed`, a signed answer (RFC 9701). With the last two, nothing else is believed.
   *
   * @defaultValue "json"
   */
  response?: 'json' | 'jwt' | 'signed'
  /**
   * Whether `Cache-Control` of an answer may shorten the time for which it is remembered. Some servers forbid every cache by habit: `ignore` leaves it to `cache`.
   *
   * @defaultValue "honour"
   */
  cacheControl?: 'honour' | 'ignore'
  /**
   * Milliseconds for a whole call, with those that are made again and the pauses before them.
   *
   * @defaultValue 5000
   */
  timeout?: number
  /**
   * How often a call is made again, after a short random pause, where the connection was refused or torn down before an answer, or a gateway answered 502, 503 or 504 without `Retry-After`.
   *
   * @defaultValue 1
   */
  retries?: number
  /** When the server is left alone because it does not answer. */
  breaker?: BreakerOptions
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

export interface BreakerOptions {
  /**
   * Failed calls in a row after which nothing is asked for a while. A `Retry-After` of the server counts at once, for 60 seconds at the most.
   *
   * @defaultValue 5
   */
  failures?: number
  /**
   * Milliseconds of the first pause; then one call tries. Each time that it fails doubles the pause.
   *
   * @defaultValue 1000
   */
  pause?: number
  /**
   * Milliseconds of the longest pause.
   *
   * @defaultValue 30000
   */
  maxPause?: number
}

export interface ClientAuthOptions {
  /** How this service authenticates to the authorization server. Mutual TLS takes the certificate from `tls`. */
  method: 'client_secret_basic' | 'client_secret_post' | 'client_secret_jwt' | 'private_key_jwt' | 'tls_client_auth' | 'self_signed_tls_client_auth' | 'bearer' | 'none'
  /** Client identifier of this service; needed for every method but `bearer` and `none`. */
  clientId?: string
  /** Its secret, for `client_secret_basic`, `client_secret_post` and `client_secret_jwt`. */
  clientSecret?: Secret
  /** Its private key, for `private_key_jwt`. */
  key?: KeyOptions
  /** Algorithm of the assertions of `client_secret_jwt` and `private_key_jwt`. `HS256`, or what fits the key, when absent. */
  algorithm?: 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA' | 'Ed25519' | 'RS256' | 'RS384' | 'RS512' | 'HS256' | 'HS384' | 'HS512'
  /** Access token of this service, for `bearer`. A function is asked on every call. */
  token?: Secret
}

export interface JwtOptions {
  /** URL of the JWK set. https, unless `allowInsecureLoopback`. From the metadata of the issuer when there are no other keys. */
  jwksUri?: string
  /** The JWK set itself, or `{ file }`. */
  jwks?: {
    keys: { kty: string, [member: string]: unknown }[]
  } | {
    /** Path of a JWK set. */
    file: string
  }
  /** The keys themselves. Those without `kid` are tried for every token. */
  keys?: KeyOptions[]
  /** `rfc9068` also demands `iat`, `sub`, `client_id` and `jti`; `fapi` does, and allows PS256, ES256 and EdDSA with Ed25519 only. */
  profile?: 'rfc9068' | 'fapi'
  /**
   * Signature algorithms to accept. `HS256` and its like only with secret keys under `jwks` or `keys`, and no others beside them.
   *
   * @defaultValue ["PS256","ES256","EdDSA","Ed25519","RS256"]
   */
  algorithms?: Array<'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA' | 'Ed25519' | 'RS256' | 'RS384' | 'RS512' | 'HS256' | 'HS384' | 'HS512'>
  /**
   * `typ` of access tokens, without `application/`, in any case. `false` takes any or none, but those that name another kind of JWT.
   *
   * @defaultValue "at+jwt"
   */
  typ?: string | string[] | false
  /**
   * Seconds by which clocks may differ, for `exp`, `nbf` and `iat`; 10 with the profile `fapi`.
   *
   * @defaultValue 5
   */
  clockTolerance?: number
  /** Claims that must be there beside `iss`, `exp` and `aud`: a list of names, or names with the value that each must have, such as `{ tokenName: 'access_token' }`. */
  requiredClaims?: string[] | Record<string, string | number | boolean>
  /** For encrypted tokens. A token inside that is signed is verified by all the rules above. */
  decryption?: DecryptionOptions
}

export interface DecryptionOptions {
  /** Keys that tokens may be encrypted to: private keys of this service, or secret keys that it shares with the issuer. */
  keys: KeyOptions[]
  /** `alg` of encrypted tokens: those that were agreed with the issuer. */
  keyManagementAlgorithms: Array<'RSA-OAEP-256' | 'RSA-OAEP-384' | 'RSA-OAEP-512' | 'RSA-OAEP' | 'ECDH-ES' | 'ECDH-ES+A128KW' | 'ECDH-ES+A192KW' | 'ECDH-ES+A256KW' | 'dir' | 'A128KW' | 'A192KW' | 'A256KW' | 'A128GCMKW' | 'A192GCMKW' | 'A256GCMKW'>
  /**
   * `enc` of encrypted tokens.
   *
   * @defaultValue ["A128GCM","A192GCM","A256GCM","A128CBC-HS256","A192CBC-HS384","A256CBC-HS512"]
   */
  contentEncryptionAlgorithms?: Array<'A128GCM' | 'A192GCM' | 'A256GCM' | 'A128CBC-HS256' | 'A192CBC-HS384' | 'A256CBC-HS512'>
  /**
   * Whether a token that is not encrypted is refused.
   *
   * @defaultValue true
   */
  required?: boolean
  /**
   * Accept a token that is encrypted and not signed, where the key is a secret one that only the issuer and this service have. Never with a public key.
   *
   * @defaultValue false
   */
  allowUnsigned?: boolean
}

export interface KeyOptions {
  /** A key or a certificate in PEM. */
  pem?: Secret
  /** A JWK (RFC 7517), or a secret with its JSON text. */
  jwk?: { kty: string, [member: string]: unknown } | Secret
  /** An entry of a PKCS#12 key store, as keytool and OpenSSL write them: a key, a certificate or a secret key. */
  pkcs12?: {
    /** Path of the key store. */
    file: string
    /** Its password, and that of the entry. */
    password: Secret
    /** Name of the entry; needed where the store has several. */
    alias?: string
  }
  /** Key ID, instead of the one that the JWK has. */
  kid?: string
  /** The one algorithm that the key is for, instead of the one that the JWK has. */
  algorithm?: string
}

export interface MutualTlsOptions {
  /** Certificate authorities to trust for this connection, in PEM, instead of those that Node comes with. Certificates and names are always verified. */
  ca?: CertificateAuthorities
  /** Client certificate for mutual TLS, with its chain, in PEM. A file is read again when it changes. */
  certificate?: Secret
  /** Private key of the client certificate, in PEM. A file is read again when it changes. */
  key?: Secret
}

export interface CacheOptions {
  /**
   * `false` asks the authorization server on every request.
   *
   * @defaultValue true
   */
  enabled?: boolean
  /**
   * Tokens to remember; those that were not used lately go first. About 700 bytes each with the usual claims.
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
   * Milliseconds to remember a token that was asked for: how late a revocation may be noticed. A JWT that was verified here is remembered until its `exp`, or until its key is withdrawn.
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
  /**
   * Milliseconds beyond its time for which a token that was known still counts while the authorization server cannot be asked; never beyond `exp`, and not after an eviction. 0: not at all.
   *
   * @defaultValue 0
   */
  staleIfError?: number
  /** Where several processes share what they know of tokens and tell one another of evictions, behind the memory of each. Needs `secret`. */
  store?: StoreOptions
  /** Secret of all processes that share a store, at least 32 characters: nothing that leaves the process can be read or made without it. A list where it is being replaced: the first one is used, the others still open. Give the new one to all processes as the second before it becomes the first. */
  secret?: Secret | {
    /** Name of the secret, to tell it from the others. */
    id: string
    /** At least 32 characters. */
    secret: Secret
  }[]
}

export interface StoreOptions {
  /** Redis or Valkey. */
  redis?: RedisOptions
  /** A function that gives a store of your own instead; see `TokenStore`. */
  tokens?: (() => TokenStore)
  /** A function that gives a channel of your own; see `EvictionChannel`. */
  channel?: (() => EvictionChannel)
  /**
   * Milliseconds to wait for it; then the token is asked for without it.
   *
   * @defaultValue 50
   */
  timeout?: number
}

export interface RedisOptions {
  /** `redis://`, or `rediss://` for TLS, with user, password and number of the database where there are any. */
  url?: Secret
  /** A function that gives a connection of your own instead, by ioredis or iovalkey. It is not closed. */
  client?: (() => RedisClient)
  /** TLS to Redis, with `rediss://`. */
  tls?: MutualTlsOptions
  /**
   * What all keys begin with.
   *
   * @defaultValue "fastify-bound-token:"
   */
  prefix?: string
}

export interface FeedsOptions {
  /** Routes that take security event tokens (RFC 8417), pushed as in RFC 8935. */
  webhook?: WebhookOptions | WebhookOptions[]
  /** Servers that tell of revocations over a WebSocket. */
  websocket?: WebSocketOptions | WebSocketOptions[]
  /** Claim with the identifier of a grant, for evictions by `grantId`; or the names that lead to it. `grant_id` when absent. */
  grantIdClaim?: string | string[]
  /**
   * What is done while a feed is down, and revocations may be missed: `clear` forgets all tokens when it breaks and when it is back, `bypass` asks for every token until it is back and then forgets what was known before, `keep` does nothing.
   *
   * @defaultValue "clear"
   */
  onDisconnect?: 'clear' | 'bypass' | 'keep'
  /**
   * Milliseconds for which a revocation is remembered: at least as long as JWTs live that are verified here.
   *
   * @defaultValue 86400000
   */
  remember?: number
}

export interface WebhookOptions {
  /** Path of the route that takes security event tokens by POST. Several entries may share one. */
  path: string
  /** `iss` of the security event tokens: who sends them. */
  issuer: string
  /** Identifiers of this receiver; a security event token must name one of them in `aud`. */
  audience: string | string[]
  /** URL of the JWK set of `issuer`. https, unless `allowInsecureLoopback`. One of this, `jwks` and `keys` is needed. */
  jwksUri?: string
  /** The JWK set itself, or `{ file }`. */
  jwks?: {
    keys: { kty: string, [member: string]: unknown }[]
  } | {
    /** Path of a JWK set. */
    file: string
  }
  /** The keys themselves. */
  keys?: KeyOptions[]
  /**
   * Signature algorithms to accept.
   *
   * @defaultValue ["PS256","ES256","EdDSA","Ed25519","RS256"]
   */
  algorithms?: Array<'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA' | 'Ed25519' | 'RS256' | 'RS384' | 'RS512' | 'HS256' | 'HS384' | 'HS512'>
  /** Whose tokens the events are about: one of `issuers`. Those of `issuer` itself when absent. Tokens of others are never touched. */
  tokenIssuer?: string
  /** Bearer token that the sender must show, at least 16 characters. A file is read again when it changes. */
  authorization?: Secret
  /**
   * Milliseconds since `iat` after which a security event token is refused: as long as its sender may try again.
   *
   * @defaultValue 86400000
   */
  maxAge?: number
  /** Where tokens have what events name (RFC 9493). `iss_sub` and `jwt_id` are `sub` and `jti`. */
  subjects?: {
    /** Claim that a subject of the format `opaque` stands in. When absent: `sid` where an event is about a session, else `sub`. */
    opaque?: string | string[]
    /** Claim that the `session` of a complex subject stands in; `sid` when absent. */
    session?: string | string[]
    /** Claim that a subject of the format `email` stands in. When absent, such events are taken and have no effect. */
    email?: string | string[]
  }
  /** TLS to `jwksUri`. */
  tls?: MutualTlsOptions
  /**
   * Allow http for `jwksUri` on a loopback address, for development.
   *
   * @defaultValue false
   */
  allowInsecureLoopback?: boolean
}

export interface WebSocketOptions {
  /** `wss://`; `ws://` on a loopback address only. */
  url: string
  /** Who speaks there: fills `protocols`, and how to subscribe to `topics`. */
  preset?: 'pingam'
  /** What to subscribe to, with a preset. */
  topics?: string[]
  /** Sub-protocols to offer, of which the server must take one (RFC 6455 section 1.9). */
  protocols?: string[]
  /** Headers of the handshake, such as `authorization`. Functions and files are asked for each connection. */
  headers?: Record<string, Secret>
  /** Messages to send when connected; objects as JSON. */
  subscribe?: Array<string | Record<string, unknown>>
  /** How to read messages: JSON objects. What is none, and what says nothing of this, is counted. */
  messages: WebSocketMessageOptions[]
  /** Whose tokens the messages are about: one of `issuers`. Needed where there are several. */
  issuer?: string
  /**
   * Milliseconds to connect and subscribe.
   *
   * @defaultValue 10000
   */
  timeout?: number
  /**
   * Milliseconds between two pings; where nothing at all comes meanwhile, the connection is given up.
   *
   * @defaultValue 30000
   */
  pingInterval?: number
  /**
   * Longest message; a longer one ends the connection.
   *
   * @defaultValue 65536
   */
  maxBytes?: number
  /** TLS to the server. */
  tls?: MutualTlsOptions
}

export interface WebSocketMessageOptions {
  /** What a message must say, all of it, so that it is one of these. */
  when?: Array<{
    /** Name of a claim; or the names that lead to one inside others. */
    path: string | string[]
    /** What must stand there. */
    value: string | number | boolean
  }>
  /** Name of a claim; or the names that lead to one inside others. */
  path: string | string[]
  /** What the value is: as in `evict()`, or `{ claim }` with the claim that it stands in. */
  selects: 'subject' | 'clientId' | 'jwtId' | 'sessionId' | 'grantId' | 'token' | {
    /** Name of a claim; or the names that lead to one inside others. */
    claim: string | string[]
  }
}

export interface BoundTokenRouteOptions {
  /** Scopes that a token must have, all of them. */
  scopes?: string[]
  /** Scopes of which a token must have one. */
  anyScope?: string[]
  /** Identifiers of this API; a token must name one of them in `aud`. Replaces that of the issuer. */
  audience?: string | string[]
  /** Clients whose tokens are let in; everybody's when absent. Two issuers may have clients of one name: say `issuers` too. */
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
  /** JSON Schema (draft 7) that the claims must fulfil. Without `required`, a claim may be absent. */
  claims?: Record<string, unknown>
  /** Answers of your own to refusals, by reason: `{ certificate_malformed: { statusCode: 418, headers: {}, body: '…' }, 'token_*': {}, '*': {} }`. The most exact one counts. Challenges stay. */
  failure?: Record<string, FailureAnswer>
  /** Where to forward the request to; the handler of the route must be `forward`, as it is in `routes`. */
  upstream?: UpstreamOptions
  /**
   * Whether everybody is let through, with no token and no certificate. Beside it there may be `upstream`, or `respond` in `routes`, and nothing else.
   *
   * @defaultValue false
   */
  public?: boolean
  /** Issuers whose tokens are taken; all when absent. */
  issuers?: string[]
  /** How tokens are verified on this route, instead of what their issuer says. */
  verify?: 'jwt' | 'introspection' | 'both'
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
  /** Path to ask for instead, behind that of `url`: `:name` and a `*` at its end stand for what they matched in the URL of the route. `/v2/*` under the route `/api/*` replaces the prefix. */
  path?: string
  /**
   * What becomes of the `Authorization` header. `jwt` puts the JWT there that the token stands for (phantom token, or the one inside an encrypted token); a token that is a signed JWT itself goes on.
   *
   * @defaultValue "remove"
   */
  token?: 'forward' | 'remove' | 'jwt'
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
  /** Headers to set: constants, `{ claim }`, or secrets by reference. What the client sends under these names is dropped. */
  headers?: Record<string, UpstreamHeaderValue>
  /** Another request to make in the place of the client's, such as a login with user name and password from claims: `{ method, path, form }`. The body of the client is dropped. */
  request?: UpstreamRequestOptions
  /**
   * Whether WebSockets are opened (RFC 6455), for requests that the same policy lets in. They are closed when the token expires.
   *
   * @defaultValue false
   */
  websocket?: boolean
  /**
   * Whether the upstream is spoken to in HTTP/2: over https it must agree (ALPN), over http it is known to. All requests share one connection.
   *
   * @defaultValue false
   */
  http2?: boolean
  /** TLS to the upstream. */
  tls?: MutualTlsOptions
  /**
   * Milliseconds to wait for the upstream: for its headers, and between two pieces of its body.
   *
   * @defaultValue 30000
   */
  timeout?: number
  /**
   * Most requests at a time, and so connections; others wait, `timeout` at the most.
   *
   * @defaultValue 128
   */
  connections?: number
  /**
   * How often a GET, HEAD or OPTIONS without a body is sent again when the connection broke before an answer.
   *
   * @defaultValue 0
   */
  retries?: number
}

export interface UpstreamRequestOptions {
  /**
   * Its method.
   *
   * @defaultValue "POST"
   */
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Its path, behind that of `url`; the query of the client is not sent. */
  path: string
  /** Fields of its form: constants, claims, or secrets by reference. A token without one of the claims, or with an empty one, is refused (403). */
  form?: Record<string, UpstreamFormValue>
}

export interface FailureAnswer {
  /** Its status; the one that the reason has, when absent. */
  statusCode?: number
  /** Its headers. */
  headers?: Record<string, string>
  /** Its body: text, or an object or a list to be sent as JSON. */
  body?: string | Record<string, unknown> | unknown[]
}

export interface GatewayRoute {
  /** Methods that the route is for; all of these when absent. */
  method?: 'DELETE' | 'GET' | 'HEAD' | 'OPTIONS' | 'PATCH' | 'POST' | 'PUT' | Array<'DELETE' | 'GET' | 'HEAD' | 'OPTIONS' | 'PATCH' | 'POST' | 'PUT'>
  /** Path of the route, with `:name` for a segment and `*` at its end for the rest, as in Fastify; or a list of paths. `/accounts/*` is not for `/accounts`. */
  url: string | string[]
  /** A constant answer to those who are let in, where there is no upstream: `{ statusCode, headers, body }`. */
  respond?: RespondOptions
  /** Scopes that a token must have, all of them. */
  scopes?: string[]
  /** Scopes of which a token must have one. */
  anyScope?: string[]
  /** Identifiers of this API; a token must name one of them in `aud`. Replaces that of the issuer. */
  audience?: string | string[]
  /** Clients whose tokens are let in; everybody's when absent. Two issuers may have clients of one name: say `issuers` too. */
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
  /** JSON Schema (draft 7) that the claims must fulfil. Without `required`, a claim may be absent. */
  claims?: Record<string, unknown>
  /** Answers of your own to refusals, by reason: `{ certificate_malformed: { statusCode: 418, headers: {}, body: '…' }, 'token_*': {}, '*': {} }`. The most exact one counts. Challenges stay. */
  failure?: Record<string, FailureAnswer>
  /** Where to forward the request to; the handler of the route must be `forward`, as it is in `routes`. */
  upstream?: UpstreamOptions
  /**
   * Whether everybody is let through, with no token and no certificate. Beside it there may be `upstream`, or `respond` in `routes`, and nothing else.
   *
   * @defaultValue false
   */
  public?: boolean
  /** Issuers whose tokens are taken; all when absent. */
  issuers?: string[]
  /** How tokens are verified on this route, instead of what their issuer says. */
  verify?: 'jwt' | 'introspection' | 'both'
  /** Another certificate source for this route; replaces the whole of the plugin's. */
  certificate?: CertificateOptions
  /** `false` asks on every request; `{ maxTtl }` accepts only younger entries than the plugin keeps. */
  cache?: false | {
    /** Milliseconds; entries that are older are asked for again. */
    maxTtl: number
  }
}

export interface RespondOptions {
  /**
   * Its status.
   *
   * @defaultValue 200
   */
  statusCode?: number
  /** Its headers. */
  headers?: Record<string, string>
  /** Its body: text, or an object or a list to be sent as JSON. */
  body?: string | Record<string, unknown> | unknown[]
}

export interface GatewayOptions {
  /** Where the JSON Schema of this file is, for editors. */
  $schema?: string
  /** Where and how to listen. */
  server?: ServerOptions
  /** Log on standard output, a JSON object a line. */
  log?: LogOptions
  /** Where the client certificate comes from and whom to believe. */
  certificate: CertificateOptions
  /** The authorization servers. */
  issuers: IssuerOptions[]
  /** Memory of resolved tokens, in process. Decisions are never remembered. */
  cache?: CacheOptions
  /** How this process learns what was revoked, beside `fastify.boundToken.evict()` and the `store`. */
  revocation?: FeedsOptions
  /**
   * `realm` of the challenges.
   *
   * @defaultValue "api"
   */
  realm?: string
  /** For the time of a probe only, never left on: requests with the secret are answered with what became of their headers on the way, on every path, instead of by guard and handler. */
  probe?: {
    /** What opens the echo, once: at least 32 visible ASCII characters, such as those of `openssl rand -hex 32`. */
    secret: Secret
  }
  /** Routes: each with `url`, `upstream` or `respond`, and any route option. */
  routes: GatewayRoute[]
  /** Scopes that a token must have, all of them. */
  scopes?: string[]
  /** Scopes of which a token must have one. */
  anyScope?: string[]
  /** Identifiers of this API; a token must name one of them in `aud`. Replaces that of the issuer. */
  audience?: string | string[]
  /** Clients whose tokens are let in; everybody's when absent. Two issuers may have clients of one name: say `issuers` too. */
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
  /** JSON Schema (draft 7) that the claims must fulfil. Without `required`, a claim may be absent. */
  claims?: Record<string, unknown>
  /** Answers of your own to refusals, by reason: `{ certificate_malformed: { statusCode: 418, headers: {}, body: '…' }, 'token_*': {}, '*': {} }`. The most exact one counts. Challenges stay. */
  failure?: Record<string, FailureAnswer>
  /** Where to forward the request to; the handler of the route must be `forward`, as it is in `routes`. */
  upstream?: UpstreamOptions
}

export interface ServerOptions {
  /**
   * Address to listen on. Whoever reaches it must come through the proxy: see `trustedProxies`.
   *
   * @defaultValue "127.0.0.1"
   */
  host?: string
  /**
   * Port to listen on; 0 for any.
   *
   * @defaultValue 8080
   */
  port?: number
  /** Path of a unix socket to listen on instead. */
  unix?: string
  /** TLS of the listener. */
  tls?: {
    /** Certificate with its chain, in PEM. A file is read again when the configuration is. */
    certificate: Secret
    /** Its private key, in PEM. */
    key: Secret
    /** Certificate authorities of the clients, or of the proxy. */
    ca?: CertificateAuthorities
    /**
     * Whether clients are asked for a certificate: `require` refuses the connections of those whom `ca` does not vouch for; `request` takes any and none, also self-signed ones.
     *
     * @defaultValue "none"
     */
    clientCertificate?: 'none' | 'request' | 'require'
    /**
     * Oldest version of TLS to speak.
     *
     * @defaultValue "TLSv1.2"
     */
    minVersion?: 'TLSv1.2' | 'TLSv1.3'
  }
  /** Answers for whoever watches over the process. Without token, and not in the log. */
  health?: {
    /** Path that answers 200 as long as the process can. */
    liveness?: string
    /** Path that answers 200 while requests are served, and 503 before and when the process is about to end. */
    readiness?: string
    /**
     * Address of the listener for these paths, where `port` is given.
     *
     * @defaultValue "127.0.0.1"
     */
    host?: string
    /** Port of a listener of its own for these paths. When absent, they are paths of the gateway itself. */
    port?: number
  }
  /** What happens on SIGTERM and SIGINT. */
  shutdown?: {
    /**
     * Milliseconds between the signal to end, when readiness turns to 503, and the end of listening: for load balancers that need time to notice.
     *
     * @defaultValue 0
     */
    delay?: number
    /**
     * Milliseconds that requests under way have to end after that.
     *
     * @defaultValue 30000
     */
    timeout?: number
  }
  /**
   * Milliseconds for which idle connections are kept; more than those of the proxy in front.
   *
   * @defaultValue 72000
   */
  keepAliveTimeout?: number
  /**
   * Milliseconds for a client to send a whole request, body included; 0 for no limit. Longer where uploads take longer.
   *
   * @defaultValue 300000
   */
  requestTimeout?: number
  /**
   * Bytes of all headers of a request.
   *
   * @defaultValue 16384
   */
  maxHeaderSize?: number
}

export interface LogOptions {
  /**
   * The least level that is written.
   *
   * @defaultValue "info"
   */
  level?: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  /**
   * Whether each request is written, when it has been answered: method, route, status, time; never query, headers or body.
   *
   * @defaultValue true
   */
  requests?: boolean
}
