import { Type, type Static, type TSchema, type TUnsafe } from '@sinclair/typebox'
import type { CertificateDecoder } from '../types/client-certificate.ts'
import type { EvictionChannel, RedisClient, TokenStore } from '../types/token-store.ts'
import { attributeTypes, type AttributeName } from './certificate/attribute-types.ts'
import { chainFormats } from './certificate/chain-formats.ts'
import { formatNames } from './certificate/formats.ts'
import { presets } from './certificate/presets.ts'
import { webSocketPresets } from './feed/websocket-presets.ts'
import { clientAuthMethods } from './token/client-auth.ts'
import { contentEncryptionAlgorithms, keyManagementAlgorithms } from './token/decryption.ts'
import { profiles, signatureAlgorithms } from './token/algorithms.ts'

// The single source of every option: it validates, and the interfaces in types/options.ts and the tables of the README are
// generated from it. Beside TypeBox's own keywords a schema may say:
//   allowed    what to tell an operator who got it wrong, where the schema itself reads badly
//   secret     the value never stands in a message
//   tsType     the type to print, where the schema cannot tell
//   typeName   the name of the interface to generate

const closed = { additionalProperties: false }

function oneOf<const Name extends string> (names: readonly Name[], options: Record<string, unknown>): TUnsafe<Name> {
  return Type.Union(names.map((name) => Type.Literal(name)), options) as unknown as TUnsafe<Name>
}

function functionType<Signature> (tsType: string, options: Record<string, unknown> = {}) {
  return Type.Unsafe<Signature>({ ...Type.Function([], Type.Unknown()), tsType, ...options })
}

function milliseconds (maximum: number, options: Record<string, unknown>) {
  return Type.Integer({ minimum: 0, maximum, ...options })
}

// RFC 9110 section 5.6.2; a header's name.
const fieldName = { pattern: '^[!#$%&\'*+.^_`|~0-9A-Za-z-]+$', allowed: 'the name of a header' }
// RFC 6749 section 3.3
const scopeToken = Type.String({ pattern: '^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$', allowed: 'a scope: visible ASCII without space, quote and backslash' })
const nonEmpty = { minLength: 1, allowed: 'a string that is not empty' }

const Encoding = Type.Optional(Type.Literal('base64', { description: 'The stored form is base64 of the secret.' }))

const references = [
  Type.Object({ env: Type.String({ ...nonEmpty, description: 'Name of an environment variable.' }), encoding: Encoding }, closed),
  Type.Object({ file: Type.String({ ...nonEmpty, description: 'Path of a file; one line break at its end is ignored.' }), encoding: Encoding }, closed)
] as const

export const SecretSchema = Type.Union([
  Type.String({ minLength: 1 }),
  ...references,
  functionType<() => string | Promise<string>>('(() => string | Promise<string>)')
], { typeName: 'Secret', secret: true, allowed: 'a string, { env }, { file }, or a function that gives a string' })

const CertificateAuthoritiesSchema = Type.Union([
  Type.String({ minLength: 1 }),
  Type.Object({ file: Type.String({ ...nonEmpty, description: 'Path of a PEM file.' }) }, closed)
], { typeName: 'CertificateAuthorities', allowed: 'PEM text, or { file } with the path of a PEM file' })

const TlsSchema = Type.Object({
  ca: Type.Optional(Type.Intersect([CertificateAuthoritiesSchema], {
    description: 'Certificate authorities to trust for this connection, in PEM, instead of those that Node comes with. Certificates and names are always verified.',
    allowed: 'PEM text, or { file } with the path of a PEM file'
  }))
}, { ...closed, typeName: 'TlsOptions' })

const asSecret = (description: string) => Type.Intersect([SecretSchema], { secret: true, description, allowed: SecretSchema['allowed'] as string })

const jwkType = '{ kty: string, [member: string]: unknown }'
const JwkSchema = Type.Unsafe<{ kty: string, [member: string]: unknown }>(Type.Object({ kty: Type.String() }, { tsType: jwkType }))

export const KeySchema = Type.Object({
  pem: Type.Optional(asSecret('A key or a certificate in PEM.')),
  jwk: Type.Optional(Type.Union([JwkSchema, SecretSchema], {
    secret: true, allowed: 'a JWK, or a secret with its JSON text', description: 'A JWK (RFC 7517), or a secret with its JSON text.'
  })),
  pkcs12: Type.Optional(Type.Object({
    file: Type.String({ ...nonEmpty, description: 'Path of the key store.' }),
    password: asSecret('Its password, and that of the entry.'),
    alias: Type.Optional(Type.String({ ...nonEmpty, description: 'Name of the entry; needed where the store has several.' }))
  }, { ...closed, description: 'An entry of a PKCS#12 key store, as keytool and OpenSSL write them: a key, a certificate or a secret key.' })),
  kid: Type.Optional(Type.String({ ...nonEmpty, description: 'Key ID, instead of the one that the JWK has.' })),
  algorithm: Type.Optional(Type.String({ ...nonEmpty, description: 'The one algorithm that the key is for, instead of the one that the JWK has.' }))
}, { ...closed, typeName: 'KeyOptions', secret: true, allowed: 'an object with one of pem, jwk and pkcs12' })

const MutualTlsSchema = Type.Object({
  ...TlsSchema.properties,
  certificate: Type.Optional(asSecret('Client certificate for mutual TLS, with its chain, in PEM. A file is read again when it changes.')),
  key: Type.Optional(asSecret('Private key of the client certificate, in PEM. A file is read again when it changes.'))
}, { ...closed, typeName: 'MutualTlsOptions' })

const oneOrMore = (description?: string) => Type.Optional(Type.Union([Type.String(nonEmpty), Type.Array(Type.String(nonEmpty), { minItems: 1 })], {
  allowed: 'a string or a list of strings', ...description !== undefined && { description }
}))

export const NameSchema = Type.Object(Object.fromEntries(Object.keys(attributeTypes).map((name) => [name, oneOrMore()])) as Record<AttributeName, ReturnType<typeof oneOrMore>>, {
  ...closed, typeName: 'CertificateName'
})
const name = (description: string) => Type.Optional(Type.Intersect([NameSchema], { description }))

export const MatchSchema = Type.Object({
  subject: name('Attributes of the subject, such as `{ O: \'Partner\', CN: [\'a\', \'b\'] }`: each must be there, and every value of it must be one of these.'),
  issuer: name('Attributes of the issuer.'),
  subjectAltName: Type.Optional(Type.Object({
    dns: oneOrMore('DNS names, without wildcards.'),
    uri: oneOrMore('URIs.'),
    email: oneOrMore('Mail addresses.'),
    ip: oneOrMore('IP addresses.')
  }, { ...closed, description: 'Alternative names: of each kind that is named here, the certificate must have one of these.' }))
}, { ...closed, typeName: 'CertificateMatchOptions' })

