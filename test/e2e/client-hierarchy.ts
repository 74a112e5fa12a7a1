import 'reflect-metadata'
import { createHash, createPrivateKey, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { ClientCertificate } from '../../examples/demo/pki.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) }

/** A root, an authority below it, and clients of that: what clients show is their own certificate with that of the authority. */
export interface ClientHierarchy {
  /** PEM of the root. */
  readonly root: string
  issue (name: string): Promise<ClientCertificate>
  /** A CRL of the authority, and one of the root, in PEM. */
  crls (revoked: readonly ClientCertificate[]): Promise<string>
}

async function keyPair (): Promise<CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as CryptoKeyPair
}

export async function createClientHierarchy (): Promise<ClientHierarchy> {
  const [rootKeys, keys] = [await keyPair(), await keyPair()]
  const usage = new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true)
  const root = await x509.X509CertificateGenerator.createSelfSigned({ name: 'CN=Root of clients', keys: rootKeys, ...validity, extensions: [new x509.BasicConstraintsExtension(true, 1, true), usage] })
  const authority = await x509.X509CertificateGenerator.create({
    subject: 'CN=Authority of clients', issuer: root.subject, publicKey: keys.publicKey, signingKey: rootKeys.privateKey, ...validity, extensions: [new x509.BasicConstraintsExtension(true, 0, true), usage]
  })

  return {
    root: root.toString('pem'),

    async issue (name) {
      const own = await keyPair()
      const leaf = await x509.X509CertificateGenerator.create({
        subject: `CN=${name}`,
        issuer: authority.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        ...validity,
        extensions: [new x509.BasicConstraintsExtension(false), new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true), new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]
      })
      const der = Buffer.from(leaf.rawData)
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey))
      return {
        der,
        certificate: `${leaf.toString('pem')}\n${authority.toString('pem')}\n`,
        key: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }).toString(),
        thumbprint: createHash('sha256').update(der).digest('base64url'),
        publicJwk: { kty: 'EC', x5c: [] }
      }
    },

    async crls (revoked) {
      const entries = revoked.map(({ der }) => ({ serialNumber: new x509.X509Certificate(der).serialNumber, revocationDate: new Date(Date.now() - 30_000), reason: x509.X509CrlReason.keyCompromise }))
      const lists = [{ issuer: authority, signingKey: keys.privateKey, entries }, { issuer: root, signingKey: rootKeys.privateKey, entries: [] }]
      const made = await Promise.all(lists.map(async ({ issuer, signingKey, entries }) => await x509.X509CrlGenerator.create({
        issuer: issuer.subject,
        thisUpdate: validity.notBefore,
        nextUpdate: validity.notAfter,
        extensions: [new x509.Extension('2.5.29.20', false, Uint8Array.of(0x02, 0x01, 0x01))],
        entries,
        signingKey,
        signingAlgorithm: algorithm
      })))
      return made.map((crl) => `-----BEGIN X509 CRL-----\n${Buffer.from(crl.rawData).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END X509 CRL-----\n`).join('')
    }
  }
}
