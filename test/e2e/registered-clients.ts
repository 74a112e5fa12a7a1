// The clients of the authorization server: those that get tokens, and those that ask about tokens, one for each way to do it.

import { createPublicKey, generateKeyPair, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { createClientCertificate } from '../../examples/demo/pki.ts'
import type { ClientCertificate, Pki } from '../../examples/demo/pki.ts'

const generate = promisify(generateKeyPair)
const createSecret = () => randomBytes(32).toString('base64url')

/** What a client is registered with, under the names of RFC 7591. */
interface Metadata { readonly client_id: string }

export interface TokenClient {
  readonly clientId: string
  /** What it shows at the token endpoint. */
  readonly certificate: ClientCertificate | null
  readonly secret: string | null
  readonly metadata: Metadata
}

export interface TokenClients {
  readonly selfSigned: TokenClient & { readonly certificate: ClientCertificate }
  /** `tls_client_auth` by a DNS name. */
  readonly tlsClientAuth: TokenClient & { readonly certificate: ClientCertificate }
  /** `tls_client_auth` by the subject. */
  readonly tlsClientAuthDn: TokenClient & { readonly certificate: ClientCertificate }
  /** Proves itself with a secret, and its tokens are bound to the certificate that it shows all the same. */
  readonly secretBound: TokenClient & { readonly certificate: ClientCertificate }
  /** Its tokens are bound to nothing. */
  readonly bearer: TokenClient
}

export async function createTokenClients (pki: Pki, scope: string): Promise<TokenClients> {
  const [selfSigned, byName, bySubject, secretBound] = await Promise.all([
    createClientCertificate('partner'),
    createClientCertificate('by-name', { issuer: pki, subjectAltNames: [{ type: 'dns', value: 'partner.example.test' }] }),
    createClientCertificate('by-subject', { issuer: pki }),
    createClientCertificate('secret-bound')
  ])
  const client = <Certificate extends ClientCertificate | null>(clientId: string, method: string, certificate: Certificate, more: object = {}) => {
    const secret = method === 'client_secret_basic' ? createSecret() : null
    const bound = certificate !== null && { tls_client_certificate_bound_access_tokens: true }
    const metadata = { client_id: clientId, token_endpoint_auth_method: method, scope, ...secret !== null && { client_secret: secret }, ...bound, ...more }
    return { clientId, certificate, secret, metadata }
  }
  return {
    selfSigned: client('self-signed', 'self_signed_tls_client_auth', selfSigned, { jwks: { keys: [selfSigned.publicJwk] } }),
    tlsClientAuth: client('tls-client-auth', 'tls_client_auth', byName, { tls_client_auth_san_dns: 'partner.example.test' }),
    tlsClientAuthDn: client('tls-client-auth-dn', 'tls_client_auth', bySubject, { tls_client_auth_subject_dn: 'CN=by-subject' }),
    secretBound: client('secret-bound', 'client_secret_basic', secretBound),
    bearer: client('bearer', 'client_secret_basic', null)
  }
}

export type Introspectors = Awaited<ReturnType<typeof createIntrospectors>>

/** The clients of the resource server. None gets tokens itself. */
export async function createIntrospectors (pki: Pki) {
  const [ec, rsa, responseEc, responseRsa, byName, selfSigned] = await Promise.all([
    generate('ec', { namedCurve: 'P-256' }),
    generate('rsa', { modulusLength: 2048 }),
    generate('ec', { namedCurve: 'P-256' }),
    generate('rsa', { modulusLength: 2048 }),
    createClientCertificate('rs-tls', { issuer: pki, subjectAltNames: [{ type: 'dns', value: 'rs.example.test' }] }),
    createClientCertificate('rs-self-signed')
  ])
  return {
    secretBasic: withSecret('rs-basic', 'client_secret_basic'),
    /** Each of these characters has to be form-encoded before it goes into the header (RFC 6749 section 2.3.1). */
    awkwardBasic: withSecret('r+s:% &', 'client_secret_basic', {}, 'p+w:% ~/=&'),
    secretPost: withSecret('rs-post', 'client_secret_post'),
    secretJwt: withSecret('rs-secret-jwt', 'client_secret_jwt', { token_endpoint_auth_signing_alg: 'HS256' }),
    privateKeyJwtEs256: withKey('rs-es256', 'ES256', ec.privateKey),
    privateKeyJwtPs256: withKey('rs-ps256', 'PS256', rsa.privateKey),
    tlsClientAuth: withCertificate('rs-tls', 'tls_client_auth', byName, { tls_client_auth_san_dns: 'rs.example.test' }),
    selfSigned: withCertificate('rs-self-signed', 'self_signed_tls_client_auth', selfSigned, { jwks: { keys: [selfSigned.publicJwk] } }),
    /** RFC 9701 answers from here on, to a request that accepts them. */
    signedEs256: withSecret('rs-signed-es256', 'client_secret_basic', { introspection_signed_response_alg: 'ES256' }),
    signedPs256: withSecret('rs-signed-ps256', 'client_secret_basic', { introspection_signed_response_alg: 'PS256' }),
    encryptedEcdhEs: withDecryptionKey('rs-ecdh-es', 'ES256', 'ECDH-ES', responseEc.privateKey),
    encryptedRsaOaep: withDecryptionKey('rs-rsa-oaep', 'PS256', 'RSA-OAEP-256', responseRsa.privateKey)
  }
}

function metadataOf (clientId: string, method: string, more: object) {
  return { client_id: clientId, token_endpoint_auth_method: method, grant_types: [], ...more }
}

function withSecret (clientId: string, method: 'client_secret_basic' | 'client_secret_post' | 'client_secret_jwt', more: object = {}, secret = createSecret()) {
  return { clientId, method, secret, metadata: metadataOf(clientId, method, { client_secret: secret, ...more }) }
}

function withKey (clientId: string, alg: 'ES256' | 'PS256', privateKey: KeyObject) {
  const method = 'private_key_jwt' as const
  const kid = `${clientId}-key`
  const jwks = { keys: [publicJwk(privateKey, { kid, alg, use: 'sig' })] }
  return { clientId, method, alg, kid, privateKey, metadata: metadataOf(clientId, method, { token_endpoint_auth_signing_alg: alg, jwks }) }
}

function withCertificate (clientId: string, method: 'tls_client_auth' | 'self_signed_tls_client_auth', certificate: ClientCertificate, more: object) {
  return { clientId, method, certificate, metadata: metadataOf(clientId, method, more) }
}

function withDecryptionKey (clientId: string, signed: 'ES256' | 'PS256', alg: 'ECDH-ES' | 'RSA-OAEP-256', decryptionKey: KeyObject) {
  const kid = `${clientId}-key`
  const client = withSecret(clientId, 'client_secret_basic', {
    introspection_signed_response_alg: signed,
    introspection_encrypted_response_alg: alg,
    introspection_encrypted_response_enc: 'A256GCM',
    jwks: { keys: [publicJwk(decryptionKey, { kid, alg, use: 'enc' })] }
  })
  return { ...client, kid, decryptionKey }
}

function publicJwk (privateKey: KeyObject, parameters: object): object {
  return { ...createPublicKey(privateKey).export({ format: 'jwk' }), ...parameters }
}