export const RevocationSchema = Type.Object({
  mode: oneOf(['soft', 'hard'], {
    description: 'What becomes of a client of which nobody can say whether it is revoked: `hard` refuses it, `soft` lets it in, with a warning and a counter. Who is revoked is refused in both.'
  }),
  crls: Type.Optional(Type.Array(Type.Object({ file: Type.String({ ...nonEmpty, description: 'Path of a CRL, PEM or DER.' }) }, closed), {
    minItems: 1, allowed: 'a list of { file }', description: 'CRLs of the authorities, also delta CRLs; read again when they change.'
  })),
  fetchCrls: Type.Optional(Type.Boolean({ default: false, description: 'Whether CRLs are fetched from where certificates say they are; needs `allowedHosts`.' })),
  ocsp: Type.Optional(Type.Object({
    url: Type.Optional(Type.Union([Type.String(nonEmpty), Type.Record(Type.String(), Type.String(nonEmpty))], {
      allowed: 'a URL, or an object of URLs by the SHA-256 fingerprint of the issuer',
      description: 'The responder; or one for each issuer, by the SHA-256 fingerprint of its certificate in hex. It may have a private address.'
    })),
    fromCertificates: Type.Optional(Type.Boolean({ default: false, description: 'Whether the responder that a certificate names is asked; needs `allowedHosts`.' })),
    requireNonce: Type.Optional(Type.Boolean({ default: false, description: 'Whether a nonce is sent, and must come back.' }))
  }, { ...closed, description: 'Responders to ask (RFC 6960).' })),
  allowedHosts: Type.Optional(Type.Array(Type.String(nonEmpty), {
    minItems: 1, allowed: 'a list of hosts', description: 'Hosts that certificates may send us to, with the port where it is not that of the scheme. No other is ever asked.'
  })),
  allowPrivateAddresses: Type.Optional(Type.Boolean({ default: false, description: 'Whether these hosts may have loopback, link-local and private addresses.' })),
  timeout: Type.Optional(Type.Integer({ minimum: 10, maximum: 60_000, default: 2000, description: 'Milliseconds for one call. Redirects are never followed.' }))
}, { ...closed, typeName: 'RevocationOptions' })

export const CertificateTrustSchema = Type.Object({
  ca: Type.Intersect([CertificateAuthoritiesSchema], {
    allowed: 'PEM text, or { file } with the path of a PEM file',
    description: 'Certificates of the authorities that are trusted to issue certificates of clients, in PEM: where a chain must end. A file is read again when it changes.'
  }),
  intermediates: Type.Optional(Type.Intersect([CertificateAuthoritiesSchema], {
    allowed: 'PEM text, or { file } with the path of a PEM file',
    description: 'Certificates that may stand between, so that clients need not send them; not trusted by themselves.'
  })),
  allowPartialChain: Type.Optional(Type.Boolean({ default: false, description: 'Whether a chain may also end at one of `intermediates`.' })),
  extendedKeyUsage: Type.Optional(oneOf(['if-present', 'required', 'any'], {
    default: 'if-present',
    description: '`if-present`: where a certificate states purposes, the authentication of clients must be among them. `required`: it must state them. `any`: `anyExtendedKeyUsage` will do, too.'
  })),
  revocation: Type.Optional(Type.Union([Type.Literal('off'), RevocationSchema], {
    default: 'off',
    allowed: '"off", or { mode, … }',
    description: 'Whether certificates may be revoked, by CRLs (RFC 5280) and OCSP (RFC 6960): `off`, or an object that says where that stands.'
  }))
}, { ...closed, typeName: 'CertificateTrustOptions' })

export const ProxyCertificateSchema = Type.Object({
  thumbprints: Type.Optional(Type.Array(Type.String(nonEmpty), { minItems: 1, allowed: 'a list of thumbprints', description: 'SHA-256 of its certificate, in base64url or hex.' })),
  subjects: Type.Optional(Type.Array(NameSchema, {
    minItems: 1, allowed: 'a list of names', description: 'Subjects of its certificate, where the `ca` of the server vouches for it.'
  }))
}, { ...closed, typeName: 'ProxyCertificateOptions' })

export const TrustedProxySchema = Type.Union([
  Type.String(nonEmpty),
  Type.Object({
    addresses: Type.Optional(Type.Array(Type.String(nonEmpty), { minItems: 1, allowed: 'a list of IP addresses, CIDRs, and "unix"', description: 'IP addresses, CIDRs, and `unix`.' })),
    clientCertificate: Type.Optional(Type.Intersect([ProxyCertificateSchema], {
      description: 'The certificate that the proxy itself shows, where it connects to Fastify with mutual TLS.'
    })),
    secretHeader: Type.Optional(Type.Object({
      name: Type.String({ ...fieldName, description: 'Name of the header.' }),
      value: asSecret('Its value, at least 32 characters. A file is read again when it changes.')
    }, { ...closed, description: 'A header with a secret that only the proxy knows, and that it overwrites or removes in what clients send.' }))
  }, closed)
], { typeName: 'TrustedProxy', allowed: 'an IP address, a CIDR, "unix", or { addresses, clientCertificate, secretHeader }' })

