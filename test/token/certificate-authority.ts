import 'reflect-metadata'
import { createPrivateKey, webcrypto } from 'node:crypto'
import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'

export interface CertificateAuthority {
  /** Its own certificate, PEM. */
  readonly ca: string
  /** A certificate of a server for these IP addresses. */
  issue (...addresses: string[]): Promise<{ cert: string, key: string }>
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) }

async function keyPair (): Promise<CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as CryptoKeyPair
}

/** A private certificate authority, made anew for each test: a key in a repository is a key that leaks. */
export async function createAuthority (name: string): Promise<CertificateAuthority> {
  const keys = await keyPair()
  const root = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`, keys, ...validity, extensions: [new BasicConstraintsExtension(true, undefined, true)]
  })

  return {
    ca: root.toString('pem'),

    async issue (...addresses) {
      const { publicKey, privateKey } = await keyPair()
      const certificate = await X509CertificateGenerator.create({
        subject: 'CN=server',
        issuer: root.subjectName,
        publicKey,
        signingKey: keys.privateKey,
        ...validity,
        extensions: [new SubjectAlternativeNameExtension(addresses.map((value) => ({ type: 'ip' as const, value })))]
      })
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey))
      const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' })
      return { cert: certificate.toString('pem'), key: key.toString() }
    }
  }
}
