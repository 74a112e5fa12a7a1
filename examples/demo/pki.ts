// The certificates of the demo, made in memory at each start: a key in a repository is a key that leaks.

import 'reflect-metadata'
import { createHash, createPrivateKey, randomUUID, webcrypto, X509Certificate } from 'node:crypto'
import type { JsonWebKey } from 'node:crypto'
import * as x509 from '@peculiar/x509'

export interface KeyPairPem {
  readonly certificate: string
  /** PKCS#8, PEM. */
  readonly key: string
}

export interface Pki {
  /** The certificate of the authority, PEM. */
  readonly ca: string
  readonly caKey: CryptoKey
  /** For `localhost`, `127.0.0.1` and `::1`, signed by the authority. */
  readonly server: KeyPairPem
}

export interface ClientCertificate extends KeyPairPem {
  readonly der: Buffer
  /** The `x5t#S256` of RFC 8705: SHA-256 of the DER, base64url without padding. */
  readonly thumbprint: string
  /** What an authorization server registers for `self_signed_tls_client_auth`. */
  readonly publicJwk: JsonWebKey & { readonly x5c: readonly string[] }
}

export interface ClientCertificateOptions {
  readonly keyType?: 'ec' | 'rsa' | 'ed25519'
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly subjectAltNames?: x509.JsonGeneralNames
  /** Sign with this authority instead of with the certificate's own key. */
  readonly issuer?: Pki
}

const keyAlgorithms = {
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
  ed25519: { name: 'Ed25519' }
}

// A minute of the past, so that a certificate is never too young for the clock that judges it.
const aMinuteAgo = () => new Date(Date.now() - 60_000)
const inAMonth = () => new Date(Date.now() + 30 * 24 * 60 * 60_000)

export async function createPki (keyType: 'ec' | 'rsa' = 'ec'): Promise<Pki> {
  const keys = await createKeys(keyType)
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    // With one name for two authorities, a certificate of the other one would look forged instead of foreign.
    name: `CN=Demo authority ${randomUUID()}`,
    keys,
    notBefore: aMinuteAgo(),
    notAfter: inAMonth(),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)
    ]
  })
  const ca = toPem(authority)
  return { ca, caKey: keys.privateKey, server: await createServerCertificate(ca, keys.privateKey) }
}

async function createServerCertificate (ca: string, caKey: CryptoKey): Promise<KeyPairPem> {
  const keys = await createKeys('ec')
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=localhost',
    issuer: new x509.X509Certificate(ca).subjectName,
    publicKey: keys.publicKey,
    signingKey: caKey,
    notBefore: aMinuteAgo(),
    notAfter: inAMonth(),
    extensions: [
      ...endEntity(x509.ExtendedKeyUsage.serverAuth),
      await x509.AuthorityKeyIdentifierExtension.create(new x509.X509Certificate(ca)),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' }
      ])
    ]
  })
  return { certificate: toPem(certificate), key: await exportKey(keys.privateKey) }
}

export async function createClientCertificate (
  commonName: string,
  options: ClientCertificateOptions = {}
): Promise<ClientCertificate> {
  const { keyType = 'ec', notBefore = aMinuteAgo(), notAfter = inAMonth(), subjectAltNames = [], issuer } = options
  const keys = await createKeys(keyType)
  const subject = [{ CN: [commonName] }]
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: issuer === undefined ? subject : new x509.X509Certificate(issuer.ca).subjectName,
    publicKey: keys.publicKey,
    signingKey: issuer === undefined ? keys.privateKey : issuer.caKey,
    notBefore,
    notAfter,
    extensions: [
      ...endEntity(x509.ExtendedKeyUsage.clientAuth),
      ...subjectAltNames.length > 0 ? [new x509.SubjectAlternativeNameExtension(subjectAltNames)] : []
    ]
  })
  return describe(toPem(certificate), await exportKey(keys.privateKey))
}

function describe (certificate: string, key: string): ClientCertificate {
  const { raw, publicKey } = new X509Certificate(certificate)
  return {
    certificate,
    key,
    der: raw,
    thumbprint: createHash('sha256').update(raw).digest('base64url'),
    publicJwk: { ...publicKey.export({ format: 'jwk' }), x5c: [raw.toString('base64')] }
  }
}

function endEntity (purpose: x509.ExtendedKeyUsage): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([purpose])
  ]
}

async function createKeys (type: keyof typeof keyAlgorithms): Promise<CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(keyAlgorithms[type], true, ['sign', 'verify']) as CryptoKeyPair
}

// Node writes the newline at the end that OpenSSL writes as well; the library does not.
function toPem (certificate: x509.X509Certificate): string {
  return new X509Certificate(certificate.toString('pem')).toString()
}

async function exportKey (key: CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}