export const CertificateSchema = Type.Object({
  source: Type.Optional(oneOf(['header', 'tls'], {
    default: 'header',
    description: 'Where the client certificate comes from: a header that the TLS terminator writes, or the TLS connection itself, where Fastify terminates TLS. Never whichever is there.'
  })),
  preset: Type.Optional(oneOf(Object.keys(presets) as Array<keyof typeof presets>, {
    description: 'The proxy: fills `header`, `format` and `verified` with what the README says it sends. Each can be overridden.'
  })),
  header: Type.Optional(Type.String({
    ...fieldName, secret: true, description: 'Name of the header. Only this one is ever read.'
  })),
  format: Type.Optional(Type.Union([
    oneOf(formatNames, {}),
    functionType<CertificateDecoder>('CertificateDecoder')
  ], {
    allowed: [...formatNames.map((name) => `"${name}"`), 'a function'].join(', '),
    description: 'How the certificate is written in the header; or a function that gives the DER of one value and throws for a bad one. Never guessed. ' +
      'With `x5t#S256`, `sha256-hex` and `sha256-base64` only the thumbprint is known.'
  })),
  xfcc: Type.Optional(Type.Object({
    elements: Type.Optional(Type.Integer({
      minimum: 1,
      maximum: 10,
      default: 1,
      description: 'How many elements the header has, exactly: one for each proxy that adds one. Others are refused, since a client can make up elements.'
    })),
    client: Type.Optional(oneOf(['first', 'last'], { description: 'Which of several elements is the client\'s.' }))
  }, { ...closed, description: 'How to read `X-Forwarded-Client-Cert`.' })),
  trustedProxies: Type.Optional(Type.Array(TrustedProxySchema, {
    minItems: 1,
    allowed: 'a list of IP addresses, CIDRs, "unix" for a unix socket, and { addresses, clientCertificate, secretHeader }',
    description: 'Who may write the header: IP addresses, CIDRs, and `unix` for a unix socket; or an object of which all members must hold: `addresses`, ' +
      '`clientCertificate: { thumbprints, subjects }` and `secretHeader: { name, value }`. One entry is enough. Judged on the socket, never on forwarded headers. Required for a header source.'
  })),
  verified: Type.Optional(Type.Union([
    Type.Object({
      header: Type.String({ ...fieldName, description: 'Name of the header with the verdict.' }),
      value: Type.String({ ...nonEmpty, description: 'What it must be, to the letter.' })
    }, closed),
    Type.Literal(false)
  ], {
    allowed: '{ header, value }, or false',
    description: 'The verdict of the proxy that must stand beside every certificate; `false` where certificates are self-signed and only the thumbprint counts.'
  })),
  chain: Type.Optional(Type.Union([
    Type.Literal('appended'),
    Type.Object({
      header: Type.String({ ...fieldName, description: 'Name of the header.' }),
      format: oneOf(Object.keys(chainFormats) as Array<keyof typeof chainFormats>, { description: 'How the certificates are written in it.' }),
      leaf: Type.Optional(oneOf(['excluded', 'first'], { default: 'excluded', description: 'Whether the client\'s own certificate stands first in it.' }))
    }, closed)
  ], {
    allowed: '"appended", or { header, format, leaf }',
    description: 'Where further certificates that the client sent come from: `{ header, format, leaf }`, with `leaf: \'first\'` where the client\'s own stands there too; or ' +
      '`appended`, behind the client\'s in its own header (`Chain` in XFCC). They are read into `clientCertificate.chain`, and not verified.'
  })),
  trust: Type.Optional(Type.Intersect([CertificateTrustSchema], {
    description: 'Takes only certificates that one of these authorities has issued (RFC 5280 section 6). For proxies that pass certificates on without verifying them.'
  })),
  match: Type.Optional(Type.Union([MatchSchema, Type.Array(MatchSchema, { minItems: 1 })], {
    allowed: '{ subject, issuer, subjectAltName }, or a list of these',
    description: 'Names that a certificate must have, exactly: `{ subject, issuer, subjectAltName }`, of which all that are stated must hold, or a list of these of which one must. ' +
      'Names prove something only where the proxy verifies certificates.'
  })),
  secretName: Type.Optional(Type.Object({
    minLength: Type.Optional(Type.Integer({ minimum: 16, maximum: 256, default: 32, description: 'Least length of the name.' }))
  }, {
    ...closed,
    description: 'The name of the header is itself a secret: refuse a short one at boot. It never stands in a log or an error.'
  })),
  maxBytes: Type.Optional(Type.Integer({
    minimum: 256, maximum: 1_048_576, default: 16_384, description: 'Longest value that is decoded. Node itself refuses more than 16 KiB of headers unless `maxHeaderSize` is raised.'
  }))
}, { ...closed, typeName: 'CertificateOptions' })

const BreakerSchema = Type.Object({
  failures: Type.Optional(Type.Integer({
    minimum: 1, maximum: 1000, default: 5, description: 'Failed calls in a row after which nothing is asked for a while. A `Retry-After` of the server counts at once, for 60 seconds at the most.'
  })),
  pause: Type.Optional(Type.Integer({
    minimum: 10, maximum: 60_000, default: 1000, description: 'Milliseconds of the first pause; then one call tries. Each time that it fails doubles the pause.'
  })),
  maxPause: Type.Optional(Type.Integer({ minimum: 10, maximum: 600_000, default: 30_000, description: 'Milliseconds of the longest pause.' }))
}, { ...closed, typeName: 'BreakerOptions' })

const IntrospectionSchema = Type.Object({
  endpoint: Type.Optional(Type.String({
    ...nonEmpty, description: 'URL of the introspection endpoint (RFC 7662). https, unless `allowInsecureLoopback`. From the metadata of the issuer when absent.'
  })),
  clientAuth: Type.Object({
    method: oneOf(Object.keys(clientAuthMethods) as Array<keyof typeof clientAuthMethods>, {
      description: 'How this service authenticates to the authorization server. Mutual TLS takes the certificate from `tls`.'
    }),
    clientId: Type.Optional(Type.String({ ...nonEmpty, description: 'Client identifier of this service; needed for every method but `bearer` and `none`.' })),
    clientSecret: Type.Optional(asSecret('Its secret, for `client_secret_basic`, `client_secret_post` and `client_secret_jwt`.')),
    key: Type.Optional(Type.Intersect([KeySchema], { description: 'Its private key, for `private_key_jwt`.', secret: true, allowed: KeySchema['allowed'] as string })),
    algorithm: Type.Optional(oneOf(signatureAlgorithms, {
      description: 'Algorithm of the assertions of `client_secret_jwt` and `private_key_jwt`. `HS256`, or what fits the key, when absent.'
    })),
    token: Type.Optional(asSecret('Access token of this service, for `bearer`. A function is asked on every call.'))
  }, { ...closed, typeName: 'ClientAuthOptions', secret: true, description: 'Credentials of this service at the authorization server.' }),
  response: Type.Optional(oneOf(['json', 'jwt', 'signed'], {
    default: 'json',
    description: 'What the server answers: `json`; `jwt`, the JWT that the token stands for (phantom token), verified by the rules under `jwt`; ' +
      '`signed`, a signed answer (RFC 9701). With the last two, nothing else is believed.'
  })),
  cacheControl: Type.Optional(oneOf(['honour', 'ignore'], {
    default: 'honour',
    description: 'Whether `Cache-Control` of an answer may shorten the time for which it is remembered. Some servers forbid every cache by habit: `ignore` leaves it to `cache`.'
  })),
  timeout: Type.Optional(Type.Integer({
    minimum: 10, maximum: 60_000, default: 5000, description: 'Milliseconds for a whole call, with those that are made again and the pauses before them.'
  })),
  retries: Type.Optional(Type.Integer({
    minimum: 0,
    maximum: 5,
    default: 1,
    description: 'How often a call is made again, after a short random pause, where the connection was refused or torn down before an answer, or a gateway answered 502, 503 or 504 without `Retry-After`.'
  })),
  breaker: Type.Optional(Type.Intersect([BreakerSchema], { description: 'When the server is left alone because it does not answer.' })),
  tokenTypeHint: Type.Optional(Type.Union([Type.String(nonEmpty), Type.Literal(false)], {
    default: 'access_token', allowed: 'a string, or false to send none', description: '`token_type_hint` to send; `false` for none.'
  })),
  parameters: Type.Optional(Type.Record(Type.String(), Type.String({ secret: true }), {
    allowed: 'an object of strings', description: 'More form parameters to send.'
  })),
  headers: Type.Optional(Type.Record(Type.String({ pattern: fieldName.pattern }), Type.String({ pattern: '^[\\t\\x20-\\x7E]*$', secret: true, allowed: 'printable ASCII' }), {
    ...closed, allowed: 'an object of header names and printable ASCII values', description: 'More headers to send.'
  }))
}, { ...closed, typeName: 'IntrospectionOptions' })

const keyList = (description: string) => Type.Array(KeySchema, { minItems: 1, secret: true, allowed: 'a list of at least one key', description })
const algorithmList = <const Name extends string> (names: readonly Name[], options: { description: string, default?: readonly Name[] }) =>
  Type.Array(oneOf(names, {}), { minItems: 1, allowed: `a list of ${names.join(', ')}`, ...options })

