// Certificates made in memory for one run: a key in a repository is a key that leaks.

import 'reflect-metadata'
import { createHash, createPrivateKey, webcrypto, X509Certificate } from 'node:crypto'
import {
  BasicConstraintsExtension, Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension, X509CertificateGenerator, X509CrlGenerator,
  type JsonGeneralNames
} from '@peculiar/x509'

export interface TestCertificate {
  readonly der: Buffer
  /** As OpenSSL and nginx write it. */
  readonly pem: string
  /** PKCS#8, PEM. */
  readonly key: string
  readonly thumbprint: string
}

export interface TestCertificateOptions {
  readonly name?: string
  readonly keyType?: keyof typeof algorithms
  readonly keys?: KeyPair
  readonly subjectAltNames?: JsonGeneralNames
  readonly notBefore?: Date
  readonly notAfter?: Date
}

export type KeyPair = CryptoKeyPair

const algorithms = {
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
  ed25519: { name: 'Ed25519' }
}

export async function createKeys (keyType: keyof typeof algorithms = 'ec'): Promise<KeyPair> {
  return await webcrypto.subtle.generateKey(algorithms[keyType], true, ['sign', 'verify']) as KeyPair
}

/** A self-signed certificate. */
export async function createCertificate (options: TestCertificateOptions = {}): Promise<TestCertificate> {
  const { name = 'a client', keyType, keys = await createKeys(keyType), subjectAltNames = [] } = options
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    notBefore: options.notBefore ?? new Date(Date.now() - 60_000),
    notAfter: options.notAfter ?? new Date(Date.now() + 86_400_000),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      ...subjectAltNames.length === 0 ? [] : [new SubjectAlternativeNameExtension(subjectAltNames)]
    ]
  })
  const der = Buffer.from(certificate.rawData)
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return {
    der,
    pem: new X509Certificate(der).toString(),
    key: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }).toString(),
    thumbprint: createHash('sha256').update(der).digest('base64url')
  }
}

/** PKCS #10, DER. */
export async function createCertificateRequest (keys: KeyPair): Promise<Buffer> {
  const request = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=a client', keys, signingAlgorithm: keys.privateKey.algorithm })
  return Buffer.from(request.rawData)
}

/** DER. */
export async function createRevocationList (keys: KeyPair): Promise<Buffer> {
  const list = await X509CrlGenerator.create({ issuer: 'CN=a client', signingKey: keys.privateKey, signingAlgorithm: keys.privateKey.algorithm })
  return Buffer.from(list.rawData)
}