const DecryptionSchema = Type.Object({
  keys: keyList('Keys that tokens may be encrypted to: private keys of this service, or secret keys that it shares with the issuer.'),
  keyManagementAlgorithms: algorithmList(keyManagementAlgorithms, { description: '`alg` of encrypted tokens: those that were agreed with the issuer.' }),
  contentEncryptionAlgorithms: Type.Optional(algorithmList(contentEncryptionAlgorithms, {
    default: contentEncryptionAlgorithms, description: '`enc` of encrypted tokens.'
  })),
  required: Type.Optional(Type.Boolean({ default: true, description: 'Whether a token that is not encrypted is refused.' })),
  allowUnsigned: Type.Optional(Type.Boolean({
    default: false, description: 'Accept a token that is encrypted and not signed, where the key is a secret one that only the issuer and this service have. Never with a public key.'
  }))
}, { ...closed, typeName: 'DecryptionOptions' })

const JwtSchema = Type.Object({
  jwksUri: Type.Optional(Type.String({
    ...nonEmpty, description: 'URL of the JWK set. https, unless `allowInsecureLoopback`. From the metadata of the issuer when there are no other keys.'
  })),
  jwks: Type.Optional(Type.Union([
    Type.Object({ keys: Type.Array(JwkSchema, { minItems: 1 }) }),
    Type.Object({ file: Type.String({ ...nonEmpty, description: 'Path of a JWK set.' }) }, closed)
  ], {
    secret: true, allowed: 'a JWK set, or { file } with the path of one', description: 'The JWK set itself, or `{ file }`.'
  })),
  keys: Type.Optional(keyList('The keys themselves. Those without `kid` are tried for every token.')),
  profile: Type.Optional(oneOf(Object.keys(profiles) as Array<keyof typeof profiles>, {
    description: '`rfc9068` also demands `iat`, `sub`, `client_id` and `jti`; `fapi` does, and allows PS256, ES256 and EdDSA with Ed25519 only.'
  })),
  algorithms: Type.Optional(algorithmList(signatureAlgorithms, {
    default: profiles.rfc9068.algorithms,
    description: 'Signature algorithms to accept. `HS256` and its like only with secret keys under `jwks` or `keys`, and no others beside them.'
  })),
  typ: Type.Optional(Type.Union([Type.String(nonEmpty), Type.Array(Type.String(nonEmpty), { minItems: 1 }), Type.Literal(false)], {
    default: 'at+jwt',
    allowed: 'a string, a list of strings, or false for an authorization server that states none',
    description: '`typ` of access tokens, without `application/`, in any case. `false` takes any or none, but those that name another kind of JWT.'
  })),
  clockTolerance: Type.Optional(Type.Integer({ minimum: 0, maximum: 60, default: 5, description: 'Seconds by which clocks may differ, for `exp`, `nbf` and `iat`; 10 with the profile `fapi`.' })),
  requiredClaims: Type.Optional(Type.Union([
    Type.Array(Type.String(nonEmpty), { minItems: 1 }),
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]))
  ], {
    allowed: 'a list of claims, or an object of claims and the values that they must have',
    description: 'Claims that must be there beside `iss`, `exp` and `aud`: a list of names, or names with the value that each must have, such as `{ tokenName: \'access_token\' }`.'
  })),
  decryption: Type.Optional(Type.Intersect([DecryptionSchema], { description: 'For encrypted tokens. A token inside that is signed is verified by all the rules above.' }))
}, { ...closed, typeName: 'JwtOptions' })

const Audience = {
  allowed: 'a string or a list of strings', description: 'Identifiers of this API; a token must name one of them in `aud`.'
}
const audienceForms = [Type.String(nonEmpty), Type.Array(Type.String(nonEmpty), { minItems: 1 })] as const

export const IssuerSchema = Type.Object({
  issuer: Type.String({
    ...nonEmpty,
    description: 'Issuer identifier of the authorization server, a URL. `iss` of tokens and answers must be equal. Endpoints that are not given come from its metadata (RFC 8414, OpenID Connect Discovery).'
  }),
  audience: Type.Union([...audienceForms, Type.Literal(false)], {
    allowed: 'a string, a list of strings, or false for an authorization server that states no audience',
    description: 'Identifiers of this API; a token must name one of them in `aud`. `false` accepts tokens for any audience: only for an authorization server that states none.'
  }),
  introspection: Type.Optional(Type.Intersect([IntrospectionSchema], { description: 'Where and how to ask what a token stands for.' })),
  jwt: Type.Optional(Type.Intersect([JwtSchema], { description: 'How to verify JWTs. Where neither this nor `introspection` is given, JWTs are verified with the keys that the metadata name.' })),
  verify: Type.Optional(oneOf(['jwt', 'introspection', 'both'], {
    description: '`jwt`: JWTs are verified here, nothing else is taken. `introspection`: the server is asked, also for JWTs. `both`: a JWT is verified and then asked for as well, ' +
      'other tokens are asked for. When absent: what is configured; where both are, JWTs are verified here and other tokens asked for.'
  })),
  discovery: Type.Optional(Type.Object({
    origins: Type.Array(Type.String(nonEmpty), { allowed: 'a list of origins', description: 'Origins beside the issuer\'s own that its metadata may send us to, such as `https://mtls.example.com`.' })
  }, { ...closed, description: 'What the metadata of the issuer may say.' })),
  tls: Type.Optional(Type.Intersect([MutualTlsSchema], { secret: true, description: 'TLS to the authorization server.' })),
  allowInsecureLoopback: Type.Optional(Type.Boolean({
    default: false, description: 'Allow http for endpoints on a loopback address, for development.'
  }))
}, { ...closed, typeName: 'IssuerOptions' })

export const RedisSchema = Type.Object({
  url: Type.Optional(asSecret('`redis://`, or `rediss://` for TLS, with user, password and number of the database where there are any.')),
  client: Type.Optional(functionType<() => RedisClient>('(() => RedisClient)', {
    allowed: 'a function that gives a client of ioredis or iovalkey', description: 'A function that gives a connection of your own instead, by ioredis or iovalkey. It is not closed.'
  })),
  tls: Type.Optional(Type.Intersect([MutualTlsSchema], { secret: true, description: 'TLS to Redis, with `rediss://`.' })),
  prefix: Type.Optional(Type.String({ pattern: '^[\\x21-\\x7E]{1,64}$', allowed: 'up to 64 visible ASCII characters', default: 'fastify-bound-token:', description: 'What all keys begin with.' }))
}, { ...closed, typeName: 'RedisOptions' })

export const StoreSchema = Type.Object({
  redis: Type.Optional(Type.Intersect([RedisSchema], { secret: true, description: 'Redis or Valkey.' })),
  tokens: Type.Optional(functionType<() => TokenStore>('(() => TokenStore)', {
    allowed: 'a function that gives a TokenStore', description: 'A function that gives a store of your own instead; see `TokenStore`.'
  })),
  channel: Type.Optional(functionType<() => EvictionChannel>('(() => EvictionChannel)', {
    allowed: 'a function that gives an EvictionChannel', description: 'A function that gives a channel of your own; see `EvictionChannel`.'
  })),
  timeout: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, default: 50, description: 'Milliseconds to wait for it; then the token is asked for without it.' }))
}, { ...closed, typeName: 'StoreOptions' })

export const CacheSchema = Type.Object({
  enabled: Type.Optional(Type.Boolean({ default: true, description: '`false` asks the authorization server on every request.' })),
  maxEntries: Type.Optional(Type.Integer({
    minimum: 1, maximum: 10_000_000, default: 10_000, description: 'Tokens to remember; those that were not used lately go first. About 700 bytes each with the usual claims.'
  })),
  defaultTtl: Type.Optional(milliseconds(86_400_000, { default: 30_000, description: 'Milliseconds to remember a token without `exp`.' })),
  maxTtl: Type.Optional(milliseconds(86_400_000, {
    default: 60_000, description: 'Milliseconds to remember a token that was asked for: how late a revocation may be noticed. A JWT that was verified here is remembered until its `exp`, or until its key is withdrawn.'
  })),
  negativeTtl: Type.Optional(milliseconds(60_000, { default: 2000, description: 'Milliseconds to believe that a token is not active.' })),
  staleIfError: Type.Optional(milliseconds(3_600_000, {
    default: 0,
    description: 'Milliseconds beyond its time for which a token that was known still counts while the authorization server cannot be asked; never beyond `exp`, and not after an eviction. 0: not at all.'
  })),
  store: Type.Optional(Type.Intersect([StoreSchema], {
    secret: true, description: 'Where several processes share what they know of tokens and tell one another of evictions, behind the memory of each. Needs `secret`.'
  })),
  secret: Type.Optional(Type.Union([SecretSchema, Type.Array(Type.Object({
    id: Type.String({ ...nonEmpty, description: 'Name of the secret, to tell it from the others.' }),
    secret: asSecret('At least 32 characters.')
  }, closed), { minItems: 1 })], {
    secret: true,
    allowed: 'a secret, or a list of { id, secret }',
    description: 'Secret of all processes that share a store, at least 32 characters: nothing that leaves the process can be read or made without it. ' +
      'A list where it is being replaced: the first one is used, the others still open. Give the new one to all processes as the second before it becomes the first.'
  }))
}, { ...closed, typeName: 'CacheOptions' })

const claim = Type.Union([Type.String(nonEmpty), Type.Array(Type.String(nonEmpty), { minItems: 1 })], {
  allowed: 'the name of a claim, or the list of names that lead to it', description: 'Name of a claim; or the names that lead to one inside others.'
})

export const HeaderValueSchema = Type.Union([
  Type.String({ pattern: '^[\\x20-\\x7E]*$', secret: true }),
  Type.Object({
    claim,
    encoding: Type.Optional(oneOf(['plain', 'percent', 'base64url'], {
      default: 'plain',
      description: '`plain`: the value is sent when it is a string of printable ASCII, a boolean, or a number that was not rounded; otherwise the header is not sent. ' +
        '`percent`: any string, in UTF-8 and percent-encoded. `base64url`: any value, as base64url of its JSON text.'
    }))
  }, closed),
  ...references
], { typeName: 'UpstreamHeaderValue', secret: true, allowed: 'a string of printable ASCII, { claim }, { env } or { file }' })

export const FormValueSchema = Type.Union([
  Type.String({ secret: true }),
  Type.Object({ claim }, closed),
  ...references
], { typeName: 'UpstreamFormValue', secret: true, allowed: 'a string, { claim }, { env } or { file }' })

const UpstreamRequestSchema = Type.Object({
  method: Type.Optional(oneOf(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], { default: 'POST', description: 'Its method.' })),
  path: Type.String({ pattern: '^/', allowed: 'a path that begins with /', description: 'Its path, behind that of `url`; the query of the client is not sent.' }),
  form: Type.Optional(Type.Record(Type.String(), FormValueSchema, {
    allowed: 'an object of names and values, each a string, { claim }, { env } or { file }',
    description: 'Fields of its form: constants, claims, or secrets by reference. A token without one of the claims, or with an empty one, is refused (403).'
  }))
}, { ...closed, typeName: 'UpstreamRequestOptions' })

export const UpstreamSchema = Type.Object({
  url: Type.String({ ...nonEmpty, description: 'http or https URL; the path and query of the request are put behind its path.' }),
  path: Type.Optional(Type.String({
    pattern: '^/',
    allowed: 'a path that begins with /',
    description: 'Path to ask for instead, behind that of `url`: `:name` and a `*` at its end stand for what they matched in the URL of the route. `/v2/*` under the route `/api/*` replaces the prefix.'
  })),
  token: Type.Optional(oneOf(['forward', 'remove', 'jwt'], {
    default: 'remove',
    description: 'What becomes of the `Authorization` header. `jwt` puts the JWT there that the token stands for (phantom token, or the one inside an encrypted token); a token that is a signed JWT itself goes on.'
  })),
  certificate: Type.Optional(Type.Object({
    header: Type.String({ ...fieldName, description: 'Name of the header.' }),
    format: Type.Optional(oneOf(['x5t#S256', 'rfc9440'], {
      default: 'x5t#S256', description: 'The thumbprint, or the certificate as `Client-Cert` has it (RFC 9440).'
    }))
  }, { ...closed, description: 'Send the certificate that the token was found to be bound to.' })),
  headers: Type.Optional(Type.Record(Type.String({ pattern: fieldName.pattern }), HeaderValueSchema, {
    ...closed,
    allowed: 'an object of header names and values, each a string, { claim }, { env } or { file }',
    description: 'Headers to set: constants, `{ claim }`, or secrets by reference. What the client sends under these names is dropped.'
  })),
  request: Type.Optional(Type.Intersect([UpstreamRequestSchema], {
    description: 'Another request to make in the place of the client\'s, such as a login with user name and password from claims: `{ method, path, form }`. The body of the client is dropped.'
  })),
  websocket: Type.Optional(Type.Boolean({
    default: false, description: 'Whether WebSockets are opened (RFC 6455), for requests that the same policy lets in. They are closed when the token expires.'
  })),
  http2: Type.Optional(Type.Boolean({ default: false, description: 'Whether the upstream is spoken to in HTTP/2: over https it must agree (ALPN), over http it is known to. All requests share one connection.' })),
  tls: Type.Optional(Type.Intersect([MutualTlsSchema], { secret: true, description: 'TLS to the upstream.' })),
  timeout: Type.Optional(Type.Integer({
    minimum: 10, maximum: 3_600_000, default: 30_000, description: 'Milliseconds to wait for the upstream: for its headers, and between two pieces of its body.'
  })),
  connections: Type.Optional(Type.Integer({
    minimum: 1, maximum: 10_000, default: 128, description: 'Most requests at a time, and so connections; others wait, `timeout` at the most.'
  })),
  retries: Type.Optional(Type.Integer({
    minimum: 0, maximum: 5, default: 0, description: 'How often a GET, HEAD or OPTIONS without a body is sent again when the connection broke before an answer.'
  }))
}, { ...closed, typeName: 'UpstreamOptions' })

const answerHeaders = Type.Optional(Type.Record(Type.String({ pattern: fieldName.pattern }), Type.String({ pattern: '^[\\t\\x20-\\x7E]*$', allowed: 'printable ASCII' }), {
  ...closed, allowed: 'an object of header names and printable ASCII values', description: 'Its headers.'
}))
const answerBody = Type.Optional(Type.Union([Type.String(), Type.Record(Type.String(), Type.Unknown()), Type.Array(Type.Unknown())], {
  allowed: 'a string, or what JSON can hold', tsType: 'string | Record<string, unknown> | unknown[]', description: 'Its body: text, or an object or a list to be sent as JSON.'
}))

export const RespondSchema = Type.Object({
  statusCode: Type.Optional(Type.Integer({ minimum: 200, maximum: 599, default: 200, description: 'Its status.' })),
  headers: answerHeaders,
  body: answerBody
}, { ...closed, typeName: 'RespondOptions' })

export const FailureAnswerSchema = Type.Object({
  statusCode: Type.Optional(Type.Integer({ minimum: 400, maximum: 599, description: 'Its status; the one that the reason has, when absent.' })),
  headers: answerHeaders,
  body: answerBody
}, { ...closed, typeName: 'FailureAnswer' })

const scopeList = (description: string) => Type.Optional(Type.Array(scopeToken, { allowed: 'a list of scopes', description }))

const routeProperties = {
  scopes: scopeList('Scopes that a token must have, all of them.'),
  anyScope: Type.Optional(Type.Array(scopeToken, { minItems: 1, allowed: 'a list of at least one scope', description: 'Scopes of which a token must have one.' })),
  audience: Type.Optional(Type.Union([...audienceForms], { ...Audience, description: `${Audience.description} Replaces that of the issuer.` })),
  clients: Type.Optional(Type.Array(Type.String(nonEmpty), {
    minItems: 1,
    allowed: 'a list of at least one client identifier',
    description: 'Clients whose tokens are let in; everybody\'s when absent. Two issuers may have clients of one name: say `issuers` too.'
  })),
  binding: Type.Optional(oneOf(['required', 'strict', 'optional', 'off'], {
    default: 'required',
    description: '`required` (or `strict`): the token must be bound to the presented certificate. `optional`: only a token that is bound must be; ' +
      'a bad certificate header is refused all the same. `off`: no certificate is read and no binding checked.'
  })),
  mode: Type.Optional(oneOf(['enforce', 'report'], {
    default: 'enforce', description: '`report` lets every request through, without `accessToken`, and publishes what would have been decided.'
  })),
  claims: Type.Optional(Type.Unsafe<Record<string, unknown>>({
    ...Type.Object({}), allowed: 'a JSON Schema', tsType: 'Record<string, unknown>', description: 'JSON Schema (draft 7) that the claims must fulfil. Without `required`, a claim may be absent.'
  })),
  failure: Type.Optional(Type.Record(Type.String(), FailureAnswerSchema, {
    allowed: 'an object of reasons, or beginnings of reasons such as certificate_*, or *, each with { statusCode, headers, body }',
    description: 'Answers of your own to refusals, by reason: `{ certificate_malformed: { statusCode: 418, headers: {}, body: \'…\' }, \'token_*\': {}, \'*\': {} }`. ' +
      'The most exact one counts. Challenges stay.'
  })),
  upstream: Type.Optional(Type.Intersect([UpstreamSchema], { description: 'Where to forward the request to; the handler of the route must be `forward`, as it is in `routes`.' }))
}

const ownProperties = {
  ...routeProperties,
  public: Type.Optional(Type.Boolean({
    default: false, description: 'Whether everybody is let through, with no token and no certificate. Beside it there may be `upstream`, or `respond` in `routes`, and nothing else.'
  })),
  issuers: Type.Optional(Type.Array(Type.String(nonEmpty), { minItems: 1, allowed: 'a list of configured issuers', description: 'Issuers whose tokens are taken; all when absent.' })),
  verify: Type.Optional(oneOf(['jwt', 'introspection', 'both'], { description: 'How tokens are verified on this route, instead of what their issuer says.' })),
  certificate: Type.Optional(Type.Intersect([CertificateSchema], { description: 'Another certificate source for this route; replaces the whole of the plugin\'s.' })),
  cache: Type.Optional(Type.Union([
    Type.Literal(false),
    Type.Object({ maxTtl: milliseconds(86_400_000, { description: 'Milliseconds; entries that are older are asked for again.' }) }, closed)
  ], { allowed: 'false, or { maxTtl }', description: '`false` asks on every request; `{ maxTtl }` accepts only younger entries than the plugin keeps.' }))
}

export const RouteSchema = Type.Object(ownProperties, { ...closed, typeName: 'BoundTokenRouteOptions' })

export const methods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const

export const GatewayRouteSchema = Type.Object({
  method: Type.Optional(Type.Union([oneOf(methods, {}), Type.Array(oneOf(methods, {}), { minItems: 1 })], {
    allowed: `one or a list of ${methods.join(', ')}`, description: 'Methods that the route is for; all of these when absent.'
  })),
  url: Type.Union([Type.String({ pattern: '^/' }), Type.Array(Type.String({ pattern: '^/' }), { minItems: 1 })], {
    allowed: 'a path that begins with /, or a list of these',
    description: 'Path of the route, with `:name` for a segment and `*` at its end for the rest, as in Fastify; or a list of paths. `/accounts/*` is not for `/accounts`.'
  }),
  respond: Type.Optional(Type.Intersect([RespondSchema], { description: 'A constant answer to those who are let in, where there is no upstream: `{ statusCode, headers, body }`.' })),
  ...ownProperties
}, { ...closed, typeName: 'GatewayRoute' })

const claimName = (description: string) => Type.Optional(Type.Union([Type.String(nonEmpty), Type.Array(Type.String(nonEmpty), { minItems: 1 })], {
  allowed: 'the name of a claim, or the list of names that lead to it', description
}))

export const WebhookSchema = Type.Object({
  path: Type.String({ pattern: '^/', allowed: 'a path that begins with /', description: 'Path of the route that takes security event tokens by POST. Several entries may share one.' }),
  issuer: Type.String({ ...nonEmpty, description: '`iss` of the security event tokens: who sends them.' }),
  audience: Type.Union([...audienceForms], { allowed: 'a string or a list of strings', description: 'Identifiers of this receiver; a security event token must name one of them in `aud`.' }),
  jwksUri: Type.Optional(Type.String({ ...nonEmpty, description: 'URL of the JWK set of `issuer`. https, unless `allowInsecureLoopback`. One of this, `jwks` and `keys` is needed.' })),
  jwks: Type.Optional(Type.Intersect([JwtSchema.properties.jwks], { secret: true, allowed: JwtSchema.properties.jwks['allowed'] as string, description: 'The JWK set itself, or `{ file }`.' })),
  keys: Type.Optional(keyList('The keys themselves.')),
  algorithms: Type.Optional(algorithmList(signatureAlgorithms, { default: profiles.rfc9068.algorithms, description: 'Signature algorithms to accept.' })),
  tokenIssuer: Type.Optional(Type.String({ ...nonEmpty, description: 'Whose tokens the events are about: one of `issuers`. Those of `issuer` itself when absent. Tokens of others are never touched.' })),
  authorization: Type.Optional(asSecret('Bearer token that the sender must show, at least 16 characters. A file is read again when it changes.')),
  maxAge: Type.Optional(Type.Integer({
    minimum: 60_000, maximum: 604_800_000, default: 86_400_000, description: 'Milliseconds since `iat` after which a security event token is refused: as long as its sender may try again.'
  })),
  subjects: Type.Optional(Type.Object({
    opaque: claimName('Claim that a subject of the format `opaque` stands in. When absent: `sid` where an event is about a session, else `sub`.'),
    session: claimName('Claim that the `session` of a complex subject stands in; `sid` when absent.'),
    email: claimName('Claim that a subject of the format `email` stands in. When absent, such events are taken and have no effect.')
  }, { ...closed, description: 'Where tokens have what events name (RFC 9493). `iss_sub` and `jwt_id` are `sub` and `jti`.' })),
  tls: Type.Optional(Type.Intersect([MutualTlsSchema], { secret: true, description: 'TLS to `jwksUri`.' })),
  allowInsecureLoopback: Type.Optional(Type.Boolean({ default: false, description: 'Allow http for `jwksUri` on a loopback address, for development.' }))
}, { ...closed, typeName: 'WebhookOptions' })

const selectorNames = ['subject', 'clientId', 'jwtId', 'sessionId', 'grantId', 'token'] as const

export const WebSocketMessageSchema = Type.Object({
  when: Type.Optional(Type.Array(Type.Object({
    path: claim,
    value: Type.Union([Type.String(), Type.Number(), Type.Boolean()], { allowed: 'a string, a number or a boolean', description: 'What must stand there.' })
  }, closed), { allowed: 'a list of { path, value }', description: 'What a message must say, all of it, so that it is one of these.' })),
  path: Type.Intersect([claim], { allowed: claim['allowed'] as string, description: 'Where in the message the value stands: a string, or a list of strings.' }),
  selects: Type.Union([oneOf(selectorNames, {}), Type.Object({ claim }, closed)], {
    allowed: `${selectorNames.map((name) => `"${name}"`).join(', ')}, { claim }`,
    description: 'What the value is: as in `evict()`, or `{ claim }` with the claim that it stands in.'
  })
}, { ...closed, typeName: 'WebSocketMessageOptions' })

export const WebSocketSchema = Type.Object({
  url: Type.String({ ...nonEmpty, secret: true, allowed: 'a wss URL', description: '`wss://`; `ws://` on a loopback address only.' }),
  preset: Type.Optional(oneOf(Object.keys(webSocketPresets) as Array<keyof typeof webSocketPresets>, { description: 'Who speaks there: fills `protocols`, and how to subscribe to `topics`.' })),
  topics: Type.Optional(Type.Array(Type.String(nonEmpty), { minItems: 1, allowed: 'a list of topics', description: 'What to subscribe to, with a preset.' })),
  protocols: Type.Optional(Type.Array(Type.String(fieldName), {
    minItems: 1, uniqueItems: true, allowed: 'a list of different names', description: 'Sub-protocols to offer, of which the server must take one (RFC 6455 section 1.9).'
  })),
  headers: Type.Optional(Type.Record(Type.String({ pattern: fieldName.pattern }), SecretSchema, {
    ...closed, secret: true, allowed: 'an object of header names and secrets', description: 'Headers of the handshake, such as `authorization`. Functions and files are asked for each connection.'
  })),
  subscribe: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Record(Type.String(), Type.Unknown({ tsType: 'unknown' }))], { secret: true }), {
    minItems: 1, secret: true, allowed: 'a list of strings and objects', description: 'Messages to send when connected; objects as JSON.'
  })),
  messages: Type.Array(WebSocketMessageSchema, { minItems: 1, allowed: 'a list of { when, path, selects }', description: 'How to read messages: JSON objects. What is none, and what says nothing of this, is counted.' }),
  issuer: Type.Optional(Type.String({ ...nonEmpty, description: 'Whose tokens the messages are about: one of `issuers`. Needed where there are several.' })),
  timeout: Type.Optional(Type.Integer({ minimum: 10, maximum: 60_000, default: 10_000, description: 'Milliseconds to connect and subscribe.' })),
  pingInterval: Type.Optional(Type.Integer({ minimum: 10, maximum: 600_000, default: 30_000, description: 'Milliseconds between two pings; where nothing at all comes meanwhile, the connection is given up.' })),
  maxBytes: Type.Optional(Type.Integer({ minimum: 256, maximum: 1_048_576, default: 65_536, description: 'Longest message; a longer one ends the connection.' })),
  tls: Type.Optional(Type.Intersect([MutualTlsSchema], { secret: true, description: 'TLS to the server.' }))
}, { ...closed, typeName: 'WebSocketOptions' })

const oneOrList = <Schema extends TSchema>(schema: Schema, description: string) => Type.Optional(Type.Union([schema, Type.Array(schema, { minItems: 1, secret: true, allowed: 'an object, or a list of these' })], {
  secret: true, allowed: 'an object, or a list of these', description
}))

export const FeedsSchema = Type.Object({
  webhook: oneOrList(WebhookSchema, 'Routes that take security event tokens (RFC 8417), pushed as in RFC 8935.'),
  websocket: oneOrList(WebSocketSchema, 'Servers that tell of revocations over a WebSocket.'),
  grantIdClaim: oneOrMore('Claim with the identifier of a grant, for evictions by `grantId`; or the names that lead to it. `grant_id` when absent.'),
  onDisconnect: Type.Optional(oneOf(['clear', 'bypass', 'keep'], {
    default: 'clear',
    description: 'What is done while a feed is down, and revocations may be missed: `clear` forgets all tokens when it breaks and when it is back, ' +
      '`bypass` asks for every token until it is back and then forgets what was known before, `keep` does nothing.'
  })),
  remember: Type.Optional(milliseconds(604_800_000, {
    default: 86_400_000, description: 'Milliseconds for which a revocation is remembered: at least as long as JWTs live that are verified here.'
  }))
}, { ...closed, typeName: 'FeedsOptions' })

export const PluginSchema = Type.Object({
  certificate: Type.Intersect([CertificateSchema], { description: 'Where the client certificate comes from and whom to believe.' }),
  issuers: Type.Array(IssuerSchema, { minItems: 1, allowed: 'a list of at least one issuer', description: 'The authorization servers.' }),
  cache: Type.Optional(Type.Intersect([CacheSchema], { description: 'Memory of resolved tokens, in process. Decisions are never remembered.' })),
  revocation: Type.Optional(Type.Intersect([FeedsSchema], { description: 'How this process learns what was revoked, beside `fastify.boundToken.evict()` and the `store`.' })),
  realm: Type.Optional(Type.String({ pattern: '^[\\x20-\\x7E]+$', allowed: 'printable ASCII', default: 'api', description: '`realm` of the challenges.' })),
  probe: Type.Optional(Type.Object({
    secret: asSecret('What opens the echo, once: at least 32 visible ASCII characters, such as those of `openssl rand -hex 32`.')
  }, {
    ...closed,
    secret: true,
    allowed: 'an object with secret',
    description: 'For the time of a probe only, never left on: requests with the secret are answered with what became of their headers on the way, on every path, instead of by guard and handler.'
  })),
  routes: Type.Optional(Type.Array(GatewayRouteSchema, {
    allowed: 'a list of routes', description: 'Routes to declare, each with `url`, `upstream` or `respond`, and any route option: a gateway.'
  })),
  ...routeProperties
}, { ...closed, typeName: 'FastifyBoundTokenOptions' })

const path = (description: string) => Type.Optional(Type.String({ pattern: '^/', allowed: 'a path that begins with /', description }))
const port = (options: Record<string, unknown>) => Type.Integer({ minimum: 0, maximum: 65_535, ...options })

export const ServerSchema = Type.Object({
  host: Type.Optional(Type.String({ ...nonEmpty, default: '127.0.0.1', description: 'Address to listen on. Whoever reaches it must come through the proxy: see `trustedProxies`.' })),
  port: Type.Optional(port({ default: 8080, description: 'Port to listen on; 0 for any.' })),
  unix: Type.Optional(Type.String({ ...nonEmpty, description: 'Path of a unix socket to listen on instead.' })),
  tls: Type.Optional(Type.Object({
    certificate: asSecret('Certificate with its chain, in PEM. A file is read again when the configuration is.'),
    key: asSecret('Its private key, in PEM.'),
    ca: Type.Optional(Type.Intersect([CertificateAuthoritiesSchema], {
      allowed: 'PEM text, or { file } with the path of a PEM file', description: 'Certificate authorities of the clients, or of the proxy.'
    })),
    clientCertificate: Type.Optional(oneOf(['none', 'request', 'require'], {
      default: 'none',
      description: 'Whether clients are asked for a certificate: `require` refuses the connections of those whom `ca` does not vouch for; `request` takes any and none, also self-signed ones.'
    })),
    minVersion: Type.Optional(oneOf(['TLSv1.2', 'TLSv1.3'], { default: 'TLSv1.2', description: 'Oldest version of TLS to speak.' }))
  }, { ...closed, secret: true, description: 'TLS of the listener.' })),
  health: Type.Optional(Type.Object({
    liveness: path('Path that answers 200 as long as the process can.'),
    readiness: path('Path that answers 200 while requests are served, and 503 before and when the process is about to end.'),
    host: Type.Optional(Type.String({ ...nonEmpty, default: '127.0.0.1', description: 'Address of the listener for these paths, where `port` is given.' })),
    port: Type.Optional(port({ description: 'Port of a listener of its own for these paths. When absent, they are paths of the gateway itself.' }))
  }, { ...closed, description: 'Answers for whoever watches over the process. Without token, and not in the log.' })),
  shutdown: Type.Optional(Type.Object({
    delay: Type.Optional(milliseconds(300_000, { default: 0, description: 'Milliseconds between the signal to end, when readiness turns to 503, and the end of listening: for load balancers that need time to notice.' })),
    timeout: Type.Optional(milliseconds(3_600_000, { default: 30_000, description: 'Milliseconds that requests under way have to end after that.' }))
  }, { ...closed, description: 'What happens on SIGTERM and SIGINT.' })),
  keepAliveTimeout: Type.Optional(milliseconds(3_600_000, { default: 72_000, description: 'Milliseconds for which idle connections are kept; more than those of the proxy in front.' })),
  requestTimeout: Type.Optional(milliseconds(86_400_000, {
    default: 300_000, description: 'Milliseconds for a client to send a whole request, body included; 0 for no limit. Longer where uploads take longer.'
  })),
  maxHeaderSize: Type.Optional(Type.Integer({ minimum: 4096, maximum: 1_048_576, default: 16_384, description: 'Bytes of all headers of a request.' }))
}, { ...closed, typeName: 'ServerOptions' })

export const LogSchema = Type.Object({
  level: Type.Optional(oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { default: 'info', description: 'The least level that is written.' })),
  requests: Type.Optional(Type.Boolean({ default: true, description: 'Whether each request is written, when it has been answered: method, route, status, time; never query, headers or body.' }))
}, { ...closed, typeName: 'LogOptions' })

/** What a gateway file may hold, before functions and secrets in plain text are taken out of it. */
export const GatewaySchema = Type.Object({
  $schema: Type.Optional(Type.String({ description: 'Where the JSON Schema of this file is, for editors.' })),
  server: Type.Optional(Type.Intersect([ServerSchema], { description: 'Where and how to listen.' })),
  log: Type.Optional(Type.Intersect([LogSchema], { description: 'Log on standard output, a JSON object a line.' })),
  ...PluginSchema.properties,
  routes: Type.Array(GatewayRouteSchema, { minItems: 1, allowed: 'a list of at least one route', description: 'Routes: each with `url`, `upstream` or `respond`, and any route option.' })
}, { ...closed, typeName: 'GatewayOptions' })

export type CacheOptions = Static<typeof CacheSchema>
export type StoreOptions = Static<typeof StoreSchema>
export type RedisOptions = Static<typeof RedisSchema>
export type FeedsOptions = Static<typeof FeedsSchema>
export type WebhookOptions = Static<typeof WebhookSchema>
export type WebSocketOptions = Static<typeof WebSocketSchema>
export type WebSocketMessageOptions = Static<typeof WebSocketMessageSchema>
export type RouteOptions = Static<typeof RouteSchema>
export type GatewayRoute = Static<typeof GatewayRouteSchema>
export type RespondOptions = Static<typeof RespondSchema>
export type FailureAnswer = Static<typeof FailureAnswerSchema>
export type ServerOptions = Static<typeof ServerSchema>
export type LogOptions = Static<typeof LogSchema>
export type GatewayOptions = Static<typeof GatewaySchema>
export type UpstreamRequestOptions = Static<typeof UpstreamRequestSchema>
export type CertificateOptions = Static<typeof CertificateSchema>
export type RevocationOptions = Static<typeof RevocationSchema>
export type CertificateTrustOptions = Static<typeof CertificateTrustSchema>
export type CertificateMatchOptions = Static<typeof MatchSchema>
export type ProxyCertificateOptions = Static<typeof ProxyCertificateSchema>
export type TrustedProxy = Static<typeof TrustedProxySchema>
export type IssuerOptions = Static<typeof IssuerSchema>
export type IntrospectionOptions = Static<typeof IntrospectionSchema>
export type JwtOptions = Static<typeof JwtSchema>
export type KeyOptions = Static<typeof KeySchema>
export type TlsOptions = Static<typeof MutualTlsSchema>
export type UpstreamOptions = Static<typeof UpstreamSchema>
export type HeaderValue = Static<typeof HeaderValueSchema>
export type Secret = Static<typeof SecretSchema>
export type CertificateAuthorities = Static<typeof CertificateAuthoritiesSchema>

/** The default that a schema states, so that code and documentation cannot differ. */
export function defaultOf<Value> (schema: TSchema): Value {
  return schema.default as Value
}
